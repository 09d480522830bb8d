import type { Exported } from './export-entries.ts'

const columns = [
  'index',
  'at',
  'kind',
  'action',
  'actor',
  'actor_name',
  'door',
  'operation',
  'effects',
  'resources',
  'verdict',
  'rule',
  'outcome',
  'rows',
  'hold',
  'by',
  'decision',
  'reason',
  'statement',
  'hash',
] as const

/** The first line. */
export const csvHead = `${columns.join(',')}\r\n`

/** One entry as a line (RFC 4180). */
export function csvRow({ entry, action: context }: Exported): string {
  const action = context?.action
  const body: object = entry.body
  const of = (name: string): unknown => Reflect.get(body, name)
  const row: Record<(typeof columns)[number], unknown> = {
    index: entry.index,
    at: entry.at,
    kind: entry.kind,
    action: action?.id ?? (entry.kind.startsWith('action.') ? of('action') : ''),
    actor: action?.actor.id,
    actor_name: action?.actor.name,
    door: action?.door ?? of('door'),
    operation: action?.operation,
    effects: action?.effects.join(' '),
    resources: action?.resources.map(({ name }) => name).join(' '),
    verdict: context?.verdict,
    rule: context?.rule,
    outcome: context?.outcome,
    rows: entry.kind === 'action.settled' ? entry.body.rows : null,
    hold: of('hold') ?? context?.hold,
    by: of('by'),
    decision: of('decision'),
    reason: of('reason') ?? of('message') ?? context?.reason,
    statement: action?.request.statement,
    hash: entry.hash,
  }
  return `${columns.map((name) => cell(row[name])).join(',')}\r\n`
}

/**
 * What begins like a formula is run by spreadsheets, also behind blanks (OWASP, CSV Injection): an apostrophe before it
 * makes it text. Numbers of our own are left alone.
 */
function cell(value: unknown): string {
  if (value === null || value === undefined) return ''
  if (typeof value === 'number') return String(value)
  const text = typeof value === 'string' ? value : (JSON.stringify(value) ?? '')
  const safe =
    /^[\s\p{Cc}\p{Cf}]*[=+\-@\uFF1D\uFF0B\uFF0D\uFF20|%]/u.test(text) || /^[\t\r\n]/.test(text) ? `'${text}` : text
  return /[",\r\n\t';]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe
}
