import { SallyportError } from '../errors/index.ts'
import { Chain } from './chain.ts'
import { decodeEntry } from './codec.ts'
import type { Entry } from './entry.ts'
import type { FileLayer } from './file-layer.ts'
import { recordHeaderBytes, type StoredRecord } from './format.ts'
import type { LedgerHead } from './ledger.ts'
import { SegmentCursor, usedBytes } from './segment-cursor.ts'
import { listSegments, readSegmentHeader } from './segment-store.ts'

/** What is left of the writes whose fate a failure left open. */
export interface Salvage {
  /** Entries behind the last durable one that are whole. */
  readonly entries: readonly Entry[]
  /** Their records. */
  readonly records: Buffer
  /** The log's end with them. */
  readonly size: number
  readonly hash: Buffer
  readonly segment: string
  readonly discardedBytes: number
}

/**
 * Looks, after a write or sync failed, at what the disk holds. Entries whose promise was rejected may stand there
 * whole: they are kept. But that they can be read does not mean that they are on the disk (after a failed sync the
 * kernel may hold them in memory only, as clean), so they have to be written again elsewhere.
 * @throws SallyportError `ledger_corrupt` if what was durable is not there as it was
 */
export async function salvage(files: FileLayer, directory: string, durable: LedgerHead): Promise<Salvage> {
  const segment = (await listSegments(files, directory)).at(-1)
  if (segment === undefined) throw lost(directory, durable.size)
  const file = await files.open(segment.path, 'read')
  try {
    const header = await readSegmentHeader(file)
    if (typeof header === 'string' || header.firstIndex > durable.size) throw lost(segment.path, durable.size)
    const cursor = new SegmentCursor(file, await file.size())
    const chain = new Chain(header.previous)
    const entries: Entry[] = []
    const records: Buffer[] = []
    let index = header.firstIndex
    let end = cursor.offset
    for (;;) {
      if (index === durable.size && chain.lastHex !== durable.hash) throw lost(segment.path, durable.size)
      const step = cursor.next()
      if (step.type === 'fill' && (await cursor.fill())) continue
      if (step.type !== 'record' || step.index !== index) break
      const before = chain.last
      if (!chain.extendWith(index, step.payload).equals(step.hash)) {
        chain.reset(before)
        break
      }
      if (index >= durable.size) {
        entries.push(decodeEntry(index, step.hash, step.payload))
        records.push(bytesOf(step))
      }
      index++
      end = cursor.offset
    }
    if (index < durable.size) throw lost(segment.path, index)
    cursor.seek(end)
    const discardedBytes = usedBytes(await cursor.rest())
    return {
      entries,
      records: Buffer.concat(records),
      size: index,
      hash: chain.last,
      segment: segment.path,
      discardedBytes,
    }
  } finally {
    await file.close()
  }
}

function bytesOf({ payload, length }: StoredRecord): Buffer {
  return Buffer.from(payload.buffer, payload.byteOffset - recordHeaderBytes, length)
}

function lost(path: string, index: number): SallyportError {
  return new SallyportError(
    'ledger_corrupt',
    `The ledger is not what it was before the failure: ${path}, entry ${index}.`,
    {
      hint: 'Stop the server, look at the disk, and run: sallyport ledger verify',
    },
  )
}
