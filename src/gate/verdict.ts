import { type Action, type Outcome, strictest } from '../action/index.ts'
import { errorMessage } from '../errors/index.ts'
import type { HoldOpened, Judged } from '../ledger/index.ts'
import type { Lock } from '../locks/index.ts'
import { combineReviews, type Judge, type Judgement, type Moment, type Review, type RuleMatch } from '../rules/index.ts'

/** What is decided about one action: the rules' judgement with the door's default for `unknown` put in. */
export interface Verdict {
  readonly outcome: Outcome
  /** The rule that decided; null: none matched, or the door's default decided. */
  readonly rule: RuleMatch | null
  readonly reason: string
  readonly matched: readonly string[]
  readonly shadow: readonly string[]
  /** Rules that an exception kept from matching, and who answers for it. */
  readonly excepted?: Judged['excepted']
  readonly review: Review
}

/** What a hold asks for where no rule says: the door's own default, or a judge that failed. */
export const defaultReview: Review = { approvals: 1, from: [], within: 30 * 60_000 }

/**
 * Judges one action. An error is a hold, never an allow (invariant 2). The door's default for `unknown` holds unless
 * a rule allows the action outright: that is how somebody says "this one is known".
 */
export function verdictOf(judge: Judge, action: Action, unknown: Outcome, moment?: Moment): Verdict {
  try {
    const judgement = judge.judge(action, moment)
    if (isUnmatched(judgement) && !action.effects.includes('unknown')) return unmatchedVerdict(judgement)
    const matched = judgement.matched.map((match) => match.rule)
    const verdict: Verdict = {
      outcome: judgement.outcome,
      rule: judgement.rule,
      reason: judgement.message,
      matched,
      shadow: judgement.shadow.map((match) => match.rule),
      review: judgement.review ?? defaultReview,
      ...(judgement.excepted && { excepted: judgement.excepted.map(({ rule, owner }) => ({ rule, owner })) }),
    }
    const allowedOutright = judgement.matched.some((match) => match.outcome === 'allow')
    if (!action.effects.includes('unknown') || allowedOutright) return verdict
    const outcome = strictest(judgement.outcome, unknown)
    if (outcome === judgement.outcome && judgement.rule !== null) return verdict
    return { ...verdict, outcome, rule: null, reason: unknownReason(action) }
  } catch (error) {
    return {
      outcome: 'hold',
      rule: null,
      reason: `The rules could not be evaluated: ${errorMessage(error)}`,
      matched: [],
      shadow: [],
      review: defaultReview,
    }
  }
}

function isUnmatched({ outcome, matched, shadow, excepted }: Judgement): boolean {
  return outcome === 'allow' && matched.length === 0 && shadow.length === 0 && excepted === undefined
}

/** Most of what passes is what no rule says anything of: one verdict serves it all. */
let unmatched: Verdict | undefined

function unmatchedVerdict({ outcome, message }: Judgement): Verdict {
  if (unmatched?.reason !== message) {
    unmatched = { outcome, rule: null, reason: message, matched: [], shadow: [], review: defaultReview }
  }
  return unmatched
}

function unknownReason(action: Action): string {
  const because = action.request.unknownBecause
  return typeof because === 'string'
    ? `The statement could not be understood: ${because}`
    : 'What this statement does could not be understood.'
}

/** The verdict that decides for actions that run or fall together: the first among the strictest. */
export function deciding(verdicts: readonly Verdict[]): { verdict: Verdict; index: number } | undefined {
  let best: { verdict: Verdict; index: number } | undefined
  for (let index = 0; index < verdicts.length; index++) {
    const verdict = verdicts[index]
    if (verdict === undefined) break
    const stricter = best !== undefined && strictest(best.verdict.outcome, verdict.outcome) !== best.verdict.outcome
    if (best === undefined || stricter) best = { verdict, index }
  }
  return best
}

/** Everything that the holds among the verdicts ask for. */
export function reviewFor(verdicts: readonly Verdict[]): Review {
  const holds = verdicts.filter((verdict) => verdict.outcome === 'hold')
  return combineReviews(holds.map(({ review }) => ({ review, severity: review.severity ?? null })))
}

/** The verdict on what somebody has locked: no rule is asked. */
export function lockedVerdict({ lock, message }: Lock): Verdict {
  const reason = `Locked (${lock}): ${message}`
  return { outcome: 'block', rule: null, reason, matched: [], shadow: [], review: defaultReview }
}

/** What reviewers are told of the rule; null: the door's own default holds it. */
export function heldBy(rule: Verdict['rule'], message: string): HoldOpened['rule'] {
  if (rule === null) return { id: 'unknown', about: message, message }
  const { rule: id, about, references } = rule
  return { id, about, message, ...(references === undefined ? {} : { references }) }
}
