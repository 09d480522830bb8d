import { type FileLayer, nodeFiles } from './file-layer.ts'
import { emptyHead, headPath, readHeadFile } from './head-file.ts'
import type { LedgerHead } from './ledger.ts'
import { isLedgerInUse } from './lock.ts'
import type { LedgerProblem } from './problem.ts'
import { noLedger } from './read.ts'
import { scanLog } from './scan.ts'
import { SegmentIndexer } from './segment-index.ts'
import { listSegments } from './segment-store.ts'
import { parseVerifierKey } from './tlog/note.ts'
import { verifyLog, type Witnessed } from './tlog/verify-log.ts'

export interface LedgerVerification {
  /** Whether every acknowledged entry is there and unchanged; a torn tail alone, which a crash leaves, is no fault. */
  readonly ok: boolean
  /** Whole entries found. */
  readonly entries: number
  /** The end of the log as found. */
  readonly head: LedgerHead
  readonly segments: number
  /** The newest signed checkpoint, if there is one: how many entries it is about. */
  readonly checkpoint: { readonly origin: string; readonly size: number; readonly root: string } | null
  /** How many entries witnesses vouch for, and who of those asked for; null: nobody. */
  readonly witnessed: Witnessed | null
  readonly problems: readonly LedgerProblem[]
}

export interface VerifyOptions {
  readonly files?: FileLayer
  /** Verifier key of the ledger; default: that of the key file beside it, which proves less. */
  readonly key?: string
  /** Checkpoints that were kept elsewhere: the log must go on from each. */
  readonly against?: readonly { readonly name: string; readonly note: string }[]
  /** Verifier keys of witnesses who must have signed. */
  readonly witnesses?: readonly string[]
}

/**
 * Reads a ledger folder (`<data>/ledger`) and checks all of it; changes nothing. Works while a server has it open:
 * then it speaks about the log up to some moment after the call.
 * @throws SallyportError `not_found`; `ledger_corrupt` for an unreadable head file
 */
export async function verifyLedger(directory: string, options: VerifyOptions = {}): Promise<LedgerVerification> {
  const files = options.files ?? nodeFiles
  // In this order: a log that grows meanwhile is only longer than the head file says.
  const atLeast = await readHeadFile(files, directory)
  if (atLeast === undefined && (await listSegments(files, directory)).length === 0) throw noLedger(directory)
  const inUse = await isLedgerInUse(directory)
  const indexing = { indexer: new SegmentIndexer(), checked: Number.POSITIVE_INFINITY, writes: false }
  const scan = await scanLog(files, directory, atLeast ?? emptyHead, indexing)
  // Half a write at the end of a ledger in use is one that is being written.
  const problems = scan.problems.filter((problem) => !(inUse && problem.kind === 'torn-tail'))
  if (atLeast === undefined) problems.push(missingHead(directory))
  const isWhole = problems.every((problem) => problem.kind === 'torn-tail')
  const log = await verifyLog({
    files,
    directory,
    segments: isWhole ? scan.segments : [],
    entries: isWhole ? scan.head.size : 0,
    inUse,
    ...(options.key === undefined ? {} : { verifier: parseVerifierKey(options.key) }),
    against: isWhole ? (options.against ?? []) : [],
    witnesses: (options.witnesses ?? []).map((key) => parseVerifierKey(key, 'cosignature')),
  })
  // Where the segments themselves are damaged, what was published differs too: that is no news.
  if (isWhole) problems.push(...log.problems)
  const { checkpoint, witnessed = null } = log
  return {
    ok: problems.every((problem) => problem.kind === 'torn-tail'),
    entries: scan.entries,
    head: scan.head,
    segments: scan.segments.length,
    checkpoint:
      checkpoint === undefined
        ? null
        : { origin: checkpoint.origin, size: checkpoint.size, root: checkpoint.root.toString('base64') },
    witnessed,
    problems,
  }
}

/** A ledger has its head file before its first segment, so it was removed. */
export function missingHead(directory: string): LedgerProblem {
  const message = 'the head file is missing, so nobody can tell whether the end of the log was cut off'
  return { kind: 'incomplete', file: headPath(directory), offset: 0, index: 0, message }
}
