import type { Action } from '../action/index.ts'
import type { ReviewAsked } from '../ledger/index.ts'

/** What one action is to the change that its session is a run of. */
export interface ChangeUse {
  readonly change: NonNullable<Action['change']>
  /** Rows it may change or delete, as the change declares. */
  readonly rows: number
  /** Whether those who approved the change are those whom a review asks for. */
  meets(review: ReviewAsked): boolean
}

/** Statements on their way to be final. Neither called: nobody knows what became of them, and they stay used. */
export interface FinalUse {
  /** Resolves when it is on the record that they were used; nothing may become final before. */
  readonly recorded: Promise<void>
  /** They are final. */
  done(): void
  /** The target has taken them back for certain. */
  restore(why: string): void
}

/** A session that showed the secret of a change, as a door works with it. Use is what the door was told last. */
export interface ChangeRun<Use extends ChangeUse = ChangeUse> {
  /**
   * What statements are to the change, if they ran now, one after the other. Uses nothing.
   * @param digests fingerprints; undefined: it cannot be a statement of a change
   */
  match(digests: readonly (string | undefined)[]): readonly Use[]
  /** Statements are sent in a transaction that stays open. */
  begin(uses: readonly Use[], actions: readonly string[]): void
  /** What the open transaction has run, and these, is about to become final. undefined: nothing of the change is. */
  finish(uses: readonly Use[], actions: readonly string[]): FinalUse | undefined
  /** The open transaction has ended without becoming final. */
  rolledBack(): void
  /** The session is over. */
  leave(): void
}
