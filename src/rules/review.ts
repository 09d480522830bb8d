import { parseDuration } from './duration.ts'
import type { Review, ReviewStep } from './judge.ts'
import { type HoldSource, type Severity, type StepSource, severities } from './rule-file.ts'

/** What a hold asks that does not say so itself: one reviewer, anybody who may review, half an hour. */
export const defaultReview: Review = Object.freeze({ approvals: 1, from: Object.freeze([]), within: 30 * 60_000 })

type Lists = ReadonlyMap<string, readonly string[]>

/** What a rule's `hold` asks of reviewers. */
export function reviewOf(hold: HoldSource, lists: Lists): Review {
  const steps = (hold.steps ?? [hold]).map((step) => stepOf(step, lists))
  const plain = steps.length === 1 && steps[0]?.each !== true ? steps[0] : undefined
  const { reason, confirm, use, escalate } = hold
  return {
    approvals: plain?.approvals ?? steps.reduce((sum, { approvals }) => sum + approvals, 0),
    from: plain?.from ?? [...new Set(steps.flatMap(({ from }) => from))],
    within: milliseconds(hold.within) ?? defaultReview.within,
    ...(plain === undefined ? { demands: [steps] } : {}),
    ...(reason === true ? { reason } : {}),
    ...(confirm === true ? { confirm } : {}),
    ...(use === undefined ? {} : { use: milliseconds(use) ?? 0 }),
    ...(escalate === undefined
      ? {}
      : { escalate: { after: milliseconds(escalate.after) ?? 0, to: groupsOf(escalate.to, lists) } }),
  }
}

function stepOf({ approvals, from, match }: StepSource, lists: Lists): ReviewStep {
  const groups = groupsOf(from ?? [], lists)
  const asked = approvals ?? defaultReview.approvals
  if (match !== 'each' || groups.length === 0) return { approvals: asked, from: groups }
  return { approvals: Math.max(asked, groups.length), from: groups, each: true }
}

/** A name is a list of groups where the file has one of that name, otherwise a group. */
function groupsOf(names: readonly string[], lists: Lists): string[] {
  return [...new Set(names.flatMap((name) => lists.get(name) ?? [name]))]
}

function milliseconds(text: string | undefined): number | undefined {
  return text === undefined ? undefined : parseDuration(text)
}

export interface RuleReview {
  readonly review: Review
  readonly severity: Severity | null
}

/**
 * All holds that matched one action, combined into one review that is at least as strict as each: the most approvals,
 * the least time, and reviewers who satisfy every hold that asks for groups.
 *
 * `from` means "a member of any one of these", so the groups of two holds are intersected. Where that says too little
 * (no group is named by all of them, or one has steps), every hold stays as a demand of its own, and `from` names the
 * groups of the strictest (most approvals, then highest severity, then first in order).
 *
 * A hold that the person who asked may confirm gives way to one that asks for somebody else. Escalation adds
 * approvers only where every hold has it: the latest of them, with the groups that all of them name.
 */
export function combineReviews(all: readonly RuleReview[]): Review {
  const strict = all.filter(({ review }) => review.confirm !== true)
  const holds = strict.length > 0 ? strict : all
  const [only] = holds
  if (only === undefined) return defaultReview
  const within = Math.min(...all.map(({ review }) => review.within))
  const uses = all.flatMap(({ review }) => review.use ?? [])
  const escalate = combineEscalations(holds)
  const severity = all.every((one) => one.severity !== null) ? highest(all) : undefined
  return {
    ...combineDemands(holds),
    within,
    ...(all.some(({ review }) => review.reason === true) ? { reason: true } : {}),
    ...(strict.length === 0 ? { confirm: true } : {}),
    ...(uses.length === 0 ? {} : { use: Math.min(...uses) }),
    ...(escalate === undefined ? {} : { escalate }),
    ...(severity === undefined ? {} : { severity }),
  }
}

function highest(all: readonly RuleReview[]): Severity | undefined {
  return severities[Math.max(...all.map(({ severity }) => rank(severity)))]
}

function combineDemands(holds: readonly RuleReview[]): Pick<Review, 'approvals' | 'from' | 'demands'> {
  const asking = holds.filter(({ review }) => review.from.length > 0)
  const [first, ...others] = asking
  const shared = others.reduce(
    (groups, { review }) => groups.filter((group) => review.from.includes(group)),
    first?.review.from ?? [],
  )
  const from =
    shared.length > 0 || first === undefined
      ? shared
      : others.reduce((strictest, hold) => (isStricter(hold, strictest) ? hold : strictest), first).review.from
  const approvals = Math.max(...holds.map(({ review }) => review.approvals))
  const enough = holds.every(({ review }) => review.demands === undefined) && (shared.length > 0 || !first)
  if (enough) return { approvals, from }
  const demands = new Map(
    holds.flatMap(({ review }) => demandsOf(review)).map((steps) => [JSON.stringify(steps), steps] as const),
  )
  return { approvals, from, demands: [...demands.values()] }
}

function demandsOf({ demands, approvals, from }: Review): NonNullable<Review['demands']> {
  return demands ?? [[{ approvals, from }]]
}

function combineEscalations(holds: readonly RuleReview[]): Review['escalate'] {
  const escalations = holds.flatMap(({ review }) => review.escalate ?? [])
  const [first, ...others] = escalations
  if (first === undefined || escalations.length < holds.length) return undefined
  const to = others.reduce((groups, other) => groups.filter((group) => other.to.includes(group)), first.to)
  return to.length === 0 ? undefined : { after: Math.max(...escalations.map(({ after }) => after)), to }
}

function isStricter(a: RuleReview, b: RuleReview): boolean {
  if (a.review.approvals !== b.review.approvals) return a.review.approvals > b.review.approvals
  return rank(a.severity) > rank(b.severity)
}

function rank(severity: Severity | null): number {
  return severity === null ? -1 : severities.indexOf(severity)
}
