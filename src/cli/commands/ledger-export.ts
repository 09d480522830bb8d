import { readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Command } from 'commander'
import { z } from 'zod'
import { errorMessage } from '../../errors/index.ts'
import { csvHead, csvRow, type ExportPosition, exportEntries, ocsfEvent } from '../../export/index.ts'
import { readLedger } from '../../ledger/index.ts'
import { version } from '../../version.ts'
import { readFilter, withFilterOptions } from '../filter-options.ts'
import type { CliIo } from '../io.ts'
import { UsageError } from '../report-error.ts'

/** Characters gathered before they are written. */
const chunk = 256 * 1024
/** Milliseconds between two words about progress. */
const progressMs = 2_000

const formats = ['ocsf', 'jsonl', 'csv'] as const

const positionSchema = z.strictObject({
  next: z.number().int().nonnegative(),
  readFrom: z.number().int().nonnegative(),
})

interface Options {
  readonly format: string
  readonly data: string
  readonly cursor?: string
}

export function addExport(ledger: Command, io: CliIo): void {
  withFilterOptions(ledger.command('export'))
    .summary('write the record for other systems')
    .description(
      'Writes entries to standard output, oldest first: OCSF 1.8.0 events (JSON lines), JSON lines as they stand on the record, or CSV. Reads the files, with or without a server running. Filters are asked of every entry with what was known of its action then; --outcome gives the endings. With --cursor the next run goes on where this one ended.',
    )
    .requiredOption('--format <format>', formats.join(', '))
    .option('--data <folder>', 'data folder of the server', './data')
    .option('--cursor <file>', 'keeps how far the export is; a run goes on from there')
    .action(async (options: Options) => {
      const format = formats.find((known) => known === options.format)
      if (format === undefined) throw new UsageError(`--format must be one of ${formats.join(', ')}`)
      const filter = readFilter(options)
      const start = options.cursor === undefined ? undefined : await readCursor(options.cursor)
      let position: ExportPosition = start ?? { next: 0, readFrom: 0 }
      const keep = async (now: ExportPosition) => {
        if (options.cursor !== undefined) await writeCursor(options.cursor, now)
      }
      const product = version()
      const began = Date.now()
      let told = began
      let count = 0
      let text = format === 'csv' && position.next === 0 ? csvHead : ''
      const entries = readLedger(join(options.data, 'ledger'), { from: position.readFrom })
      const found = exportEntries(entries, filter, position.next, (now) => {
        position = now
        if (Date.now() - told < progressMs) return
        told = Date.now()
        const rate = Math.round((now.next - (start?.next ?? 0)) / ((told - began) / 1000))
        io.err(`${now.next} entries read, ${count} written, ${rate} a second\n`)
      })
      for await (const one of found) {
        count += 1
        if (format === 'csv') text += csvRow(one)
        else text += `${JSON.stringify(format === 'ocsf' ? ocsfEvent(one, product) : one.entry)}\n`
        if (text.length < chunk) continue
        await write(io, text)
        text = ''
        // A run that is interrupted goes on from here; what was written after it is written once more.
        const { index } = one.entry
        await keep({ next: index + 1, readFrom: Math.min(position.readFrom, index) })
      }
      if (text !== '') await write(io, text)
      await keep(position)
    })
}

/** Waits until whoever reads has taken enough of it, so that nothing piles up here. */
async function write(io: CliIo, text: string): Promise<void> {
  io.out(text)
  await io.drained?.()
}

async function readCursor(file: string): Promise<ExportPosition | undefined> {
  let text: string
  try {
    text = await readFile(file, 'utf8')
  } catch (error) {
    if (Object(error).code === 'ENOENT') return undefined
    throw error
  }
  try {
    return positionSchema.parse(JSON.parse(text))
  } catch (error) {
    throw new UsageError(`${file} is not a cursor of an export: ${errorMessage(error)}`, 'Delete it to begin anew.')
  }
}

/** In one step, so that a crash leaves the old or the new one. */
async function writeCursor(file: string, position: ExportPosition): Promise<void> {
  await writeFile(`${file}.new`, `${JSON.stringify(position)}\n`)
  await rename(`${file}.new`, file)
}
