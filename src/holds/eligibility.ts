import type { Hold } from './hold.ts'

/** Who wants to vote, as far as holds care. */
export interface Reviewer {
  readonly id: string
  readonly kind: 'human' | 'service' | 'agent'
  readonly groups: readonly string[]
  /** Whether their role lets them vote at all. */
  readonly isReviewer: boolean
}

export type Eligibility =
  | { readonly allowed: true; readonly reason: null }
  | { readonly allowed: false; readonly reason: string }

const no = (reason: string): Eligibility => ({ allowed: false, reason })

/**
 * Whether somebody may vote on a hold (invariant 4). The one place that decides it: API, CLI and console ask here.
 * @param isRequester whether the reviewer is the one who asked, under whatever name, or answers for it as its owner
 */
export function mayVote(hold: Hold, reviewer: Reviewer, isRequester: boolean, now: string): Eligibility {
  if (hold.state !== 'pending') return no(`The hold is ${hold.state} already.`)
  if (now > hold.expiresAt) return no('The hold has expired.')
  if (reviewer.kind !== 'human') return no('Only people can vote: a service or agent never approves.')
  if (isRequester) return no('Nobody votes on their own action: ask somebody else to look at it.')
  if (!reviewer.isReviewer) return no('Your role does not include reviewing.')
  const { from } = hold.review
  if (from.length > 0 && !from.some((group) => reviewer.groups.includes(group))) {
    return no(`This hold asks for somebody from ${from.join(' or ')}.`)
  }
  if (hold.votes.some((vote) => vote.by === reviewer.id)) return no('You have voted on this hold already.')
  return { allowed: true, reason: null }
}
