import type { Action, Outcome } from '../action/index.ts'
import type { Hold } from '../holds/index.ts'
import type { Settlement } from '../ledger/index.ts'

/**
 * Actions that are let through or refused together because the protocol cannot separate them
 * (one simple Query message; one pipelined batch up to Sync).
 */
export interface Unit {
  readonly actions: readonly Action[]
  /** SHA-256 over the exact bytes that would run; what an approval is bound to. */
  readonly digest: string
  /** What the door does with the effect `unknown` when no rule allows it outright. */
  readonly unknown: Outcome
  /** Milliseconds the client may be kept waiting for reviewers; 0: refuse at once with the hold's id. */
  readonly wait: number
}

/** Why an action does not run, in words for the person at the other end. */
export interface Refusal {
  /** SP001 held, SP002 blocked, SP003 rejected, SP004 expired, SP005 record cannot be written. */
  readonly code: 'SP001' | 'SP002' | 'SP003' | 'SP004' | 'SP005'
  readonly message: string
  readonly detail: string
  readonly hint: string
}

/** What the door must do with a unit. */
export type Decision =
  | {
      readonly kind: 'pass'
      /** Resolves when the intents are durable; rejects if they cannot be (then nothing may take effect). */
      readonly recorded: Promise<void>
    }
  | { readonly kind: 'refuse'; readonly refusal: Refusal }
  | {
      readonly kind: 'wait'
      readonly hold: Hold
      /** What to tell the client at once. */
      readonly notice: { readonly message: string; readonly detail: string; readonly hint: string }
      /** Resolves once: undefined means run the very same bytes now; everything about it is durable. */
      readonly decided: Promise<Refusal | undefined>
      /** The client gave up (Ctrl-C, disconnect). `decided` then resolves with a refusal. */
      withdraw(reason: string): void
    }

/** The one path every action goes: record, judge, hold, settle. */
export interface Gate {
  submit(unit: Unit): Decision
  settle(action: string, end: { outcome: Settlement; rows: number | null; code?: string; message?: string }): void
}
