import { basename } from 'node:path'
import { errorMessage, SallyportError } from '../errors/index.ts'
import { genesis } from './chain.ts'
import { defaults } from './defaults.ts'
import { type FileLayer, nodeFiles } from './file-layer.ts'
import { FileLedger, type StateListener } from './file-ledger.ts'
import { emptyHead, readHeadFile, writeHeadFile } from './head-file.ts'
import type { LedgerHead } from './ledger.ts'
import { LiveIndex } from './live-index.ts'
import { LedgerLock } from './lock.ts'
import type { LedgerProblem } from './problem.ts'
import { type LogScan, scanLog } from './scan.ts'
import { SegmentIndexer } from './segment-index.ts'
import { listSegments, SegmentStore, segmentsPath } from './segment-store.ts'
import type { SegmentWriter } from './segment-writer.ts'
import { missingHead } from './verify.ts'

export interface FileLedgerOptions {
  /** The ledger's folder, `<data>/ledger`; made if it is not there. */
  readonly directory: string
  /** Told when the ledger fails (with the reason), works again, or is closed. */
  readonly onState?: StateListener
  /** Milliseconds since 1970, UTC. */
  readonly now?: () => number
  readonly files?: FileLayer
  /** See `defaults.ts` for these. */
  readonly segmentBytes?: number
  readonly checkedSegments?: number
  readonly retryMs?: number
  readonly headEveryMs?: number
  readonly maxQueuedBytes?: number
}

/**
 * Opens the ledger, or makes a new one: takes its lock, checks the newest entries (`defaults.checkedSegments`) and that
 * older segments are there and go on from each other, and discards what a crash left of a write
 * that was never acknowledged (recorded as `ledger.recovered`).
 * @throws SallyportError `ledger_locked`: another process has it open; `ledger_corrupt`: it was altered or cut short
 */
export async function openFileLedger(options: FileLedgerOptions): Promise<FileLedger> {
  const { directory, files = nodeFiles } = options
  try {
    await files.makeDirectory(directory)
    await files.makeDirectory(segmentsPath(directory))
    const lock = await LedgerLock.acquire(directory)
    try {
      return await openLocked(options, files, lock)
    } catch (error) {
      await lock.release()
      throw error
    }
  } catch (error) {
    if (error instanceof SallyportError) throw error
    const message = `The ledger in ${directory} cannot be opened: ${errorMessage(error)}.`
    throw new SallyportError('ledger_unavailable', message, {
      hint: 'Check that the folder can be read and written by this user, and that the disk has room.',
      cause: error,
    })
  }
}

async function openLocked(options: FileLedgerOptions, files: FileLayer, lock: LedgerLock): Promise<FileLedger> {
  const { directory } = options
  const atLeast = await lowerBound(files, directory)
  const indexer = new SegmentIndexer()
  const scan = await scanLog(files, directory, atLeast, {
    indexer,
    writes: true,
    checked: options.checkedSegments ?? defaults.checkedSegments,
  })
  const fault = scan.problems.find((problem) => problem.kind !== 'torn-tail')
  if (fault !== undefined) throw corrupt(fault, scan.problems.length)
  const store = new SegmentStore(files, directory, options.segmentBytes ?? defaults.segmentBytes)
  const writer = await writerFor(store, scan, atLeast)
  const ledger = new FileLedger({
    files,
    directory,
    lock,
    store,
    writer,
    segments: scan.tail === undefined ? [writer.segment] : scan.segments,
    index: new LiveIndex(files, indexer, Buffer.from(scan.previous, 'hex')),
    checkedFrom: scan.checkedFrom,
    head: scan.head,
    headWritten: atLeast.size,
    now: options.now ?? Date.now,
    retryMs: options.retryMs ?? defaults.retryMs,
    headEveryMs: options.headEveryMs ?? defaults.headEveryMs,
    maxQueuedBytes: options.maxQueuedBytes ?? defaults.maxQueuedBytes,
    onState: options.onState ?? (() => undefined),
  })
  try {
    await recordRecovery(ledger, scan)
    return ledger
  } catch (error) {
    await ledger.close()
    throw error
  }
}

/** What the head file says; it comes before the first segment, so without segments there may be none yet. */
async function lowerBound(files: FileLayer, directory: string): Promise<LedgerHead> {
  const head = await readHeadFile(files, directory)
  if (head !== undefined) return head
  if ((await listSegments(files, directory)).length > 0) throw corrupt(missingHead(directory), 1)
  await writeHeadFile(files, directory, emptyHead)
  return emptyHead
}

async function writerFor(store: SegmentStore, scan: LogScan, atLeast: LedgerHead): Promise<SegmentWriter> {
  const { tail } = scan
  if (tail === undefined) {
    return store.create({ firstIndex: 0, previous: genesis, afterFailure: false }, Buffer.alloc(0), 0)
  }
  const writer = await store.continue(tail.segment, tail.offset)
  // After a clean stop the head file names the last entry, and all is known to be on the disk.
  if (scan.head.size > atLeast.size || tail.tornBytes > 0) {
    try {
      await writer.restore(tail.lastWriteOffset, tail.tornBytes)
    } catch (error) {
      await writer.close().catch(() => undefined)
      throw error
    }
  }
  return writer
}

async function recordRecovery(ledger: FileLedger, { tail }: LogScan): Promise<void> {
  if (tail === undefined || tail.tornBytes === 0) return
  const segment = basename(tail.segment.path)
  await ledger.append('ledger.recovered', { discardedBytes: tail.tornBytes, segment }).durable
}

function corrupt({ file, offset, index, kind, message }: LedgerProblem, problems: number): SallyportError {
  const more = problems > 1 ? ` (the first of ${problems} problems)` : ''
  return new SallyportError(
    'ledger_corrupt',
    `The ledger is ${kind}: ${file}, byte ${offset}, entry ${index}: ${message}${more}.`,
    {
      hint: 'Run `sallyport ledger verify` for the whole picture. Keep these files as evidence, and restore the folder.',
    },
  )
}
