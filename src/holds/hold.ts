import type { HoldOpened } from '../ledger/index.ts'

/** pending → approved → released, or pending/approved → rejected | expired | withdrawn. */
export type HoldState = 'pending' | 'approved' | 'released' | 'rejected' | 'expired' | 'withdrawn'

export interface Vote {
  readonly by: string
  readonly decision: 'approve' | 'reject'
  readonly reason: string
  readonly at: string
}

/** One hold, folded from the ledger. */
export interface Hold extends HoldOpened {
  readonly state: HoldState
  readonly openedAt: string
  readonly votes: readonly Vote[]
  /** RFC 3339: until when an approval can be used; null before it is approved. */
  readonly useBy: string | null
  readonly closed: { readonly at: string; readonly by: string; readonly reason: string } | null
}

/** A hold nobody can change any more. */
export function isOver(hold: Hold): boolean {
  return hold.state !== 'pending' && hold.state !== 'approved'
}
