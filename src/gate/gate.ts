import type { Action, Outcome } from '../action/index.ts'
import type { HeldRows, Settlement, Urgency } from '../ledger/index.ts'
import type { ChangeUse } from './change-run.ts'

export type { HeldRows }

/**
 * Actions that are let through or refused together because the protocol cannot separate them
 * (one simple Query message; one pipelined batch up to Sync).
 */
export interface Unit {
  readonly actions: readonly Action[]
  /** SHA-256 over the exact bytes that would run; what an approval is bound to. Asked for only where something is held. */
  readonly digest: string
  /** What the door does with the effect `unknown` when no rule allows it outright. */
  readonly unknown: Outcome
  /**
   * `now`: the record is synced at once. `soon`: it may wait a few milliseconds for company, because nothing takes
   * effect by it (a read whose door says `record: batched`, a statement whose COMMIT is still to come).
   */
  readonly record: Urgency
  /** Milliseconds the client may be kept waiting for reviewers; 0: refuse at once with the hold's id. */
  readonly wait: number
  /** What each action is to the change that its session is a run of; left out: it is none. */
  readonly change?: readonly ChangeUse[] | undefined
}

/** Three sentences for the person at the other end: what, why, what to do. */
export interface Words {
  readonly message: string
  readonly detail: string
  readonly hint: string
}

/**
 * Why an action does not run.
 * SP001 held for review, SP002 blocked by a rule, SP003 rejected by a reviewer, SP004 hold expired,
 * SP005 the record cannot be written, SP006 locked, SP007 too much of the same requester waits for review.
 */
export type RefusalCode = 'SP001' | 'SP002' | 'SP003' | 'SP004' | 'SP005' | 'SP006' | 'SP007'

export interface Refusal extends Words {
  readonly code: RefusalCode
  /** The client itself gave up. */
  readonly withdrawn?: true
  /** The hold that was opened, or is open already, for it. */
  readonly hold?: string
}

/** What the door must do with a unit. */
export type Decision =
  | {
      readonly kind: 'pass'
      /** Resolves when the intents are durable; rejects if they cannot be (then nothing may take effect). */
      readonly recorded: Promise<void>
      /** Somebody has said yes to it. */
      readonly byApproval?: true
    }
  | { readonly kind: 'refuse'; readonly refusal: Refusal }
  | {
      readonly kind: 'wait'
      readonly hold: string
      /** Resolves once: undefined means run the very same bytes now; everything about it is durable. */
      readonly decided: Promise<Refusal | undefined>
      /** The client gave up (Ctrl-C, disconnect). `decided` then resolves with a refusal. */
      withdraw(reason: string): void
    }

/** What a unit has done on the target, seen there before it is final. */
export interface Measured {
  /** By table (`schema.table`): rows inserted, updated and deleted, whoever did it on the unit's behalf. */
  readonly tables: readonly {
    readonly table: string
    readonly inserted: number
    readonly updated: number
    readonly deleted: number
  }[]
  /** Tables dropped, truncated or altered by code that the door cannot see into. */
  readonly locked: readonly string[]
  /** Why nobody knows what was done. */
  readonly unknownBecause?: string
}

/** How one action ended. */
export interface End {
  readonly outcome: Settlement
  readonly rows: number | null
  readonly code?: string
  readonly message?: string
}

/** The one path every action goes: record, judge, hold, settle. */
export interface Gate {
  /**
   * Records the intents, judges them and says what to do. Never throws, never waits.
   * @param notify called for each hold that is opened or joined on behalf of this unit while it waits
   */
  submit(unit: Unit, notify: (notice: Words) => void): Decision
  /**
   * Judges a unit that passed once more, by what it really did, before that is final. Anything but `pass` means that
   * the door must have it taken back first; if it is approved then, the same bytes run and are measured again, and may
   * touch no more than was approved. Never throws, never waits.
   * @param wait milliseconds the client may be kept waiting; 0: refuse at once
   * @param approved units that ran by an approval earlier in the same transaction
   */
  confirm(
    unit: Unit,
    measured: Measured,
    circumstances: { readonly wait: number; readonly approved: readonly Unit[] },
    notify: (notice: Words) => void,
  ): Decision
  /** Whether it is worth asking the target what a hold is about. */
  wantsSamples(hold: string): boolean
  /** Shows reviewers some of the rows that a hold is about. Never throws. */
  sampled(hold: string, samples: readonly HeldRows[]): void
  /** Records actions that the target refused before they could run (a planner error, say). */
  recordFailed(unit: Unit, end: { code: string; message: string }): void
  /** Records how an action ended. */
  settle(action: string, end: End): void
}
