import { formatAddress, parseAddress } from '../../config/index.ts'
import { errorMessage } from '../../errors/index.ts'
import { parseVerifierKey, startWitness } from '../../ledger/index.ts'
import { type AddCommand, collect } from '../command.ts'
import { exitCodes } from '../exit-codes.ts'
import { UsageError } from '../report-error.ts'
import { safeText } from '../safe-text.ts'
import { untilStopped } from '../until-stopped.ts'

interface Options {
  readonly log: readonly string[]
  readonly name: string
  readonly data: string
  readonly listen: string
}

/** `sallyport witness`: signs the checkpoints of other ledgers, as long as these only ever grow. */
export const addWitness: AddCommand = (program, { io, exit }) => {
  program
    .command('witness')
    .summary("sign the checkpoints of somebody else's record")
    .description(
      'Runs a witness (C2SP tlog-witness): signs each checkpoint of the logs given that goes on from the one before, and none that was cut off, put back or forked. Prints its verifier key, for `ledger.witnesses` over there. Run it on another machine, by other people. Keep its folder: it remembers there what it has signed.',
    )
    .requiredOption('--name <name>', 'name of the witness in its signatures, such as witness.example.com/w1')
    .option(
      '--log <verifier-key>',
      'key of a log to watch, as `ledger key` printed it there; may be given again',
      collect,
      [],
    )
    .option('--data <folder>', 'where the witness keeps its key and what it has signed', './witness')
    .option('--listen <address>', 'where it listens: host:port', '127.0.0.1:7071')
    .action(async ({ log, name, data, listen }: Options) => {
      const address = parseAddress(listen)
      if (address === undefined) throw new UsageError(`${JSON.stringify(listen)} is not an address.`, 'write host:port')
      if (!/^[^\s+]+$/u.test(name)) throw new UsageError('The name of a witness has no spaces and no +.')
      if (log.length === 0) throw new UsageError('There is no log to watch.', 'give one with --log <verifier-key>')
      const starting = startWitness({
        directory: data,
        name,
        logs: log.map((key) => parseVerifierKey(key)),
        ...address,
        onProblem: (error) => io.err(`sallyport: ${safeText(errorMessage(error))}\n`),
      })
      const stopped = untilStopped(async () => (await starting).close())
      const witness = await starting
      io.out(`Witness: http://${formatAddress({ host: address.host, port: witness.port })}\n`)
      io.out(`Key: ${safeText(witness.verifier.key)}\n`)
      if (!(await stopped)) exit(exitCodes.failed.code)
    })
}
