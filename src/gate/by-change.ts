import type { Action } from '../action/index.ts'
import type { ReviewAsked } from '../ledger/index.ts'
import type { Unit } from './gate.ts'
import type { Verdict } from './verdict.ts'

/**
 * The verdicts on a unit, with what the approval of its change covers let through: a hold by a rule, approved by exactly
 * the people whom the rule asks for, on no more rows than were declared. It covers no block, and nothing that no rule
 * could judge.
 */
export function withChange(verdicts: readonly Verdict[], unit: Unit): readonly Verdict[] {
  if (!isOfChange(unit)) return verdicts
  return verdicts.map((verdict, i) => {
    const use = unit.change?.[i]
    const action = unit.actions[i]
    if (verdict.outcome !== 'hold' || verdict.rule === null || !use?.change.verified || action === undefined)
      return verdict
    if (!use.meets(verdict.review) || !isWithin(action, use.rows)) return verdict
    return { ...verdict, outcome: 'allow', reason: `Approved with change ${use.change.id}: ${verdict.reason}` }
  })
}

/** Whether any of its actions is a statement of an approved change. */
export function isOfChange({ change }: Unit): boolean {
  return change?.some((use) => use.change.verified) === true
}

/** What a change covers of what was done, as if somebody had approved the actions with the rows it declares. */
export function coveredByChange({ actions, change }: Unit, review: ReviewAsked): Action[] {
  return actions.flatMap((action, i) => {
    const use = change?.[i]
    if (!use?.change.verified || !use.meets(review)) return []
    return [{ ...action, impact: { ...action.impact, rows: use.rows, cascades: [], exact: true } }]
  })
}

/** Rows that nobody could count are not within any limit. */
function isWithin({ effects, impact }: Action, limit: number): boolean {
  if (!effects.includes('delete') && !effects.includes('write')) return true
  if (impact.rows === null) return false
  return impact.cascades.reduce((sum, { rows }) => sum + rows, impact.rows) <= limit
}
