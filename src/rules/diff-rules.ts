import type { Rule, RuleSummary } from './rule.ts'

/** How a rule of one set differs from that of another. */
export interface RuleDifference {
  readonly rule: string
  readonly kind: 'added' | 'removed' | 'changed'
  /** For a change: what is said otherwise. Empty: something it refers to (a list, a macro, a window, a message). */
  readonly fields: readonly { readonly field: string; readonly before: unknown; readonly after: unknown }[]
}

const fields = ['when', 'outcome', 'mode', 'severity', 'review', 'except', 'about'] as const

/** What changes in what rules say from one set to another; where they stand does not count. */
export function diffRules(before: readonly Rule[], after: readonly Rule[]): RuleDifference[] {
  const old = byId(before)
  const now = byId(after)
  const differences: RuleDifference[] = []
  for (const [rule, { digest, summary }] of now) {
    const was = old.get(rule)
    if (was === undefined) differences.push({ rule, kind: 'added', fields: [] })
    else if (was.digest !== digest) differences.push({ rule, kind: 'changed', fields: changes(was.summary, summary) })
  }
  for (const rule of old.keys()) if (!now.has(rule)) differences.push({ rule, kind: 'removed', fields: [] })
  return differences
}

function byId(rules: readonly Rule[]): Map<string, Rule> {
  return new Map(rules.map((rule) => [rule.summary.id, rule]))
}

function changes(before: RuleSummary, after: RuleSummary): RuleDifference['fields'] {
  return fields.flatMap((field) =>
    JSON.stringify(before[field]) === JSON.stringify(after[field])
      ? []
      : [{ field, before: before[field] ?? null, after: after[field] ?? null }],
  )
}
