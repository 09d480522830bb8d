/**
 * ledger/: the append-only record: write-ahead segments, hash chain, verify.
 * @module
 */
export type { Entry, EntryBodies, EntryKind, EntryOf, HoldOpened, Settlement } from './entry.ts'
export type { FileLayer, LayerFile } from './file-layer.ts'
export type { StateListener } from './file-ledger.ts'
export type { Appended, Ledger, LedgerHead, LedgerState } from './ledger.ts'
export { type FileLedgerOptions, openFileLedger } from './open-file-ledger.ts'
export { readLedger } from './read.ts'
export type { LedgerProblem } from './scan.ts'
export { type LedgerVerification, verifyLedger } from './verify.ts'
