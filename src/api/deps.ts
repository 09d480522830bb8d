import type { Actor, Outcome } from '../action/index.ts'
import type { Changes } from '../changes/index.ts'
import type { Canary } from '../gate/index.ts'
import type { BreakGlass, Holds, TapRules } from '../holds/index.ts'
import type { Ledger, LedgerVerification, WorkloadIdentity } from '../ledger/index.ts'
import type { Locks } from '../locks/index.ts'
import type { Notifier } from '../notify/index.ts'
import type { Absences, Passkeys, People, SignIn } from '../people/index.ts'
import type { Rulebook } from '../rulebook/index.ts'
import type { RuleSummary } from '../rules/index.ts'
import type { ActionSearch } from '../search/index.ts'
import type { ChangeInput } from './change-schemas.ts'
import type { HoldFeed } from './hold-feed.ts'

/** A door as it is right now. */
export interface DoorView {
  readonly name: string
  readonly protocol: string
  readonly listen: string
  readonly environment: string
  readonly unknown: Outcome
  readonly sessions: number
  /** Clients that wait for a reviewer. */
  readonly waiting: number
  /** Where the server behind it is: `127.0.0.1:5432`. */
  readonly upstream: string
  /** Why that could not be reached when a client came last; null: it could, or nobody came yet. */
  readonly unreachable: string | null
}

/** One client connection at a door. */
export interface SessionView {
  readonly id: string
  readonly actor: Pick<Actor, 'id' | 'name' | 'kind'>
  readonly ip: string
  /** What the client calls itself; a claim. */
  readonly application: string
  readonly database: string
  readonly since: string
  /** It waits for a reviewer. */
  readonly waiting: boolean
}

/** The connections at the doors. */
export interface Sessions {
  /** undefined: no such door. */
  list(door: string): readonly SessionView[] | undefined
  /** Returns whether there was such a session. */
  end(door: string, session: string, by: string): boolean
}

/** The rules in force, and why the newest files are not, where that is so. */
export interface RulesNow {
  readonly version: string
  readonly files: readonly { readonly file: string; readonly digest: string; readonly text: string }[]
  readonly rules: readonly Pick<
    RuleSummary,
    'id' | 'about' | 'references' | 'outcome' | 'mode' | 'file' | 'line' | 'severity'
  >[]
  readonly problems: string | null
}

/** Workloads, and what they ask for. */
export interface Workloads {
  /** Whose token of CI this is. @throws SallyportError `unauthenticated`, `forbidden`, `upstream_unreachable` */
  verify(token: string): Promise<WorkloadIdentity>
  /** @throws SallyportError `invalid_request`, `conflict`, `ledger_unavailable` */
  open(identity: WorkloadIdentity, request: ChangeInput): Promise<{ readonly change: string; readonly secret: string }>
}

/** What the API is put together from. */
export interface ApiDeps {
  readonly people: People
  readonly absences: Absences
  readonly signIn: SignIn
  readonly passkeys: Passkeys
  readonly tapRules: Pick<TapRules, 'asks'>
  readonly holds: Holds
  readonly breakGlass: BreakGlass
  readonly locks: Locks
  readonly changes: Changes
  readonly workloads: Workloads
  readonly notify: Pick<Notifier, 'status' | 'test'>
  readonly ledger: Ledger
  readonly search: ActionSearch
  readonly rules: { current(): RulesNow; subscribe(listener: () => void): () => void }
  /** Versions, proposals, and how to change what is in force. */
  readonly rulebook: Pick<
    Rulebook,
    'status' | 'versions' | 'read' | 'load' | 'rollback' | 'candidate' | 'review' | 'proposals' | 'whyNotVote' | 'vote'
  >
  readonly canary: Pick<Canary, 'start' | 'stop' | 'report'>
  readonly doors: () => readonly DoorView[]
  readonly sessions: Sessions
  /** Reads the whole ledger on the disk and checks all of it. */
  readonly verify: () => Promise<LedgerVerification>
  /** The public log of the entries: its verifier key, and the proof that an entry is in it. */
  readonly publicLog: { readonly key: string; prove(index: number): Promise<string> }
  /** Clients waiting on a hold right now. */
  readonly waiting: (hold: string) => number
  /** Calls the listener with the id of a hold when clients start or stop waiting on it. */
  readonly onWaiting?: (listener: (hold: string) => void) => () => void
  readonly version: string
  /** How people reach the server, as it stands in links: `http://127.0.0.1:7070`. */
  readonly publicUrl: string
  /** The built console; left out: none. */
  readonly consoleDir?: string
  /** Something went wrong that is no fault of the request. */
  readonly log?: (event: string, details: Record<string, unknown>) => void
}

/** What the routes work with: the surroundings, and what the API itself keeps. */
export interface ApiParts extends ApiDeps {
  readonly feed: HoldFeed
}
