import { join } from 'node:path'
import { type Entry, readLedger, verifyLedger } from '../../ledger/index.ts'
import type { AddCommand } from '../command.ts'
import { exitCodes } from '../exit-codes.ts'
import { colorsOf, printJson } from '../io.ts'
import { safeText } from '../safe-text.ts'

interface Options {
  readonly data: string
  readonly json?: true
}

/** `sallyport ledger list|verify`: the record, read from its files; a running server is not needed and not disturbed. */
export const addLedger: AddCommand = (program, { io, exit }) => {
  const ledger = program
    .command('ledger')
    .summary('read and check the record')
    .description('Read and check the record. Works on its files, with or without a server running.')

  ledger
    .command('list')
    .summary('print the entries')
    .description('Prints the entries of the record, oldest first, one a line.')
    .option('--data <folder>', 'data folder of the server', './data')
    .option('--json', 'print JSON lines, each entry complete')
    .action(async ({ data, json }: Options) => {
      const colors = colorsOf(io)
      for await (const entry of readLedger(join(data, 'ledger'))) {
        if (json) io.out(`${JSON.stringify(entry)}\n`)
        else
          io.out(`${colors.dim(`${entry.index} ${entry.at}`)} ${entry.kind.padEnd(16)} ${safeText(summary(entry))}\n`)
      }
    })

  ledger
    .command('verify')
    .summary('check that nothing was altered or lost')
    .description(
      'Reads the whole record and checks every checksum and the hash chain. Tells altered from truncated from incomplete.',
    )
    .option('--data <folder>', 'data folder of the server', './data')
    .option('--json', 'print the result as JSON')
    .action(async ({ data, json }: Options) => {
      const result = await verifyLedger(join(data, 'ledger'))
      if (!result.ok) exit(exitCodes.ledger.code)
      if (json) return printJson(io, result)
      const colors = colorsOf(io)
      const state = result.ok ? colors.green('intact') : colors.red('NOT INTACT')
      io.out(`${state}: ${result.entries} entries in ${result.segments} segments, head ${result.head.hash}\n`)
      for (const { kind, file, offset, index, message } of result.problems) {
        io.out(`${safeText(`${kind}: ${file} at byte ${offset}, entry ${index}: ${message}`)}\n`)
      }
    })
}

/** One entry in one line; the statement is cut here, `--json` has all of it. */
function summary(entry: Entry): string {
  switch (entry.kind) {
    case 'action.requested': {
      const { action, judged } = entry.body
      const verdict = judged === null ? '' : ` [${judged.verdict}${judged.rule === null ? '' : ` by ${judged.rule}`}]`
      return `${action.id} ${action.actor.id} → ${action.door}${verdict}: ${statementOf(action.request) ?? action.operation}`
    }
    case 'action.judged':
      return `${entry.body.action} ${entry.body.verdict}${entry.body.rule === null ? '' : ` by ${entry.body.rule}`}: ${entry.body.reason}`
    case 'action.released':
      return `${entry.body.action} from hold ${entry.body.hold}`
    case 'action.settled': {
      const { action, outcome, rows, message } = entry.body
      return `${action} ${outcome}${rows === null ? '' : `, ${rows} rows`}${message === undefined ? '' : `: ${message}`}`
    }
    case 'hold.opened':
      return `${entry.body.hold} by ${entry.body.rule.id} for ${entry.body.requester.id}`
    case 'hold.voted':
      return `${entry.body.hold} ${entry.body.decision} by ${entry.body.by}: ${entry.body.reason}`
    case 'hold.closed':
      return `${entry.body.hold} ${entry.body.as} by ${entry.body.by}: ${entry.body.reason}`
    case 'hold.released':
      return entry.body.hold
    case 'rules.loaded':
      return `${entry.body.version}, ${entry.body.rules} rules in ${entry.body.files.length} files`
    default:
      return JSON.stringify(entry.body)
  }
}

function statementOf({ statement }: Readonly<Record<string, unknown>>): string | undefined {
  if (typeof statement !== 'string') return undefined
  const line = statement.replace(/\s+/g, ' ').trim()
  return line.length > 160 ? `${line.slice(0, 159)}…` : line
}
