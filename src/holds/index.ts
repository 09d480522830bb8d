/**
 * holds/: the life of a hold, folded from the ledger.
 *
 * pending → approved → released; or rejected, expired, withdrawn. What is bound to an approval stands in the
 * `hold.opened` entry; the state is nothing but the fold of the entries.
 * @module
 */
export { Alarm } from './alarm.ts'
export { BreakGlass, type BreakGlassOptions } from './break-glass.ts'
export { type Eligibility, mayVote, type Reviewer, reviewsAt, type Standing, standingOn } from './eligibility.ts'
export { defaultFloodLimits, type FloodLimits } from './flood.ts'
export { approvalUseWithin, foldHold, progressOf } from './fold.ts'
export {
  type Forced,
  type Hold,
  type HoldState,
  isOver,
  needsFollowUp,
  newHold,
  type Vote,
  type VoteDecision,
} from './hold.ts'
export { type HoldListener, Holds, type HoldsOptions } from './holds.ts'
export { demandsOf, type Missing, Progress } from './review.ts'
export { reviewersOf } from './reviewers.ts'
export type { TapRules, Yes } from './tap-rules.ts'
