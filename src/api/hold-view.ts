import { type BreakGlass, type Hold, type Holds, progressOf, type TapRules, type Yes } from '../holds/index.ts'
import { authorize, type Caller } from '../people/index.ts'
import type { FeedPlace, HoldFeed } from './hold-feed.ts'

/** A hold as one caller sees it. */
export interface HoldView extends Omit<Hold, 'nonce'> {
  /** Its last change. Of two views in one run the larger number is newer; 0: unchanged since the server started. */
  readonly change: FeedPlace
  readonly link: string
  /** A client connection is still open and waits for the decision. */
  readonly waiting: boolean
  /** What is still missing before it may run. */
  readonly missing: { readonly approvals: number; readonly from: readonly string[] }
  readonly mayVote: { readonly allowed: boolean; readonly reason: string | null }
  /** Whether the caller may confirm what they asked for themselves. */
  readonly mayConfirm: boolean
  /** Whether the caller may let it pass in an emergency. */
  readonly mayForce: boolean
  /** Whether the caller may say that they have looked at what was forced. */
  readonly mayFollowUp: boolean
  /** Whether yes takes a tap of a passkey of the caller. */
  readonly tap: Readonly<Record<Yes, ReturnType<TapRules['asks']>>>
}

interface Surroundings {
  readonly feed: Pick<HoldFeed, 'place' | 'seqOf'>
  readonly holds: Holds
  readonly breakGlass: Pick<BreakGlass, 'mayForce' | 'mayFollowUp'>
  readonly tapRules: Pick<TapRules, 'asks'>
  readonly waiting: (hold: string) => number
  readonly publicUrl: string
}

export function viewHold(
  hold: Hold,
  person: Caller,
  { feed, holds, breakGlass, tapRules, waiting, publicUrl }: Surroundings,
): HoldView {
  // The nonce says which opening of a hold a release belongs to; nobody outside has a use for it.
  const { nonce: _, ...shown } = hold
  const asks = (decision: Yes) => (hold.state === 'pending' ? tapRules.asks(person.id, decision, hold) : 'no')
  return {
    ...shown,
    change: { run: feed.place.run, seq: feed.seqOf(hold.hold) },
    link: `${publicUrl.replace(/\/$/, '')}/holds/${hold.hold}`,
    waiting: waiting(hold.hold) > 0,
    missing: hold.state === 'pending' ? progressOf(hold).missing : { approvals: 0, from: [] },
    mayVote: mayVote(hold, person, holds),
    mayConfirm: holds.mayVote(hold, person.id, 'confirm').allowed && authorize(person, 'answer').allowed,
    mayForce: breakGlass.mayForce(hold, person.id).allowed && authorize(person, 'answer').allowed,
    mayFollowUp: breakGlass.mayFollowUp(hold, person.id).allowed && authorize(person, 'vote').allowed,
    tap: { approve: asks('approve'), confirm: asks('confirm'), force: asks('force') },
  }
}

/** The hold's own conditions first: that it is over already says more than that the caller is a viewer. */
function mayVote(hold: Hold, person: Caller, holds: Holds): HoldView['mayVote'] {
  const eligibility = holds.mayVote(hold, person.id)
  return eligibility.allowed ? authorize(person, 'vote') : eligibility
}
