import type { Review } from './judge.ts'
import { type Severity, severities } from './rule-file.ts'

/** What a hold asks that does not say so itself: one reviewer, anybody who may review, half an hour. */
export const defaultReview: Review = Object.freeze({ approvals: 1, from: Object.freeze([]), within: 30 * 60_000 })

export interface RuleReview {
  readonly review: Review
  readonly severity: Severity | null
}

/**
 * All holds that matched one action, combined into one review that is at least as strict as each where that can be
 * said in one: the most approvals, the least time, and reviewers who satisfy every hold that asks for groups.
 *
 * `from` means "a member of any one of these", so the groups of two holds are intersected. Where no group is named by
 * all of them, no one list says "one of each": then the groups of the strictest hold stand (most approvals, then
 * highest severity, then first in order), because a mixture would let the wrong people decide the graver hold.
 */
export function combineReviews(holds: readonly RuleReview[]): Review {
  if (holds.length === 0) return defaultReview
  const asking = holds.filter(({ review }) => review.from.length > 0)
  const [first, ...others] = asking
  let from: readonly string[] = first?.review.from ?? []
  for (const { review } of others) from = from.filter((group) => review.from.includes(group))
  if (from.length === 0 && first) {
    from = others.reduce((strictest, hold) => (isStricter(hold, strictest) ? hold : strictest), first).review.from
  }
  return {
    approvals: Math.max(...holds.map(({ review }) => review.approvals)),
    from,
    within: Math.min(...holds.map(({ review }) => review.within)),
  }
}

function isStricter(a: RuleReview, b: RuleReview): boolean {
  if (a.review.approvals !== b.review.approvals) return a.review.approvals > b.review.approvals
  return rank(a.severity) > rank(b.severity)
}

function rank(severity: Severity | null): number {
  return severity === null ? -1 : severities.indexOf(severity)
}
