/**
 * What the HTTP API answers, as the console reads it.
 *
 * Written out here, not imported from the server's source: the console is a browser program that meets the server only
 * at its API, and importing would pull Node's types (and the whole server) into its type check. Keep in step with
 * `src/action/schema.ts`, `src/ledger/entry.ts` and `src/holds/hold.ts`.
 */

export type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json }

export type Effect =
  | 'read'
  | 'write'
  | 'delete'
  | 'destroy'
  | 'grant'
  | 'conceal'
  | 'export'
  | 'disrupt'
  | 'execute'
  | 'deploy'
  | 'unknown'

export type Outcome = 'allow' | 'flag' | 'hold' | 'block'

export interface Actor {
  readonly id: string
  readonly name: string
  readonly kind: 'human' | 'service' | 'agent' | 'unknown'
  readonly groups: readonly string[]
  readonly owner?: string
  readonly client: { readonly ip: string; readonly application: string; readonly session: string }
}

export interface Impact {
  readonly rows: number | null
  readonly exact: boolean
  readonly ofTotal: number | null
  readonly bounded: boolean
  readonly cascades: readonly { readonly table: string; readonly rows: number }[]
  readonly objects: number
  readonly reversible: 'yes' | 'no' | 'unknown'
}

export interface Resource {
  readonly type: string
  readonly name: string
}

export interface Action {
  readonly id: string
  readonly at: string
  readonly door: string
  readonly protocol: string
  readonly operation: string
  readonly effects: readonly Effect[]
  readonly actor: Actor
  readonly target: {
    readonly system: string
    readonly environment: string
    readonly database?: string
    readonly declared?: string
  }
  readonly resources: readonly Resource[]
  readonly impact: Impact
  readonly request: { readonly [key: string]: Json }
}

export type HoldState = 'pending' | 'approved' | 'released' | 'rejected' | 'expired' | 'withdrawn'
export type VoteDecision = 'approve' | 'reject'

export interface Vote {
  readonly by: string
  readonly decision: VoteDecision
  readonly reason: string
  readonly at: string
}

export interface HoldView {
  readonly hold: string
  readonly requester: { readonly id: string; readonly name: string; readonly owner?: string }
  readonly door: string
  readonly target: { readonly system: string; readonly environment: string; readonly database?: string }
  readonly digest: string
  readonly ruleSet: string
  readonly rule: { readonly id: string; readonly about: string; readonly message: string }
  readonly review: { readonly approvals: number; readonly from: readonly string[] }
  readonly expiresAt: string
  readonly actions: readonly Action[]
  readonly state: HoldState
  readonly openedAt: string
  readonly votes: readonly Vote[]
  readonly useBy: string | null
  readonly closed: { readonly at: string; readonly by: string; readonly reason: string } | null
  /** A client connection is still open and waits for the decision. */
  readonly waiting: boolean
  readonly missing: { readonly approvals: number; readonly from: readonly string[] }
  readonly mayVote: { readonly allowed: boolean; readonly reason: string | null }
}

export interface LedgerView {
  readonly state: 'open' | 'failed' | 'closed'
  readonly size: number
}

export interface Me {
  readonly person: {
    readonly id: string
    readonly name: string
    readonly kind: string
    readonly groups: readonly string[]
    readonly roles: readonly string[]
  }
  readonly server: { readonly version: string; readonly rules: string; readonly ledger: LedgerView }
}

export interface ActionRecord {
  readonly index: number
  readonly action: Action
  readonly verdict: Outcome | null
  readonly rule: string | null
  readonly reason: string
  readonly ruleSet: string | null
  readonly outcome: 'completed' | 'failed' | 'refused' | 'withdrawn' | 'unknown' | null
  readonly rows: number | null
  readonly message?: string
}

export interface DoorView {
  readonly name: string
  readonly protocol: string
  readonly listen: string
  readonly environment: string
  readonly unknown: Outcome
  readonly sessions: number
  readonly waiting: number
}

export interface RulesView {
  readonly version: string
  readonly files: readonly { readonly file: string; readonly digest: string }[]
  readonly rules: readonly {
    readonly id: string
    readonly about: string
    readonly outcome: Outcome
    readonly mode: string
    readonly file: string
    readonly line: number
    readonly severity?: string
  }[]
  /** Why the newest files on disk are not in force; null when they are. */
  readonly problems: string | null
}
