import type { Entry, EntryBodies, EntryKind } from './entry.ts'

/** What `append` hands back at once. */
export interface Appended {
  /** Position on the ledger, from 0. */
  readonly index: number
  /** RFC 3339 UTC. */
  readonly at: string
  /**
   * Settles when the entry survives a power cut (`fdatasync` returned), or rejects with `ledger_unavailable`.
   * Entries appended together share one sync and one promise.
   */
  readonly durable: Promise<void>
}

/**
 * `now`: written and synced as soon as the disk is free. `soon`: may wait up to 10 ms for company, in this process, so
 * a crash in between loses it; anything appended with `now` takes along everything before it.
 */
export type Urgency = 'now' | 'soon'

/** Where the log ends: how many entries, and the hash over all of them. */
export interface LedgerHead {
  readonly size: number
  readonly hash: string
}

export type LedgerState = 'open' | 'failed' | 'closed'

/**
 * The append-only record. Entries keep the order in which `append` was called.
 * Implementations: `openFileLedger` (this room).
 */
export interface Ledger {
  readonly head: LedgerHead
  readonly state: LedgerState
  /**
   * Takes a place in the log at once; never waits.
   * @throws SallyportError `ledger_unavailable` once a write or sync has failed, and after `close`.
   */
  append<K extends EntryKind>(kind: K, body: EntryBodies[K], urgency?: Urgency): Appended
  /**
   * The entries from index `from` (default 0) up to those durable when the call was made, in order.
   * @param kinds only these: of segments that are full nothing else is read
   */
  entries(from?: number, kinds?: readonly EntryKind[]): AsyncIterable<Entry>
  /** Ids of actions that are on the record without an ending, the oldest first; those in flight are among them. */
  readonly openActions: readonly string[]
  /**
   * Like `entries`, from about a time on: all entries of that time and later, and some before. What is older is not
   * read.
   * @param at milliseconds since 1970
   */
  entriesSince(at: number): AsyncIterable<Entry>
  /**
   * Calls `listener` for each entry once it is durable, in order, until the returned function is called.
   * @param kinds only these; not given: all
   */
  subscribe(listener: (entry: Entry) => void, kinds?: readonly EntryKind[]): () => void
  /**
   * Calls `listener` with the number of durable entries whenever it has grown, until the returned function is called:
   * for those who follow from a distance. Costs nothing for an entry.
   */
  onDurable(listener: (size: number) => void): () => void
  /** Waits until everything appended so far is durable. */
  flush(): Promise<void>
  /** Flushes, closes the files and gives up the lock. */
  close(): Promise<void>
}
