import { progressOf } from './fold.ts'
import type { Hold, VoteDecision } from './hold.ts'
import { groupsOf } from './review.ts'

/** Who wants to vote, as far as holds care. */
export interface Reviewer {
  readonly id: string
  readonly kind: 'human' | 'service' | 'agent'
  readonly groups: readonly string[]
  /** Whether their role lets them vote at all. */
  readonly isReviewer: boolean
  /** Doors at which they review; left out: all. */
  readonly doors?: readonly string[]
  /** People who are away and have put this one in their place, with what they may. */
  readonly standsInFor?: readonly Pick<Reviewer, 'id' | 'groups' | 'doors'>[]
}

/** Whether somebody reviews at a door at all. */
export function reviewsAt({ doors }: Pick<Reviewer, 'doors'>, door: string): boolean {
  return doors === undefined || doors.includes(door)
}

export type Eligibility =
  | { readonly allowed: true; readonly reason: null }
  | { readonly allowed: false; readonly reason: string }

/** What a voter stands for on one hold. */
export interface Standing {
  /** Of the groups that the hold asks for. */
  readonly groups: readonly string[]
  /** Those in whose place: their groups made a difference. */
  readonly standsIn: readonly string[]
}

const yes: Eligibility = { allowed: true, reason: null }
const no = (reason: string): Eligibility => ({ allowed: false, reason })

/**
 * What somebody stands for on a hold: the groups of their own, and those of people who put them in their place. The
 * requester has nobody in their place, and who has voted needs nobody.
 */
export function standingOn(hold: Hold, reviewer: Reviewer, isRequester: (id: string) => boolean): Standing {
  const asked = groupsOf(hold.review)
  const groups = asked.filter((group) => reviewer.groups.includes(group))
  const standsIn: string[] = []
  for (const other of reviewer.standsInFor ?? []) {
    const added = asked.filter((group) => other.groups.includes(group) && !groups.includes(group))
    if (
      added.length === 0 ||
      !reviewsAt(other, hold.door) ||
      isRequester(other.id) ||
      hold.votes.some(({ by }) => by === other.id)
    )
      continue
    groups.push(...added)
    standsIn.push(other.id)
  }
  return { groups, standsIn }
}

/**
 * Whether somebody may vote on a hold (invariant 4). The one place that decides it: API, CLI and console ask here.
 * @param isRequester whether somebody is the one who asked, under whatever name, or answers for it as its owner
 */
export function mayVote(
  hold: Hold,
  reviewer: Reviewer,
  isRequester: (id: string) => boolean,
  now: string,
  decision: VoteDecision = 'approve',
): Eligibility {
  if (hold.state !== 'pending') return no(`The hold is ${hold.state} already.`)
  if (now > hold.expiresAt) return no('The hold has expired.')
  if (reviewer.kind !== 'human') return no('Only people can vote: a service or agent never approves.')
  if (decision === 'confirm') return mayConfirm(hold, isRequester(reviewer.id))
  if (isRequester(reviewer.id)) return no('Nobody votes on their own action: ask somebody else to look at it.')
  if (!reviewer.isReviewer) return no('Your role does not include reviewing.')
  if (!reviewsAt(reviewer, hold.door)) return no(`You review at other doors: ${reviewer.doors?.join(', ')}.`)
  if (hold.votes.some((vote) => vote.by === reviewer.id)) return no('You have voted on this hold already.')
  const deputy = hold.votes.find((vote) => vote.standsIn?.includes(reviewer.id) === true)
  if (deputy !== undefined) return no(`${deputy.by} has voted in your place already.`)
  return isAsked(hold, standingOn(hold, reviewer, isRequester), decision)
}

function isAsked(hold: Hold, { groups }: Standing, decision: VoteDecision): Eligibility {
  // Whoever may approve at any time may say no at once: an objection need not wait for its turn.
  if (decision === 'reject' && groups.length > 0) return yes
  const progress = progressOf(hold)
  if (progress.helps({ by: '', groups })) return yes
  const asked = [...new Set(progress.asked.flat())]
  return no(`This hold asks for somebody from ${asked.join(' or ')}.`)
}

function mayConfirm(hold: Hold, isRequester: boolean): Eligibility {
  if (hold.review.confirm !== true) return no('This hold cannot be confirmed: it asks for somebody else.')
  return isRequester ? yes : no('Only whoever asked can confirm: approve or reject it instead.')
}
