import type { Action, Effect, HoldView, Impact, Outcome } from '../api/types.ts'

export type Tone = 'danger' | 'warn' | 'ok' | 'quiet'

const whole = new Intl.NumberFormat('en')

export function number(value: number): string {
  return whole.format(value)
}

/** `≈ 48,210`, `1,204`, `unknown`. */
export function rowsText(impact: Impact): string {
  if (impact.rows === null) return 'unknown'
  return impact.exact ? number(impact.rows) : `≈ ${number(impact.rows)}`
}

/** How the number of rows is known. */
export function rowsLabel(impact: Impact): 'unknown' | 'exact' | 'estimated' {
  if (impact.rows === null) return 'unknown'
  return impact.exact ? 'exact' : 'estimated'
}

const rowEffects: readonly Effect[] = ['read', 'write', 'delete', 'export']

/** Whether the action is about rows at all, not about tables or roles as a whole. */
export function touchesRows(action: Action): boolean {
  return action.effects.some((effect) => rowEffects.includes(effect))
}

/** Whether a number of rows, known or not, says something about the action. */
export function countsRows(action: Action): boolean {
  return action.impact.rows !== null || action.impact.objects === 0 || touchesRows(action)
}

/** Share of the table in percent, or null where it cannot be said. */
export function share(impact: Impact): number | null {
  if (impact.rows === null || impact.ofTotal === null || impact.ofTotal === 0) return null
  return Math.min(100, (impact.rows / impact.ofTotal) * 100)
}

/** `93 %`, `0.4 %`, `< 0.1 %`. */
export function percent(value: number): string {
  if (value > 0 && value < 0.1) return '< 0.1 %'
  return value < 10 && value % 1 !== 0 ? `${value.toFixed(1)} %` : `${Math.floor(value)} %`
}

export const effectWords: Record<Effect, { readonly words: string; readonly tone: Tone }> = {
  read: { words: 'Reads data', tone: 'quiet' },
  write: { words: 'Changes data', tone: 'warn' },
  delete: { words: 'Deletes data', tone: 'danger' },
  destroy: { words: 'Drops or empties structure', tone: 'danger' },
  grant: { words: 'Gives more rights', tone: 'danger' },
  conceal: { words: 'Weakens audit or protection', tone: 'danger' },
  export: { words: 'Copies data out', tone: 'warn' },
  disrupt: { words: 'Locks or stops others', tone: 'warn' },
  execute: { words: 'Runs code the door cannot see into', tone: 'warn' },
  deploy: { words: 'Changes structure or what runs', tone: 'warn' },
  unknown: { words: 'Not understood', tone: 'danger' },
}

const production = new Set(['production', 'prod', 'live', 'dr'])

export function isProduction(environment: string): boolean {
  return production.has(environment.toLowerCase())
}

/** What the action touches, by name; at most `most` names, then how many more. */
export function resourceNames(action: Action, most = 3): string {
  const names = [...new Set(action.resources.map((resource) => resource.name))]
  const more = names.length - most
  return more > 0 ? `${names.slice(0, most).join(', ')} and ${more} more` : names.join(', ')
}

/** The consequence in one sentence, worst first: what a reviewer should read if they read one line. */
export function consequence(action: Action): string {
  const { impact } = action
  const parts: string[] = []
  const of = share(impact)
  if (impact.rows !== null) {
    const rows = `${number(impact.rows)} ${impact.rows === 1 ? 'row' : 'rows'}`
    const part = of === null ? '' : of >= 100 ? ', the whole table' : `, ${percent(of)} of the table`
    parts.push(impact.exact ? `Touches exactly ${rows}${part}` : `Touches an estimated ${rows}${part}`)
  } else if (impact.objects > 0) {
    parts.push(`Touches ${impact.objects} ${impact.objects === 1 ? 'object' : 'objects'} as a whole`)
  } else {
    parts.push('How many rows it touches is unknown')
  }
  if (impact.cascades.length > 0) {
    const tables = impact.cascades.length
    parts.push(`cascades into ${tables} more ${tables === 1 ? 'table' : 'tables'}`)
  }
  if (!impact.bounded) parts.push('nothing limits which rows')
  if (impact.reversible === 'no') parts.push('it cannot be undone')
  return `${parts.join('; ')}.`
}

/** The statement as one line for lists; the hold's own page shows it complete. */
export function oneLine(action: Action): string {
  const statement = action.request.statement
  const text = typeof statement === 'string' ? statement : JSON.stringify(action.request)
  return text.replace(/[ \t\r\n]+/g, ' ').trim()
}

const tones: readonly Tone[] = ['quiet', 'ok', 'warn', 'danger']

/** The gravest tone among what the action does. */
export function gravest(action: Action): Tone {
  const found = action.effects.map((effect) => tones.indexOf(effectWords[effect].tone))
  return tones[Math.max(0, ...found)] ?? 'quiet'
}

/** Everything of a hold that the filter looks through. */
export function searchText(hold: HoldView): string {
  const parts = [hold.hold, hold.requester.name, hold.requester.id, hold.door, hold.target.environment, hold.rule.id]
  for (const action of hold.actions) {
    parts.push(action.operation, action.actor.name, action.actor.client.application, oneLine(action))
    for (const resource of action.resources) parts.push(resource.name)
  }
  return parts.join('\n').toLowerCase()
}

export const outcomeTone: Record<Outcome, Tone> = { allow: 'ok', flag: 'warn', hold: 'warn', block: 'danger' }

export const verdictWords: Record<Outcome, { readonly words: string; readonly tone: Tone }> = {
  allow: { words: 'allowed', tone: 'quiet' },
  flag: { words: 'flagged', tone: 'warn' },
  hold: { words: 'held', tone: 'warn' },
  block: { words: 'blocked', tone: 'danger' },
}

export const stateWords: Record<HoldView['state'], { readonly words: string; readonly tone: Tone }> = {
  pending: { words: 'Waiting for review', tone: 'warn' },
  approved: { words: 'Approved', tone: 'ok' },
  released: { words: 'Released', tone: 'ok' },
  rejected: { words: 'Rejected', tone: 'danger' },
  expired: { words: 'Expired', tone: 'quiet' },
  withdrawn: { words: 'Withdrawn', tone: 'quiet' },
}
