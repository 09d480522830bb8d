import { join } from 'node:path'
import type { Config } from '../config/index.ts'
import { errorMessage } from '../errors/index.ts'
import {
  Anchors,
  encodeProof,
  type FileLedger,
  nodeFiles,
  parseVerifierKey,
  proveEntry,
  readKept,
  signingKey,
  TransparencyLog,
} from '../ledger/index.ts'
import type { Log } from './log.ts'

/** What others work with. */
export interface PublicLog extends Pick<TransparencyLog, 'close'> {
  /** As `sallyport ledger key` prints it. */
  readonly key: string
  /** The proof that an entry is in the log. @throws SallyportError `not_found`, `ledger_corrupt` */
  prove(index: number): Promise<string>
}

/** The public log, and its checkpoints published beyond the data folder. */
export async function openTransparencyLog(config: Config, entries: FileLedger, log: Log): Promise<PublicLog> {
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
    key: signer.verifier.key,
    prove: async (index) => encodeProof(await proveEntry(directory, index)),
    close: async () => {
      await transparency.close()
      await anchors.close()
    },
  }
}
