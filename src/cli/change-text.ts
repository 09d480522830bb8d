import { z } from 'zod'
import type { Colors } from './io.ts'
import { safeLines, safeText } from './safe-text.ts'
import { table } from './table.ts'

const decided = { at: z.string(), by: z.string(), reason: z.string() }

/** What the API says of a change, as far as it is shown to people. */
export const changeSchema = z.object({
  change: z.string(),
  title: z.string(),
  state: z.string(),
  door: z.string(),
  database: z.string(),
  identity: z.object({
    issuer: z.string(),
    name: z.string(),
    subject: z.string(),
    repository: z.string(),
    ref: z.string(),
    sha: z.string(),
    run: z.string(),
    actor: z.string().optional(),
  }),
  review: z.object({ approvals: z.number(), from: z.array(z.string()) }),
  statements: z.array(
    z.object({
      sql: z.string(),
      operation: z.string(),
      effects: z.array(z.string()),
      rows: z.number().optional(),
      action: z.string().nullable(),
    }),
  ),
  digest: z.string(),
  openedAt: z.string(),
  expiresAt: z.string(),
  approvals: z.array(z.object(decided)),
  over: z.object(decided).nullable(),
})

type ChangeView = z.infer<typeof changeSchema>

/** Changes, a line each. */
export function changesTable(changes: readonly ChangeView[], colors: Colors): string {
  const rows = changes.map((change) => [
    change.change,
    change.state,
    change.title,
    `${change.door}/${change.database}`,
    `${used(change)}/${change.statements.length}`,
    `${change.identity.repository}@${change.identity.ref}`,
    change.expiresAt,
  ])
  return table(['CHANGE', 'STATE', 'TITLE', 'AT', 'RUN', 'FROM', 'EXPIRES'], rows, colors)
}

/** A change in full, for the person who decides: every statement whole, in order. */
export function changeText(change: ChangeView, colors: Colors): string {
  const { identity, review, over } = change
  const facts: [string, string][] = [
    ['state', `${change.state}, ${used(change)} of ${change.statements.length} statements have run`],
    ['at', `${change.door}/${change.database}`],
    ['from', `${identity.repository}@${identity.ref}, commit ${identity.sha}`],
    ['run', `${identity.run}${identity.actor === undefined ? '' : `, set off by ${identity.actor}`}`],
    ['issuer', `${identity.issuer} (${identity.subject})`],
    ['opened', change.openedAt],
    ['expires', change.expiresAt],
    ['review', `${review.approvals} from ${review.from.length === 0 ? 'any reviewer' : review.from.join(' or ')}`],
    ['digest', change.digest],
    ...(over === null ? [] : [['over', `${over.at} by ${over.by}: ${over.reason}`] satisfies [string, string]]),
  ]
  const approvals = change.approvals.map(({ at, by, reason }) => `  ${safeText(`${at} ${by}: ${reason}`)}`)
  return `${[
    colors.bold(`Change ${safeText(change.change)}: ${safeText(change.title)}`),
    ...facts.map(([name, value]) => `  ${colors.dim(name.padEnd(8))} ${safeText(value)}`),
    ...change.statements.flatMap(({ sql, operation, effects, rows, action }, i) => [
      '',
      colors.bold(
        safeText(
          `${i + 1}. ${operation} [${effects.join(', ')}]${rows === undefined ? '' : `, at most ${rows} rows`}${action === null ? '' : `, ran as ${action}`}`,
        ),
      ),
      safeLines(sql).replace(/^/gm, '    '),
    ]),
    '',
    colors.bold('Approvals'),
    ...(approvals.length === 0 ? ['  none yet'] : approvals),
  ].join('\n')}\n`
}

function used({ statements }: ChangeView): number {
  return statements.filter(({ action }) => action !== null).length
}
