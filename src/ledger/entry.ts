import type { Action, Effect, Outcome } from '../action/index.ts'

/** How an action ended. `unknown`: it was let through and nobody saw the end (crash, lost connection). */
export const settlements = ['completed', 'failed', 'refused', 'withdrawn', 'unknown'] as const
export type Settlement = (typeof settlements)[number]

/** One step of a review: so many different people, out of these groups. */
export interface ReviewStep {
  readonly approvals: number
  /** Any one of these groups; empty: any reviewer. */
  readonly from: readonly string[]
  /** At least one person from each of the groups, everybody counted once. */
  readonly each?: boolean
}

/** What a hold asks of reviewers. `approvals` and `from` are its summary where `demands` says it in full. */
export interface ReviewAsked {
  readonly approvals: number
  readonly from: readonly string[]
  /** Each must be met by itself; the steps of one, in this order. Left out: one step of `approvals` and `from`. */
  readonly demands?: readonly (readonly ReviewStep[])[]
  /** Nobody may approve without saying why. */
  readonly reason?: boolean
  /** The person who asked may let it pass by confirming it; a reviewer may as well. */
  readonly confirm?: boolean
  /** Milliseconds an approval may lie unused. */
  readonly use?: number
  /** Milliseconds after which these groups may approve too, in the place of any other. */
  readonly escalate?: { readonly after: number; readonly to: readonly string[] }
  /** The highest of the rules that hold it. Left out: one of them does not say, or it was not a rule. */
  readonly severity?: string
}

/**
 * That somebody said yes with a passkey: what the authenticator signed (WebAuthn level 3, 6.3.3), base64url. The
 * challenge in `clientData` is SHA-256 of the statement and `random` (people/passkeys/tap.ts), so it can be checked by
 * whoever has the record: `sallyport ledger verify-approval`.
 */
export interface SignedTap {
  /** Id of the passkey. */
  readonly passkey: string
  readonly random: string
  readonly authenticatorData: string
  readonly clientData: string
  readonly signature: string
}

/** What asks for approval, and what it is bound to (invariant 3). */
export interface HoldOpened {
  readonly hold: string
  readonly nonce: string
  /** Who asked: actor id, and the owner where the actor is a service or agent. */
  readonly requester: { readonly id: string; readonly name: string; readonly owner?: string }
  readonly door: string
  readonly target: { readonly system: string; readonly environment: string; readonly database?: string }
  /** SHA-256 over the exact bytes (statements and parameters) that would run. */
  readonly digest: string
  readonly ruleSet: string
  readonly rule: {
    readonly id: string
    readonly about: string
    readonly message: string
    /** Where to read why: https addresses. */
    readonly references?: readonly string[]
  }
  readonly review: ReviewAsked
  /** RFC 3339: after this nobody can approve any more. */
  readonly expiresAt: string
  /** Every action of the unit that waits, complete; the one that was held first. */
  readonly actions: readonly Action[]
}

/** Some of the rows that a held statement picks, by the columns of their key. */
export interface HeldRows {
  readonly table: string
  readonly columns: readonly string[]
  /** The server's text of each value, cut to 200 characters; null: NULL. */
  readonly rows: readonly (readonly (string | null)[])[]
}

/** Who a workload is, as an OIDC issuer that is trusted says of it. */
export interface WorkloadIdentity {
  /** URL of the issuer, and what the configuration calls it. */
  readonly issuer: string
  readonly name: string
  readonly subject: string
  readonly repository: string
  readonly ref: string
  readonly sha: string
  readonly run: string
  /** Who set it off, where the issuer tells: `<name>:<login>`. */
  readonly actor?: string
}

/** One statement of a change. */
export interface ChangeStatement {
  /** Whole, as it was given. */
  readonly sql: string
  /** SHA-256 of its text without comments and needless whitespace: what makes it the same statement. */
  readonly digest: string
  readonly operation: string
  readonly effects: readonly Effect[]
  /** Rows it may change or delete; left out: none. */
  readonly rows?: number
}

/** A deployment that asks to be let through once. */
export interface ChangeOpened {
  readonly change: string
  readonly kind: string
  readonly title: string
  readonly door: string
  readonly database: string
  readonly identity: WorkloadIdentity
  readonly review: ReviewAsked
  /** In the order in which they run. */
  readonly statements: readonly ChangeStatement[]
  /** SHA-256 over target and statements: the plan. */
  readonly digest: string
  /** SHA-256 of what a session has to show to be its run. */
  readonly secret: string
  /** RFC 3339: after this nothing of it passes any more. */
  readonly expiresAt: string
}

/** What the rules said of an action. */
export interface Judged {
  readonly verdict: Outcome
  readonly ruleSet: string
  /** The rule that decided; null: no rule matched, or the door's own default decided. */
  readonly rule: string | null
  readonly reason: string
  /** Every enforced rule that matched. */
  readonly matched: readonly string[]
  /** Rules in shadow mode that would have matched. */
  readonly shadow: readonly string[]
  /** Rules that an exception kept from matching, and who answers for it. */
  readonly excepted?: readonly { readonly rule: string; readonly owner: string }[]
}

/** The body of each kind of entry. Adding a kind is compatible; changing one is not. */
export interface EntryBodies {
  'server.started': { readonly version: string; readonly pid: number }
  'server.stopped': { readonly reason: string }
  'ledger.recovered': { readonly discardedBytes: number; readonly segment: string }
  'door.opened': {
    readonly door: string
    readonly protocol: string
    readonly listen: string
    readonly environment: string
    readonly unknown: Outcome
  }
  'door.closed': { readonly door: string }
  /** Somebody ended a client's session from outside. */
  'session.ended': { readonly door: string; readonly session: string; readonly actor: string; readonly by: string }
  'rules.loaded': {
    readonly version: string
    readonly files: readonly { readonly file: string; readonly digest: string }[]
    readonly rules: number
    /** The commit that the files were read from, where they come from git. */
    readonly commit?: string
  }
  'rules.refused': { readonly problems: string; readonly inForce: string }
  /** A version in full, once, before anything is judged by it. */
  'rules.stored': {
    readonly version: string
    /** What `version` is the beginning of. */
    readonly digest: string
    readonly files: readonly { readonly file: string; readonly digest: string; readonly text: string }[]
  }
  /** Somebody put a version in force that the files do not hold; it stays until they are another than `files`. */
  'rules.switched': {
    readonly version: string
    readonly from: string
    /** The version of the files then. */
    readonly files: string
    readonly by: string
    readonly reason: string
  }
  /** A version that comes into force when enough people have accepted it. */
  'rules.proposed': {
    readonly proposal: string
    readonly version: string
    readonly digest: string
    readonly origin: 'files' | 'load' | 'rollback'
    /** null: the files were changed, and nobody knows by whom. */
    readonly by: string | null
    readonly reason: string
    /** The commit that the files were read from, where they come from git. */
    readonly commit?: string
  }
  'rules.voted': {
    readonly proposal: string
    readonly by: string
    readonly decision: 'accept' | 'reject'
    readonly reason: string
  }
  /** A candidate judges beside the rules in force, and decides nothing. */
  'rules.canary.started': {
    readonly canary: string
    readonly version: string
    readonly by: string
    /** RFC 3339 */
    readonly until: string
  }
  'rules.canary.ended': {
    readonly canary: string
    readonly as: 'over' | 'stopped' | 'failed'
    readonly by: string
    readonly judgements: number
    readonly differently: number
    /** What was said, and what the candidate would have said, with the rule that decided. */
    readonly differences: readonly {
      readonly was: { readonly outcome: Outcome; readonly rule: string | null }
      readonly becomes: { readonly outcome: Outcome; readonly rule: string | null }
      readonly judgements: number
    }[]
  }
  'rules.closed': { readonly proposal: string; readonly as: 'accepted' | 'rejected' | 'superseded' }
  /**
   * The intent, and the verdict that was reached before anything ran. null: it was not judged, because the target
   * refused it before it could run.
   */
  'action.requested': { readonly action: Action; readonly judged: Judged | null }
  /** A later verdict on an action that was held: given at its release, by the rules of that moment. */
  'action.judged': Judged & { readonly action: string }
  'action.released': { readonly action: string; readonly hold: string; readonly ruleSet: string }
  'action.settled': {
    readonly action: string
    readonly outcome: Settlement
    readonly rows: number | null
    readonly code?: string
    readonly message?: string
    /**
     * What it did, by table (`schema.table`), seen on the target before it became final. Where it was refused then:
     * what it would have done.
     */
    readonly measured?: readonly {
      readonly table: string
      readonly inserted: number
      readonly updated: number
      readonly deleted: number
    }[]
  }
  'hold.opened': HoldOpened
  /** What it is about, seen on the target after it was opened. */
  'hold.sampled': { readonly hold: string; readonly samples: readonly HeldRows[] }
  'hold.voted': {
    readonly hold: string
    readonly by: string
    readonly decision: 'approve' | 'reject' | 'confirm'
    readonly reason: string
    /** The groups asked for that the voter stood for then. Left out (before this was kept): all of them. */
    readonly groups?: readonly string[]
    /** People for whom the voter stood in. */
    readonly standsIn?: readonly string[]
    readonly tap?: SignedTap
  }
  /** Nobody decided for a while: more people may approve now. */
  'hold.escalated': { readonly hold: string; readonly to: readonly string[] }
  'hold.closed': {
    readonly hold: string
    readonly as: 'rejected' | 'expired' | 'withdrawn'
    readonly by: string
    readonly reason: string
  }
  'hold.released': { readonly hold: string; readonly nonce: string; readonly actions: readonly string[] }
  /** The rule was passed by in an emergency; somebody else has to look at it afterwards. */
  'hold.forced': { readonly hold: string; readonly by: string; readonly reason: string; readonly tap?: SignedTap }
  /** Somebody has looked at what was forced. */
  'hold.reviewed': { readonly hold: string; readonly by: string; readonly note: string }
  'lock.put': {
    readonly lock: string
    readonly on: { readonly kind: 'person' | 'actor' | 'door' | 'resource'; readonly name: string }
    readonly message: string
    /** RFC 3339; null: until it is lifted. */
    readonly until: string | null
    readonly by: string
  }
  'lock.lifted': { readonly lock: string; readonly by: string; readonly reason: string }
  'change.opened': ChangeOpened
  /** `groups`: those of the person then. */
  'change.approved': {
    readonly change: string
    readonly by: string
    readonly reason: string
    readonly groups: readonly string[]
  }
  'change.rejected': { readonly change: string; readonly by: string; readonly reason: string }
  'change.closed': { readonly change: string; readonly by: string; readonly reason: string }
  /** Statements `from`, … are about to become final, as these actions: on the record before they are. */
  'change.used': { readonly change: string; readonly from: number; readonly actions: readonly string[] }
  /** The target has taken statements `from` to before `to` back for certain: they may run again. */
  'change.restored': { readonly change: string; readonly from: number; readonly to: number; readonly why: string }
  'person.put': {
    readonly id: string
    readonly name: string
    readonly kind: 'human' | 'service' | 'agent'
    readonly groups: readonly string[]
    readonly roles: readonly string[]
    /** Actor ids under which this person acts at doors, e.g. `shop-db:alice`. */
    readonly actors: readonly string[]
    readonly owner?: string
    /** Doors at which they review. Left out: all. */
    readonly doors?: readonly string[]
    readonly by: string
  }
  'person.removed': { readonly id: string; readonly by: string }
  /** A deputy stands in for somebody on holds, for a while. Takes the place of an earlier one. */
  'person.away': {
    readonly person: string
    readonly from: string
    readonly until: string
    readonly deputy: string
    readonly by: string
  }
  'person.back': { readonly person: string; readonly by: string }
  'token.issued': {
    readonly token: string
    readonly person: string
    readonly digest: string
    readonly label: string
    readonly expiresAt: string | null
    readonly by: string
    /** The most it may be used for, whatever its owner may do. Left out: all that its owner may. */
    readonly scope?: string
    /** It was given at a sign-in, from this address. */
    readonly session?: { readonly method: 'password' | 'passkey'; readonly address: string }
  }
  /** A person can say yes with a passkey from now on, and sign in with it. */
  'passkey.added': {
    /** Id of the credential, base64url. */
    readonly passkey: string
    readonly person: string
    readonly label: string
    /** COSE_Key (RFC 9052), base64url. */
    readonly publicKey: string
    readonly transports: readonly string[]
    /** The RP ID it was made for. */
    readonly site: string
    /** It is kept somewhere beyond the device it was made on. */
    readonly backedUp: boolean
    /** Of the one that allowed a further one. */
    readonly tap?: SignedTap
  }
  'passkey.removed': {
    readonly passkey: string
    readonly person: string
    readonly by: string
    readonly tap?: SignedTap
  }
  /** Somebody may set a password once, by a link of which only the digest is kept. It takes the place of earlier ones. */
  'password.linked': {
    readonly link: string
    readonly person: string
    readonly digest: string
    readonly expiresAt: string
    readonly by: string
  }
  /** `digest`: SHA-256 of the salted hash, which itself is kept beside the ledger and not on it. */
  'password.set': { readonly person: string; readonly digest: string; readonly link: string }
  /** Nobody was let in. `person` is null where the name given is nobody's: it may be a password typed too early. */
  'signin.failed': {
    readonly person: string | null
    readonly address: string
    /** `link`: of a password that should be set; `throttled`: it was not looked at. */
    readonly reason: 'wrong' | 'link' | 'passkey' | 'throttled'
    /** Failures since the last such entry that have none of their own. */
    readonly more?: number
  }
  'token.revoked': { readonly token: string; readonly by: string }
}

export type EntryKind = keyof EntryBodies

/** One entry as it stands on the ledger. */
export type Entry = {
  [K in EntryKind]: {
    /** Position on the ledger, from 0. */
    readonly index: number
    /** RFC 3339 UTC, when it was appended. */
    readonly at: string
    readonly kind: K
    readonly body: EntryBodies[K]
    /** Chain hash after this entry, 64 hex digits. */
    readonly hash: string
  }
}[EntryKind]

export type EntryOf<K extends EntryKind> = Extract<Entry, { kind: K }>
