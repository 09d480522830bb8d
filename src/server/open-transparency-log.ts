import { join } from 'node:path'
import type { Config } from '../config/index.ts'
import { errorMessage } from '../errors/index.ts'
import {
  Anchors,
  type FileLedger,
  nodeFiles,
  parseVerifierKey,
  readKept,
  signingKey,
  TransparencyLog,
} from '../ledger/index.ts'
import type { Log } from './log.ts'

/** The public log, and its checkpoints published beyond the data folder. */
export async function openTransparencyLog(
  config: Config,
  entries: FileLedger,
  log: Log,
): Promise<Pick<TransparencyLog, 'close'>> {
  const directory = join(config.data, 'ledger')
  const signer = await signingKey(nodeFiles, directory)
  const { anchors: places, witnesses } = config.ledger
  const peers = witnesses.map(({ url, key }) => ({ url, verifier: parseVerifierKey(key, 'cosignature') }))
  const kept = await readKept(nodeFiles, places.files, signer.verifier)
  const onProblem = (error: unknown) => log('checkpoint_not_written', { error: errorMessage(error) })
  const transparency = await TransparencyLog.open({ files: nodeFiles, directory, entries, signer, kept, onProblem })
  const anchors = new Anchors({
    layer: nodeFiles,
    directory,
    ...places,
    witnesses: peers,
    fetch,
    now: Date.now,
    onProblem: (anchor, error) => log('checkpoint_not_anchored', { anchor, error: errorMessage(error) }),
  })
  transparency.onSigned(() => anchors.due())
  anchors.due()
  return {
    close: async () => {
      await transparency.close()
      await anchors.close()
    },
  }
}
