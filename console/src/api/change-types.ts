import type { Effect } from './types.ts'

/** What the HTTP API answers about changes, as the console reads it; written out here for the same reasons as there. */

export type ChangeState = 'pending' | 'approved' | 'done' | 'rejected' | 'closed' | 'expired'

interface Decided {
  readonly at: string
  readonly by: string
  readonly reason: string
}

interface MayDo {
  readonly allowed: boolean
  readonly reason: string | null
}

export interface ChangeStatement {
  readonly sql: string
  readonly digest: string
  readonly operation: string
  readonly effects: readonly Effect[]
  /** Rows it may change or delete. */
  readonly rows?: number
  /** The action it ran as; null: it has not run. */
  readonly action: string | null
}

/** The statements of one deployment, approved as a whole. */
export interface ChangeView {
  readonly change: string
  readonly kind: string
  readonly title: string
  readonly state: ChangeState
  readonly door: string
  readonly database: string
  /** Whose run it is, as an issuer vouches for it. */
  readonly identity: {
    readonly issuer: string
    readonly name: string
    readonly subject: string
    readonly repository: string
    readonly ref: string
    readonly sha: string
    readonly run: string
    readonly actor?: string
  }
  readonly review: { readonly approvals: number; readonly from: readonly string[] }
  readonly statements: readonly ChangeStatement[]
  /** SHA-256 over target and statements. */
  readonly digest: string
  readonly openedAt: string
  readonly expiresAt: string
  readonly approvals: readonly (Decided & { readonly groups: readonly string[] })[]
  readonly over: Decided | null
  readonly mayApprove: MayDo
  readonly mayReject: MayDo
}

/** What an event tells of a change. */
export interface ChangeNews {
  readonly change: string
  readonly state: string
}
