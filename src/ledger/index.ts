/**
 * ledger/: the append-only record: write-ahead segments, hash chain, verify.
 *
 * ```text
 * <data>/ledger/segments/00000000000000000000.seg   entries; named by the first index (format.ts)
 *                        00000000000000000000.idx   what is in a full segment (segment-index.ts)
 *               head                                how long the log was at the least (head-file.ts)
 *               checkpoint, tile/…, payload/…, key  the public log (tlog/)
 *               checkpoint.witnessed, anchors.json  what went beyond this folder (tlog/anchors.ts)
 *               lock.<n>                            who may write (lock.ts)
 * ```
 *
 * An entry goes: `file-ledger.ts` (order, batches, failure) → `batch.ts` and `chain.ts` (bytes and hash) →
 * `segment-writer.ts` (one write, one sync). `scan.ts` is the one judge of what stands on the disk, for opening and
 * for `verifyLedger`; `salvage.ts` is how a ledger gets back to work after its disk failed.
 * @module
 */
export {
  type ChangeOpened,
  type ChangeStatement,
  type Entry,
  type EntryBodies,
  type EntryKind,
  type EntryOf,
  type HeldRows,
  type HoldOpened,
  type Judged,
  type ReviewAsked,
  type ReviewStep,
  type Settlement,
  type SignedTap,
  settlements,
  type WorkloadIdentity,
} from './entry.ts'
export { type FileLayer, type LayerFile, nodeFiles } from './file-layer.ts'
export type { FileLedger, StateListener } from './file-ledger.ts'
export { follow } from './follow.ts'
export type { Appended, Ledger, LedgerHead, LedgerState, Urgency } from './ledger.ts'
export { type FileLedgerOptions, openFileLedger } from './open-file-ledger.ts'
export type { LedgerProblem } from './problem.ts'
export { yieldToDoors } from './quiet-thread.ts'
export { Bookmark, readLedger } from './read.ts'
export { type LedgerStatus, ledgerStatus } from './status.ts'
export {
  type AnchorState,
  Anchors,
  type EntryProof,
  encodeProof,
  parseProof,
  parseVerifierKey,
  proveEntry,
  type RunningWitness,
  readKept,
  readSigningKey,
  signingKey,
  startWitness,
  TransparencyLog,
  verifyProof,
} from './tlog/index.ts'
export { type LedgerVerification, type VerifyOptions, verifyLedger } from './verify.ts'
export { verifyInThread } from './verify-in-thread.ts'
