import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import type { Command } from 'commander'
import { type ApiOptions, apiClient } from '../api-client.ts'
import { withApiOptions } from '../command.ts'
import { entryText } from '../entry-text.ts'
import { type CliIo, colorsOf } from '../io.ts'
import { apiSource, fileSource, tail } from '../tail.ts'
import { wholeNumber } from '../whole-number.ts'

/** How often is looked for more. */
const everyMs = 500

interface Options extends ApiOptions {
  readonly data?: string
  readonly lines: string
  readonly follow?: true
  readonly json?: true
}

export function addTail(ledger: Command, io: CliIo): void {
  withApiOptions(ledger.command('tail'))
    .summary('the newest entries, and with -f what comes after them')
    .description(
      'Prints the newest entries, one a line: through the API of a running Sallyport, or with --data from its files.',
    )
    .option('-n, --lines <n>', 'how many entries', '20')
    .option('-f, --follow', 'go on with entries as they come, until stopped')
    .option('--data <folder>', 'read the files in this data folder instead; no server and no token is needed')
    .option('--json', 'print JSON lines, each entry complete')
    .action(async (options: Options) => {
      const source =
        options.data === undefined ? apiSource(apiClient(options, io)) : fileSource(join(options.data, 'ledger'))
      const colors = colorsOf(io)
      const wait = options.follow ? () => setTimeout(everyMs) : undefined
      for await (const entry of tail(source, wholeNumber('--lines', options.lines), wait)) {
        io.out(options.json ? `${JSON.stringify(entry)}\n` : entryText(entry, colors))
      }
    })
}
