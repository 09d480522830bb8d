import type { Entry } from '../ledger/index.ts'
import { type Hold, newHold, type Vote } from './hold.ts'
import { Progress } from './review.ts'

/** Milliseconds an approval may lie unused, where no rule says; the clock starts when the last vote needed is cast. */
export const approvalUseWithin = 15 * 60_000

/**
 * The state of a hold after one more entry. Entries that do not fit the state change nothing: of two that race,
 * the ledger's order decides, and every reader of the ledger comes to the same answer.
 */
export function foldHold(hold: Hold | undefined, entry: Entry): Hold | undefined {
  switch (entry.kind) {
    case 'hold.opened':
      return hold ?? newHold(entry.body, entry.at)
    case 'hold.sampled':
      return hold === undefined || hold.samples.length > 0 ? hold : { ...hold, samples: entry.body.samples }
    case 'hold.voted': {
      if (hold?.state !== 'pending' || entry.at > hold.expiresAt) return hold
      const { hold: _, tap, ...vote } = entry.body
      return withVote(hold, { ...vote, at: entry.at, ...(tap === undefined ? {} : { passkey: tap.passkey }) })
    }
    case 'hold.forced': {
      if (hold?.state !== 'pending' || entry.at > hold.expiresAt) return hold
      const { by, reason } = entry.body
      return {
        ...hold,
        state: 'approved',
        useBy: usableUntil(hold, entry.at),
        forced: { at: entry.at, by, reason, review: null },
      }
    }
    case 'hold.reviewed': {
      if (hold?.forced == null || hold.forced.review !== null) return hold
      const { by, note } = entry.body
      return { ...hold, forced: { ...hold.forced, review: { at: entry.at, by, note } } }
    }
    case 'hold.escalated':
      if (hold?.state !== 'pending' || hold.escalatedAt !== null) return hold
      return { ...hold, escalatedAt: entry.at }
    case 'hold.closed': {
      if (hold === undefined || (hold.state !== 'pending' && hold.state !== 'approved')) return hold
      return { ...hold, state: entry.body.as, closed: { at: entry.at, by: entry.body.by, reason: entry.body.reason } }
    }
    case 'hold.released': {
      if (hold?.state !== 'approved' || hold.nonce !== entry.body.nonce) return hold
      return { ...hold, state: 'released', closed: { at: entry.at, by: hold.requester.id, reason: 'released' } }
    }
    default:
      return hold
  }
}

function withVote(hold: Hold, vote: Vote): Hold {
  const { by, decision, reason, at } = vote
  // One human counts once, however often they press the button, and whoever stood in for them counts for them.
  const stoodFor = (other: Vote) => other.standsIn?.includes(by) === true || vote.standsIn?.includes(other.by) === true
  if (hold.votes.some((other) => other.by === by || (decision === 'approve' && stoodFor(other)))) return hold
  const votes = [...hold.votes, vote]
  if (decision === 'reject') return { ...hold, votes, state: 'rejected', closed: { at, by, reason } }
  if (decision === 'confirm' ? hold.review.confirm !== true : !progressOf(hold, votes).isMet) return { ...hold, votes }
  return { ...hold, votes, state: 'approved', useBy: usableUntil(hold, at) }
}

function usableUntil({ review }: Hold, approvedAt: string): string {
  return new Date(Date.parse(approvedAt) + (review.use ?? approvalUseWithin)).toISOString()
}

/** How far the review of a hold has come by these votes. */
export function progressOf(hold: Hold, votes: readonly Vote[] = hold.votes): Progress {
  const approvals = votes.filter(({ decision }) => decision === 'approve')
  return new Progress(
    hold.review,
    approvals.map(({ by, groups }) => ({ by, groups })),
    hold.escalatedAt !== null,
  )
}

/** The entries that are about holds. */
export const holdKinds = [
  'hold.opened',
  'hold.sampled',
  'hold.voted',
  'hold.escalated',
  'hold.forced',
  'hold.closed',
  'hold.released',
  'hold.reviewed',
] as const

/** The hold an entry is about. */
export function holdOf(entry: Entry): string | undefined {
  switch (entry.kind) {
    case 'hold.opened':
    case 'hold.sampled':
    case 'hold.voted':
    case 'hold.escalated':
    case 'hold.forced':
    case 'hold.reviewed':
    case 'hold.closed':
    case 'hold.released':
      return entry.body.hold
    default:
      return undefined
  }
}
