/**
 * What the HTTP API answers, as the console reads it.
 *
 * Written out here, not imported from the server's source: the console is a browser program that meets the server only
 * at its API, and importing would pull Node's types (and the whole server) into its type check. The
 * compiler compares it with the server's schemas in `test/console-types.test-d.ts`.
 */

import type { Absence, Command, PersonKind, Role, Scope } from './people-types.ts'

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
  readonly client: {
    readonly ip: string
    readonly application: string
    readonly session: string
    /** Subject of the client's TLS certificate. */
    readonly certificate?: string
  }
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

type Labels = { readonly [name: string]: string }

export interface Resource {
  readonly type: string
  readonly name: string
  readonly labels: Labels
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
    readonly account?: string
    readonly declared?: string
    readonly labels: Labels
  }
  readonly resources: readonly Resource[]
  readonly impact: Impact
  /** The approved deployment it belongs to. */
  readonly change?: { readonly id: string; readonly kind: string; readonly verified: boolean; readonly by?: string }
  readonly request: { readonly [key: string]: Json }
}

export type HoldState = 'pending' | 'approved' | 'released' | 'rejected' | 'expired' | 'withdrawn'
export type VoteDecision = 'approve' | 'reject' | 'confirm'

export interface Vote {
  readonly by: string
  readonly decision: VoteDecision
  readonly reason: string
  readonly at: string
  /** The groups asked for that the voter stood for. */
  readonly groups?: readonly string[]
  /** In whose place, while they are away. */
  readonly standsIn?: readonly string[]
  /** Id of the passkey it is signed with. */
  readonly passkey?: string
}

/** What is asked of reviewers. */
export interface Review {
  readonly approvals: number
  readonly from: readonly string[]
  /** In full, where that does not say it all: each demand must be met by itself, the steps of one in order. */
  readonly demands?: readonly (readonly {
    readonly approvals: number
    readonly from: readonly string[]
    readonly each?: boolean
  }[])[]
  readonly reason?: boolean
  readonly confirm?: boolean
  readonly use?: number
  readonly escalate?: { readonly after: number; readonly to: readonly string[] }
  readonly severity?: string
}

/** Whether yes takes a tap of a passkey; `lacking`: it does, and whoever asks has none. */
export type TapAsked = 'no' | 'asked' | 'lacking'

/** A place in the stream of changes: a run of the server, and how many changes of holds it had seen. */
export interface Place {
  readonly run: string
  readonly seq: number
}

/** What begins the stream of changes. */
export interface Hello extends Place {
  /** Whatever was missed since the last connection has been sent before this. */
  readonly resumed: boolean
}

/** Some of the rows that a held statement picks, by the columns of their key. */
export interface HeldRows {
  readonly table: string
  readonly columns: readonly string[]
  readonly rows: readonly (readonly (string | null)[])[]
}

export interface HoldView {
  readonly hold: string
  readonly requester: { readonly id: string; readonly name: string; readonly owner?: string }
  readonly door: string
  readonly target: { readonly system: string; readonly environment: string; readonly database?: string }
  readonly digest: string
  readonly ruleSet: string
  readonly rule: {
    readonly id: string
    readonly about: string
    readonly message: string
    readonly references?: readonly string[]
  }
  readonly review: Review
  readonly expiresAt: string
  readonly actions: readonly Action[]
  readonly state: HoldState
  readonly openedAt: string
  readonly samples: readonly HeldRows[]
  readonly votes: readonly Vote[]
  readonly escalatedAt: string | null
  readonly useBy: string | null
  /** Let pass in an emergency; `review`: who has looked at it since. */
  readonly forced: {
    readonly at: string
    readonly by: string
    readonly reason: string
    readonly review: { readonly at: string; readonly by: string; readonly note: string } | null
  } | null
  readonly closed: { readonly at: string; readonly by: string; readonly reason: string } | null
  /** Its last change: of two views of a hold in one run the larger number is newer. */
  readonly change: Place
  readonly link: string
  /** A client connection is still open and waits for the decision. */
  readonly waiting: boolean
  readonly missing: { readonly approvals: number; readonly from: readonly string[] }
  readonly mayVote: { readonly allowed: boolean; readonly reason: string | null }
  readonly mayConfirm: boolean
  /** Whether whoever asks may let it pass in an emergency. */
  readonly mayForce: boolean
  /** Whether whoever asks may say that they have looked at what was forced. */
  readonly mayFollowUp: boolean
  readonly tap: { readonly approve: TapAsked; readonly confirm: TapAsked; readonly force: TapAsked }
}

export interface HoldList {
  readonly holds: readonly HoldView[]
  /** Every change up to this one is in the list. */
  readonly at: Place
}

/** An earlier hold, as far as it helps to decide on a later one. */
export interface EarlierHold {
  readonly hold: string
  readonly state: HoldState
  readonly openedAt: string
  readonly requester: { readonly id: string; readonly name: string }
  readonly rule: string
  readonly operation: string
  /** The same statement with the same parameters at the same door. */
  readonly same: boolean
  readonly decided: { readonly by: string; readonly reason: string } | null
}

export interface HoldContext {
  readonly actions: readonly ActionRecord[]
  readonly holds: readonly EarlierHold[]
  /** How earlier holds of the requester ended. */
  readonly ended: { readonly released: number; readonly rejected: number; readonly other: number }
}

export interface LedgerView {
  readonly state: 'open' | 'failed' | 'closed'
  readonly size: number
}

export interface Me {
  readonly person: {
    readonly id: string
    readonly name: string
    readonly kind: PersonKind
    readonly groups: readonly string[]
    readonly roles: readonly Role[]
  }
  /** Their own, also one to come. */
  readonly absence: Absence | null
  /** Those who are away and whom they stand in for now. */
  readonly standsInFor: readonly Absence[]
  readonly access: {
    readonly session: boolean
    readonly scope: Scope | null
    readonly expiresAt: string | null
    readonly commands: readonly Command[]
  }
  readonly server: { readonly version: string; readonly rules: string; readonly ledger: LedgerView }
}

export interface ActionRecord {
  readonly index: number
  readonly at: string
  readonly action: Action
  /** Texts of a very long request are cut; the action by itself has all of it. */
  readonly cut: boolean
  readonly verdict: Outcome | null
  readonly rule: string | null
  readonly reason: string
  readonly ruleSet: string | null
  readonly outcome: 'completed' | 'failed' | 'refused' | 'withdrawn' | 'unknown' | null
  readonly rows: number | null
  readonly endedAt: string | null
  readonly message?: string
  readonly hold?: string
}

export type CountedBy = 'verdict' | 'effect' | 'actor' | 'door' | 'rule' | 'outcome' | 'operation'

/** How far the search index is behind the ledger. */
export interface IndexStatus {
  readonly state: 'following' | 'catching-up' | 'failed' | 'closed'
  readonly indexed: number
  readonly size: number
  readonly lag: number
  readonly error: string | null
}

export interface ActionPage {
  readonly actions: readonly ActionRecord[]
  /** Where to go on, as `before`; null: there are no more. */
  readonly next: number | null
  readonly index: IndexStatus
}

export interface ActionStory {
  readonly action: ActionRecord
  readonly entries: readonly LedgerEntry[]
}

export interface ActionCounts {
  readonly by: CountedBy
  /** Seconds of a bucket. */
  readonly step: number
  /** Start of each bucket. */
  readonly times: readonly string[]
  /** The most frequent first; value null: all that are too rare for a line of their own. */
  readonly series: readonly {
    readonly value: string | null
    readonly total: number
    readonly counts: readonly number[]
  }[]
}

export interface LedgerEntry {
  readonly index: number
  readonly at: string
  readonly kind: string
  readonly body: { readonly [name: string]: Json }
  /** Over everything up to this entry. */
  readonly hash: string
}

export interface DoorView {
  readonly name: string
  readonly protocol: string
  readonly listen: string
  readonly environment: string
  readonly unknown: Outcome
  readonly sessions: number
  readonly waiting: number
  /** Where the server behind it is. */
  readonly upstream: string
  /** Why that could not be reached when a client came last. */
  readonly unreachable: string | null
}

export interface SessionView {
  readonly id: string
  readonly actor: { readonly id: string; readonly name: string; readonly kind: Actor['kind'] }
  readonly ip: string
  readonly application: string
  readonly database: string
  readonly since: string
  readonly waiting: boolean
}

export interface LedgerHead {
  readonly size: number
  readonly hash: string
  readonly state: LedgerView['state']
}

/** What a check of the whole ledger found. */
export interface Verification {
  readonly ok: boolean
  readonly entries: number
  readonly head: { readonly size: number; readonly hash: string }
  readonly segments: number
  /** The newest signed checkpoint. */
  readonly checkpoint: { readonly origin: string; readonly size: number; readonly root: string } | null
  readonly problems: readonly {
    readonly kind: string
    readonly file: string
    readonly offset: number
    readonly index: number
    readonly message: string
  }[]
  readonly at: string
  readonly milliseconds: number
}
