import type { Command } from 'commander'
import { z } from 'zod'
import { effects, outcomes } from '../action/index.ts'
import { settlements } from '../ledger/index.ts'
import type { ActionFilter } from '../search/index.ts'
import { UsageError } from './report-error.ts'

const some = z.array(z.string().min(1))
const time = z.iso.datetime({ offset: true, error: 'must be a time such as 2026-01-31T12:00:00Z' })

const filterSchema = z.object({
  actor: some.exactOptional(),
  effect: z.array(z.enum(effects)).exactOptional(),
  verdict: z.array(z.enum([...outcomes, 'none'])).exactOptional(),
  rule: some.exactOptional(),
  door: some.exactOptional(),
  resource: some.exactOptional(),
  operation: some.exactOptional(),
  outcome: z.array(z.enum([...settlements, 'open'])).exactOptional(),
  hold: some.exactOptional(),
  session: some.exactOptional(),
  since: time.exactOptional(),
  until: time.exactOptional(),
  text: z.string().min(1).exactOptional(),
})

/** The filters of the API, by the same names. */
export function withFilterOptions(command: Command): Command {
  return command
    .option('--actor <id...>', 'actor id or name')
    .option('--effect <effect...>', `what it does: ${effects.join(', ')}`)
    .option('--verdict <verdict...>', `${outcomes.join(', ')}, or none: not judged`)
    .option('--rule <id...>', 'the rule that decided')
    .option('--door <name...>', 'the door it came through')
    .option('--resource <name...>', 'a table, role, … by its name as resolved')
    .option('--operation <name...>', 'in the words of the target, such as DELETE')
    .option('--outcome <outcome...>', `${settlements.join(', ')}, or open: not over`)
    .option('--hold <id...>', 'the hold it waited in')
    .option('--session <id...>', 'the connection it came over')
    .option('--since <time>', 'put on the record at this time or later (RFC 3339)')
    .option('--until <time>', 'put on the record before this time (RFC 3339)')
    .option('--text <words>', 'words that all occur; "several words" as a phrase, begin* as a beginning')
}

/** @throws UsageError */
export function readFilter(options: object): ActionFilter {
  const parsed = filterSchema.safeParse(options)
  if (parsed.success) return parsed.data
  const issue = parsed.error.issues[0]
  throw new UsageError(`--${String(issue?.path[0] ?? '')}: ${issue?.message ?? 'is not valid'}`)
}

/** The same as a query of the API. */
export function filterQuery(filter: ActionFilter): URLSearchParams {
  const query = new URLSearchParams()
  for (const [name, value] of Object.entries(filter)) {
    for (const one of [value].flat()) query.append(name, String(one))
  }
  return query
}
