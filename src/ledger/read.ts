import { SallyportError } from '../errors/index.ts'
import { decodeEntry } from './codec.ts'
import type { Entry, EntryKind } from './entry.ts'
import { type FileLayer, nodeFiles } from './file-layer.ts'
import { type StoredRecord, segmentHeaderBytes } from './format.ts'
import { SegmentCursor } from './segment-cursor.ts'
import { frequent, kindOf, type Place, readSegmentIndex } from './segment-index.ts'
import { listSegments, segmentsPath } from './segment-store.ts'
import type { SegmentFile } from './segment-writer.ts'

/**
 * The entries of a ledger folder (`<data>/ledger`) in order, without its lock: a server may be writing to it, and
 * what is read may then be ahead of what it has acknowledged. Checksums are checked; the hash chain is `verifyLedger`'s.
 * @throws SallyportError `ledger_corrupt`, `not_found`
 */
export async function* readLedger(
  directory: string,
  options: {
    readonly from?: number
    /** Milliseconds since 1970: from about then on, nothing left out. */
    readonly since?: number
    readonly files?: FileLayer
    /** Where the last reading stopped: one that goes on from there need not look for the place. */
    readonly bookmark?: Bookmark
  } = {},
): AsyncGenerator<Entry, void, undefined> {
  const files = options.files ?? nodeFiles
  const segments = await listSegments(files, directory)
  if (segments.length === 0) throw noLedger(directory)
  const begin = options.since === undefined ? 0 : await firstIndexSince(files, segments, options.since)
  yield* readSegments(files, segments, Math.max(begin, options.from ?? 0), undefined, options.bookmark)
}

/**
 * A place behind a record that was read: which record comes next, and at which byte of which segment. Records never
 * move, so whoever follows a ledger goes on from there; otherwise a segment is read from its beginning.
 */
export class Bookmark {
  segment = ''
  index = 0
  offset = 0
}

/** Milliseconds by which a clock may be set back without anything being left out that is asked for by time. */
const clockSlack = 60_000

/** Where the last segment begins that begins before a time (milliseconds since 1970): few segments are looked into. */
export async function firstIndexSince(
  files: FileLayer,
  segments: readonly SegmentFile[],
  since: number,
): Promise<number> {
  let low = 0
  for (let high = segments.length; high - low > 1; ) {
    const middle = (low + high) >> 1
    const begins = await beginOf(files, segments[middle])
    if (begins !== undefined && begins < since - clockSlack) low = middle
    else high = middle
  }
  return segments[low]?.firstIndex ?? 0
}

async function beginOf(files: FileLayer, segment: SegmentFile | undefined): Promise<number | undefined> {
  if (segment === undefined) return undefined
  const records = readSegment(files, segment, segment.firstIndex, Number.POSITIVE_INFINITY)
  for await (const { index, hash, payload } of records) return Date.parse(decodeEntry(index, hash, payload).at)
  return undefined
}

export function noLedger(directory: string): SallyportError {
  return new SallyportError(
    'not_found',
    `There is no ledger in ${directory}: ${segmentsPath(directory)} has no segments.`,
    {
      hint: 'A ledger stands in the folder "ledger" of the server\'s data folder.',
    },
  )
}

/** The entries from `from` up to but without `to`; undefined: up to the end of what can be read. */
export async function* readSegments(
  files: FileLayer,
  segments: readonly SegmentFile[],
  from: number,
  to: number | undefined,
  bookmark?: Bookmark,
): AsyncGenerator<Entry, void, undefined> {
  for await (const { index, hash, payload } of readRecords(files, segments, from, to, bookmark)) {
    yield decodeEntry(index, hash, payload)
  }
}

/** The entries of some kinds. Of a full segment only these are read, where its index says where they are. */
export async function* readKinds(
  files: FileLayer,
  segments: readonly SegmentFile[],
  from: number,
  to: number,
  kinds: readonly EntryKind[],
): AsyncGenerator<Entry, void, undefined> {
  const wanted: ReadonlySet<string> = new Set(kinds)
  const indexed = kinds.every((kind) => !frequent.has(kind))
  for (const [position, segment] of segments.entries()) {
    const next = segments[position + 1]?.firstIndex
    const limit = Math.min(next ?? to, to)
    if (limit <= from || segment.firstIndex >= limit) continue
    const known = indexed && next !== undefined ? await readSegmentIndex(files, segment) : undefined
    const records =
      known?.first === segment.firstIndex && known.next === next
        ? readPlaces(files, segment, placesOf(known.places, kinds))
        : readSegment(files, segment, from, limit)
    for await (const { index, hash, payload } of records) {
      if (index >= from && index < limit && wanted.has(kindOf(payload))) yield decodeEntry(index, hash, payload)
    }
  }
}

function placesOf(places: Readonly<Record<string, readonly Place[]>>, kinds: readonly EntryKind[]): Place[] {
  return kinds.flatMap((kind) => places[kind] ?? []).sort(([a], [b]) => a - b)
}

async function* readPlaces(
  files: FileLayer,
  segment: SegmentFile,
  places: readonly Place[],
): AsyncGenerator<StoredRecord, void, undefined> {
  if (places.length === 0) return
  const file = await files.open(segment.path, 'read')
  try {
    const cursor = new SegmentCursor(file, await file.size())
    for (const [index, offset] of places) {
      cursor.seek(offset)
      let step = cursor.next()
      while (step.type === 'fill' && (await cursor.fill())) step = cursor.next()
      if (step.type !== 'record' || step.index !== index) throw unreadable(index, segment, offset)
      yield step
    }
  } finally {
    await file.close()
  }
}

function unreadable(index: number, { path }: SegmentFile, offset: number): SallyportError {
  return new SallyportError('ledger_corrupt', `Entry ${index} cannot be read (${path}, byte ${offset}).`, {
    hint: 'Run: sallyport ledger verify',
  })
}

/** The records as stored; their bytes stay valid. The same bounds as `readSegments`. */
export async function* readRecords(
  files: FileLayer,
  segments: readonly SegmentFile[],
  from: number,
  to: number | undefined,
  bookmark?: Bookmark,
): AsyncGenerator<StoredRecord, void, undefined> {
  for (const [position, segment] of segments.entries()) {
    const limit = Math.min(
      segments[position + 1]?.firstIndex ?? Number.POSITIVE_INFINITY,
      to ?? Number.POSITIVE_INFINITY,
    )
    if (limit <= from || segment.firstIndex >= limit) continue
    yield* readSegment(files, segment, from, limit, bookmark)
  }
}

async function* readSegment(
  files: FileLayer,
  segment: SegmentFile,
  from: number,
  limit: number,
  bookmark?: Bookmark,
): AsyncGenerator<StoredRecord, void, undefined> {
  const file = await files.open(segment.path, 'read')
  try {
    const cursor = new SegmentCursor(file, await file.size())
    let index = segment.firstIndex
    let next = from
    let isResumed = false
    if (bookmark?.segment === segment.path && bookmark.index <= from) {
      isResumed = true
      index = bookmark.index
      cursor.seek(bookmark.offset)
    }
    while (index < limit) {
      const offset = cursor.offset
      const step = cursor.next()
      if (step.type === 'fill' && (await cursor.fill())) continue
      if (step.type === 'record' && step.index === index) {
        index++
        isResumed = false
        if (bookmark !== undefined) {
          bookmark.segment = segment.path
          bookmark.index = index
          bookmark.offset = cursor.offset
        }
        if (index > next) {
          next = index
          yield step
        }
        continue
      }
      if (isResumed && !(step.type === 'end' && limit === Number.POSITIVE_INFINITY)) {
        // Another file took the place of the one that was read: its beginning holds in any case.
        isResumed = false
        index = segment.firstIndex
        cursor.seek(segmentHeaderBytes)
        continue
      }
      // Where the end is not known, the first thing that is no whole entry is the end.
      if (limit === Number.POSITIVE_INFINITY && step.type !== 'record') return
      throw unreadable(index, segment, offset)
    }
  } finally {
    await file.close()
  }
}
