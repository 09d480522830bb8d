import type { HeldRows, HoldOpened } from '../ledger/index.ts'

/** pending → approved → released, or pending/approved → rejected | expired | withdrawn. */
export type HoldState = 'pending' | 'approved' | 'released' | 'rejected' | 'expired' | 'withdrawn'

/** `confirm`: the person who asked says yes, where the rule leaves it to them. */
export type VoteDecision = 'approve' | 'reject' | 'confirm'

export interface Vote {
  readonly by: string
  readonly decision: VoteDecision
  readonly reason: string
  readonly at: string
  /** The groups asked for that the voter stood for then. Left out (old votes): all of them. */
  readonly groups?: readonly string[]
  /** People for whom the voter stood in. */
  readonly standsIn?: readonly string[]
  /** Id of the passkey that the voter signed it with. */
  readonly passkey?: string
}

export interface Forced {
  readonly at: string
  readonly by: string
  readonly reason: string
  readonly review: { readonly at: string; readonly by: string; readonly note: string } | null
}

/** One hold, folded from the ledger. */
export interface Hold extends HoldOpened {
  readonly state: HoldState
  readonly openedAt: string
  /** Some of the rows it is about; none: nobody could look, or there are none. */
  readonly samples: readonly HeldRows[]
  readonly votes: readonly Vote[]
  /** RFC 3339: when more people were asked, because nobody had decided; null: not yet. */
  readonly escalatedAt: string | null
  /** RFC 3339: until when an approval can be used; null before it is approved. */
  readonly useBy: string | null
  /** The rule was passed by in an emergency. `review`: who has looked at it since; null: nobody yet. */
  readonly forced: Forced | null
  readonly closed: { readonly at: string; readonly by: string; readonly reason: string } | null
}

/** A hold nobody can change any more. */
export function isOver(hold: Hold): boolean {
  return hold.state !== 'pending' && hold.state !== 'approved'
}

/** A hold as it is when it opens. */
export function newHold(opened: HoldOpened, openedAt: string): Hold {
  return {
    ...opened,
    state: 'pending',
    openedAt,
    samples: [],
    votes: [],
    escalatedAt: null,
    useBy: null,
    forced: null,
    closed: null,
  }
}

/** Forced, and nobody has looked at it since. */
export function needsFollowUp({ forced }: Hold): boolean {
  return forced !== null && forced.review === null
}
