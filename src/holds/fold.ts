import type { Entry } from '../ledger/index.ts'
import type { Hold } from './hold.ts'

/** Milliseconds an approval may lie unused; the clock starts when the last vote needed is cast. */
export const approvalUseWithin = 15 * 60_000

/**
 * The state of a hold after one more entry. Entries that do not fit the state change nothing: of two that race,
 * the ledger's order decides, and every reader of the ledger comes to the same answer.
 */
export function foldHold(hold: Hold | undefined, entry: Entry): Hold | undefined {
  switch (entry.kind) {
    case 'hold.opened':
      return hold ?? { ...entry.body, state: 'pending', openedAt: entry.at, votes: [], useBy: null, closed: null }
    case 'hold.voted': {
      if (hold?.state !== 'pending' || entry.at > hold.expiresAt) return hold
      const { by, decision, reason } = entry.body
      // One human counts once, however often they press the button.
      if (hold.votes.some((vote) => vote.by === by)) return hold
      const votes = [...hold.votes, { by, decision, reason, at: entry.at }]
      if (decision === 'reject') return { ...hold, votes, state: 'rejected', closed: { at: entry.at, by, reason } }
      const approvals = votes.filter((vote) => vote.decision === 'approve').length
      if (approvals < hold.review.approvals) return { ...hold, votes }
      const useBy = new Date(Date.parse(entry.at) + approvalUseWithin).toISOString()
      return { ...hold, votes, state: 'approved', useBy }
    }
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

/** The entries that are about holds. */
export const holdKinds = ['hold.opened', 'hold.voted', 'hold.closed', 'hold.released'] as const

/** The hold an entry is about. */
export function holdOf(entry: Entry): string | undefined {
  switch (entry.kind) {
    case 'hold.opened':
    case 'hold.voted':
    case 'hold.closed':
    case 'hold.released':
      return entry.body.hold
    default:
      return undefined
  }
}
