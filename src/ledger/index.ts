/**
 * ledger/: the append-only record: write-ahead segments, hash chain, verify.
 * @module
 */
export type { Entry, EntryBodies, EntryKind, EntryOf, HoldOpened, Settlement } from './entry.ts'
export type { Appended, Ledger, LedgerHead, LedgerState } from './ledger.ts'
