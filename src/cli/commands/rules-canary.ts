import { type Command, InvalidArgumentError, Option } from 'commander'
import { z } from 'zod'
import { parseDuration } from '../../config/index.ts'
import { type ApiOptions, apiClient } from '../api-client.ts'
import { type CliContext, withApiOptions } from '../command.ts'
import { read } from '../hold-view.ts'
import { type CliIo, printJson } from '../io.ts'
import { loadRules, readRules } from '../load-rules.ts'
import { UsageError } from '../report-error.ts'
import { safeText } from '../safe-text.ts'

interface Options extends ApiOptions {
  readonly for?: number
  readonly stop?: true
  readonly json?: true
}

const path = '/api/rules/canary'

const said = z.object({ outcome: z.string(), rule: z.string().nullable() })
const reportSchema = z.object({
  version: z.string(),
  by: z.string(),
  at: z.string(),
  until: z.string(),
  endedAt: z.string().nullable(),
  judgements: z.number(),
  differently: z.number(),
  differences: z.array(
    z.object({
      was: said,
      becomes: said,
      judgements: z.number(),
      examples: z.array(
        z.object({ at: z.string(), actor: z.string(), operation: z.string(), statement: z.string().nullable() }),
      ),
    }),
  ),
})

/** `sallyport rules canary`, through the API of a running Sallyport. */
export function addRuleCanary(rules: Command, { io }: CliContext): void {
  withApiOptions(rules.command('canary'))
    .argument('[paths...]', 'rule files and folders: the whole candidate; none: print the report')
    .summary('try other rules beside those in force')
    .description(
      'Judges whatever comes by a candidate as well, for a while, and reports how it differs, by rule. Nothing is decided by it. Without paths: how it stands, or how the last one ended.',
    )
    .addOption(new Option('--for <duration>', 'how long, such as 30m or 12h, at most 7d').argParser(duration))
    .option('--stop', 'end the one that runs')
    .option('--json', 'print the answer of the API')
    .action(async (paths: string[], options: Options) => {
      const client = apiClient(options, io)
      if (paths.length > 0) {
        if (options.for === undefined) throw new UsageError('For how long?', 'Such as: --for 1h')
        await loadRules(paths)
        const until = new Date(Date.now() + options.for).toISOString()
        const answer = await client.post(path, { files: await readRules(paths), until })
        if (options.json) return printJson(io, answer)
        const { version } = read(reportSchema, answer)
        return io.out(`${safeText(version)} is tried until ${until}; sallyport rules canary says how it differs\n`)
      }
      if (options.for !== undefined) throw new UsageError('Which rules?', 'Such as: rules canary ./candidate --for 1h')
      if (options.stop) {
        const answer = await client.remove(path)
        return options.json ? printJson(io, answer) : print(read(reportSchema, answer), io)
      }
      const answer = await client.get(path)
      if (options.json) return printJson(io, answer)
      const { canary } = read(z.object({ canary: reportSchema.nullable() }), answer)
      if (canary === null) return io.out('No candidate was tried since Sallyport started.\n')
      print(canary, io)
    })
}

function print(report: z.infer<typeof reportSchema>, io: CliIo): void {
  const { version, by, at, until, endedAt, judgements, differently, differences } = report
  const when = endedAt === null ? `until ${until}` : `ended ${endedAt}`
  io.out(`${safeText(version)}, tried by ${safeText(by)} since ${at}, ${when}\n`)
  io.out(`${judgements} judgements, ${differently} differently\n`)
  for (const { was, becomes, judgements: times, examples } of differences.slice(0, 50)) {
    io.out(`\n${words(was)} → ${words(becomes)}: ${times}\n`)
    for (const { at: then, actor, operation, statement } of examples) {
      io.out(`  ${then} ${safeText(actor)} ${safeText(statement ?? operation)}\n`)
    }
  }
}

function words({ outcome, rule }: z.infer<typeof said>): string {
  return rule === null ? outcome : `${outcome} by ${safeText(rule)}`
}

function duration(text: string): number {
  const value = parseDuration(text)
  if (value === undefined || value <= 0) throw new InvalidArgumentError('Write a duration such as 30m or 12h.')
  return value
}
