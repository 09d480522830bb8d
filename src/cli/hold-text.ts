import { impactText } from '../action/index.ts'
import type { HoldView } from './hold-view.ts'
import type { Colors } from './io.ts'
import { safeLines, safeText } from './safe-text.ts'

/** A hold in full, for the person who decides: nothing left out of what would run. */
export function holdText(hold: HoldView, colors: Colors): string {
  const { requester, target, rule, review } = hold
  const facts: [string, string][] = [
    ['state', hold.state + (hold.waiting ? ', a client waits' : '')],
    [
      'asked by',
      requester.name + (requester.id === requester.name ? '' : ` (${requester.id})`) + owner(requester.owner),
    ],
    ['at', `${hold.door} → ${[target.system, target.database].filter(Boolean).join('/')} (${target.environment})`],
    ['rule', `${rule.id}: ${rule.about} (rule set ${hold.ruleSet})`],
    ['said', rule.message],
    ['opened', hold.openedAt],
    ['expires', hold.expiresAt],
    ...(hold.useBy === null ? [] : [['use by', hold.useBy] satisfies [string, string]]),
    ['review', `${approvals(review.approvals)}${from(review.from)}`],
    ['missing', missing(hold)],
    ['you', hold.mayVote.allowed ? 'may decide' : `may not decide: ${hold.mayVote.reason ?? 'no reason given'}`],
    ['digest', hold.digest],
  ]
  const parts = [
    colors.bold(`Hold ${safeText(hold.hold)}`),
    ...facts.map(([name, value]) => `  ${colors.dim(name.padEnd(8))} ${safeText(value)}`),
    '',
    ...hold.actions.flatMap((action, index) => actionText(action, index, hold.actions.length, colors)),
    ...hold.samples.flatMap((sample) => sampleText(sample, colors)),
    colors.bold('Votes'),
    ...(hold.votes.length === 0 ? ['  none yet'] : []),
    ...hold.votes.map(({ at, by, decision, reason }) => `  ${safeText(`${at} ${by}: ${decision}${because(reason)}`)}`),
  ]
  if (hold.closed)
    parts.push('', `Closed ${safeText(`${hold.closed.at} by ${hold.closed.by}${because(hold.closed.reason)}`)}`)
  return `${parts.join('\n')}\n`
}

function actionText(action: HoldView['actions'][number], index: number, total: number, colors: Colors): string[] {
  const { statement, parameters, ...others } = action.request
  const title = `Action ${index + 1} of ${total}: ${action.operation} [${action.effects.join(', ')}]`
  const resources = action.resources.map(({ type, name }) => `${type} ${name}`)
  return [
    colors.bold(safeText(title)),
    `  ${colors.dim('by'.padEnd(8))} ${safeText(`${action.actor.name} (${action.actor.kind}), ${client(action.actor.client)}`)}`,
    `  ${colors.dim('touches'.padEnd(8))} ${safeText(resources.join(', ') || 'nothing that was recognised')}`,
    `  ${colors.dim('impact'.padEnd(8))} ${safeText(impactText(action.impact))}`,
    ...(typeof statement === 'string' ? ['', indent(safeLines(statement)), ''] : []),
    ...parameterLines(parameters).map((line) => `  ${safeText(line)}`),
    ...Object.entries(others).map(
      ([key, value]) => `  ${colors.dim(safeText(key))} ${safeText(JSON.stringify(value))}`,
    ),
    '',
  ]
}

function sampleText({ table, columns, rows }: HoldView['samples'][number], colors: Colors): string[] {
  const lines = rows.map((row) => columns.map((column, i) => `${column} = ${row[i] ?? 'NULL'}`).join(', '))
  return [colors.bold(safeText(`Some of the rows in ${table}`)), ...lines.map((line) => `  ${safeText(line)}`), '']
}

function parameterLines(parameters: unknown): string[] {
  if (parameters === undefined || parameters === null) return []
  if (!Array.isArray(parameters)) return [`parameters = ${JSON.stringify(parameters)}`]
  return parameters.map((value, index) => `$${index + 1} = ${JSON.stringify(value)}`)
}

/** What is still missing before it may run. */
export function missing({ state, missing: { approvals: count, from: groups } }: HoldView): string {
  if (state !== 'pending') return 'nothing'
  return `${approvals(count)}${from(groups)}`
}

function approvals(count: number): string {
  return `${count} approval${count === 1 ? '' : 's'}`
}

function from(groups: readonly string[]): string {
  return groups.length === 0 ? '' : ` from ${groups.join(' or ')}`
}

function owner(id: string | undefined): string {
  return id === undefined ? '' : `, for whom ${id} answers`
}

function because(reason: string): string {
  return reason === '' ? '' : `: ${reason}`
}

function client({ ip, application }: { ip: string; application: string }): string {
  return application === '' ? `from ${ip}` : `from ${ip} with "${application}"`
}

function indent(text: string): string {
  return text.replace(/^/gm, '    ')
}
