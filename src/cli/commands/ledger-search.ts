import type { Command } from 'commander'
import { z } from 'zod'
import { actionSchema } from '../../action/index.ts'
import { type ApiOptions, apiClient } from '../api-client.ts'
import { withApiOptions } from '../command.ts'
import { filterQuery, readFilter, withFilterOptions } from '../filter-options.ts'
import { read } from '../hold-view.ts'
import { type CliIo, colorsOf, printJson } from '../io.ts'
import { table } from '../table.ts'

const answerSchema = z.object({
  actions: z.array(
    z.object({
      index: z.number(),
      at: z.string(),
      action: z.object(actionSchema.shape),
      verdict: z.string().nullable(),
      rule: z.string().nullable(),
      outcome: z.string().nullable(),
      rows: z.number().nullable(),
    }),
  ),
  next: z.number().nullable(),
  index: z.object({ lag: z.number() }),
})

/** Characters of a statement in the table; `--json` has all of it. */
const shown = 100

export function addSearch(ledger: Command, io: CliIo): void {
  withApiOptions(withFilterOptions(ledger.command('search')))
    .summary('find actions')
    .description(
      'Finds actions by the search index of a running Sallyport, newest first. Several values of one filter: any of them; several filters: all of them.',
    )
    .option('--limit <n>', 'how many', '50')
    .option('--before <entry>', 'only those that stand on the record before this entry: the next page')
    .option('--json', 'print the answer of the API')
    .action(async (options: ApiOptions & { limit: string; before?: string; json?: true }) => {
      const query = filterQuery(readFilter(options))
      query.set('limit', options.limit)
      if (options.before !== undefined) query.set('before', options.before)
      const answer = await apiClient(options, io).get(`/api/actions?${query}`)
      if (options.json) return printJson(io, answer)
      const { actions, next, index } = read(answerSchema, answer)
      if (actions.length === 0) io.out('No action fits.\n')
      else {
        const rows = actions.map(({ index: place, at, action, verdict, rule, outcome, rows }) => [
          String(place),
          at,
          action.actor.name,
          action.door,
          verdict ?? '–',
          rule ?? '',
          outcome ?? 'open',
          rows === null ? '' : String(rows),
          said(action.request.statement, action.operation),
        ])
        const head = ['ENTRY', 'AT', 'ACTOR', 'DOOR', 'VERDICT', 'RULE', 'OUTCOME', 'ROWS', 'STATEMENT']
        io.out(table(head, rows, colorsOf(io)))
      }
      if (next !== null) io.err(`More: --before ${next}\n`)
      if (index.lag > 0) io.err(`The index is ${index.lag} entries behind the record.\n`)
    })
}

function said(statement: unknown, operation: string): string {
  if (typeof statement !== 'string') return operation
  const line = statement.replace(/\s+/g, ' ').trim()
  return line.length > shown ? `${line.slice(0, shown - 1)}…` : line
}
