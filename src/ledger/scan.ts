import { Chain, genesis } from './chain.ts'
import type { FileLayer, LayerFile } from './file-layer.ts'
import type { LedgerHead } from './ledger.ts'
import type { LedgerProblem } from './problem.ts'
import { type Indexing, ScanIndex } from './scan-index.ts'
import { type LaterRecord, laterRecords, SegmentCursor, usedBytes } from './segment-cursor.ts'
import { listSegments, readSegmentHeader } from './segment-store.ts'
import type { SegmentFile } from './segment-writer.ts'

/** Where the last segment can be written on. */
export interface SegmentTail {
  readonly segment: SegmentFile
  /** Behind the last whole entry. */
  readonly offset: number
  /** Where the last write began; all before it is known to be on the disk. */
  readonly lastWriteOffset: number
  /** Bytes of a torn tail behind `offset`. */
  readonly tornBytes: number
}

export interface LogScan {
  readonly entries: number
  /** Where the checked part of the log begins: what is older was checked before. */
  readonly checkedFrom: number
  /** The end of the log; without meaning where there are problems other than a torn tail. */
  readonly head: LedgerHead
  readonly segments: readonly SegmentFile[]
  readonly problems: readonly LedgerProblem[]
  readonly tail: SegmentTail | undefined
  /** Chain hash before the last segment, 64 hex digits. */
  readonly previous: string
}

/**
 * Reads the whole log, but for what `indexing` lets it pass by, and checks every checksum, index and hash. `atLeast` is
 * what the head file says.
 */
export async function scanLog(
  files: FileLayer,
  directory: string,
  atLeast: LedgerHead,
  indexing: Indexing,
): Promise<LogScan> {
  const segments = await listSegments(files, directory)
  const scanner = new Scanner(files, atLeast, new ScanIndex(files, indexing))
  const old = segments.length - 1 - indexing.checked
  for (const [position, segment] of segments.entries()) {
    await scanner.segment(segment, segments[position + 1], position < old)
  }
  return scanner.finish(segments, directory)
}

const nothing: Buffer = Buffer.alloc(0)

class Scanner {
  readonly #files: FileLayer
  readonly #atLeast: LedgerHead
  readonly #indexes: ScanIndex
  readonly #problems: LedgerProblem[] = []
  readonly #chain = new Chain()
  /** False behind a damaged place: then the next stored hash is taken as it stands, so one fault is told once. */
  #chained = true
  #index = 0
  #entries = 0
  #checkedFrom = 0
  #tail: SegmentTail | undefined
  #previous = genesis.toString('hex')

  constructor(files: FileLayer, atLeast: LedgerHead, indexes: ScanIndex) {
    this.#files = files
    this.#indexes = indexes
    this.#atLeast = atLeast
  }

  async segment(segment: SegmentFile, next: SegmentFile | undefined, isOld: boolean): Promise<void> {
    const file = await this.#files.open(segment.path, 'read')
    try {
      await this.#begin(segment, file)
      const size = await file.size()
      const previous = this.#chain.lastHex
      await this.#indexes.begin(segment, next, previous, size)
      if (isOld && this.#skips()) return
      const cursor = new SegmentCursor(file, size)
      await this.#records(segment, next, cursor)
      if (next === undefined) this.#previous = previous
      else if (this.#problems.length === 0 && this.#index === next.firstIndex) {
        const { firstIndex: first } = segment
        const [last, end] = [this.#chain.lastHex, cursor.offset]
        const problem = await this.#indexes.end(segment, { first, next: next.firstIndex, previous, last, end })
        if (problem !== undefined) this.#problems.push(problem)
      }
    } finally {
      await file.close()
    }
  }

  #skips(): boolean {
    const index = this.#problems.length > 0 ? undefined : this.#indexes.skip(this.#atLeast)
    if (index === undefined) return false
    this.#chain.reset(Buffer.from(index.last, 'hex'))
    this.#entries += index.next - index.first
    this.#index = index.next
    this.#checkedFrom = index.next
    return true
  }

  finish(segments: readonly SegmentFile[], directory: string): LogScan {
    const { size } = this.#atLeast
    if (this.#index < size) {
      const message = `the log ends before entry ${this.#index}; the head file says there were at least ${size}`
      const file = segments.at(-1)?.path ?? directory
      this.#problems.push({ kind: 'truncated', file, offset: this.#tail?.offset ?? 0, index: this.#index, message })
    }
    return {
      entries: this.#entries,
      checkedFrom: this.#checkedFrom,
      head: { size: this.#index, hash: this.#chain.lastHex },
      segments,
      problems: this.#problems,
      tail: this.#tail,
      previous: this.#previous,
    }
  }

  /** Checks that the segment goes on where the log is. */
  async #begin(segment: SegmentFile, file: LayerFile): Promise<void> {
    const { path, firstIndex } = segment
    const header = await readSegmentHeader(file)
    const missing = firstIndex - this.#index
    if (missing > 0) {
      const message =
        `${entriesText(this.#index, firstIndex)} missing before this segment: ` +
        'a segment file was removed, or the end of the one before was cut off'
      this.#problems.push({ kind: 'incomplete', file: path, offset: 0, index: this.#index, message })
      this.#chained = false
    }
    const wrong = typeof header === 'string' ? header : this.#contradiction(header, firstIndex)
    if (wrong !== undefined) {
      this.#problems.push({
        kind: 'altered',
        file: path,
        offset: 0,
        index: firstIndex,
        message: `the segment header ${wrong}`,
      })
    }
    if (!this.#chained && typeof header !== 'string') {
      this.#chain.reset(header.previous)
      this.#chained = true
    }
    this.#index = firstIndex
  }

  #contradiction(header: { firstIndex: number; previous: Buffer }, firstIndex: number): string | undefined {
    if (header.firstIndex !== firstIndex) return `says entry ${header.firstIndex}, its file name ${firstIndex}`
    if (this.#chained && !this.#chain.is(header.previous)) return 'does not continue the hash chain'
    return undefined
  }

  async #records(segment: SegmentFile, next: SegmentFile | undefined, cursor: SegmentCursor): Promise<void> {
    const limit = next?.firstIndex ?? Number.POSITIVE_INFINITY
    let lastWriteOffset = cursor.offset
    while (this.#index < limit) {
      const offset = cursor.offset
      let step = cursor.next()
      if (step.type === 'fill' && (await cursor.fill())) continue
      let rest: Buffer = nothing
      if (step.type !== 'record') {
        rest = await cursor.rest()
        // A server may be writing here just now. Writes go from front to back, so a record that was half there, or
        // not there at all, before something behind it could be read is whole at a second look.
        step = await cursor.look()
      }
      if (step.type === 'record') {
        if (step.placeInWrite === 0) lastWriteOffset = offset
        this.#record(segment, offset, step)
        continue
      }
      const used = usedBytes(rest)
      const fault = used === 0 ? undefined : this.#fault(segment, next, offset, step, rest)
      if (fault?.resume !== undefined) {
        cursor.seek(fault.resume.offset)
        this.#index = fault.resume.index
        continue
      }
      if (next === undefined) {
        this.#tail = { segment, offset, lastWriteOffset, tornBytes: fault?.torn === true ? used : 0 }
      }
      return
    }
    await this.#remains(segment, next, cursor)
  }

  /** One whole record: does it stand in its place, and does the chain hold? */
  #record(segment: SegmentFile, offset: number, record: { index: number; payload: Buffer; hash: Buffer }): void {
    const { index, hash } = record
    const found = (kind: LedgerProblem['kind'], at: number, message: string) =>
      this.#problems.push({ kind, file: segment.path, offset, index: at, message })
    if (index < this.#index) {
      // What was missed before has turned up here.
      const missed = this.#problems.findIndex((problem) => problem.kind === 'incomplete' && problem.index === index)
      if (missed >= 0) this.#problems.splice(missed, 1)
      found(missed >= 0 ? 'reordered' : 'altered', index, `entry ${index} stands where entry ${this.#index} belongs`)
      return
    }
    if (index > this.#index) {
      found('incomplete', this.#index, `${entriesText(this.#index, index)} missing before entry ${index}`)
      this.#chained = false
    }
    if (this.#chained && !this.#chain.extendWith(index, record.payload).equals(hash)) {
      found('altered', index, `entry ${index} does not match its chain hash: it or one before it was changed`)
    }
    this.#chain.reset(hash)
    this.#chained = true
    this.#index = index + 1
    this.#entries++
    this.#indexes.note(offset, record)
    if (this.#index === this.#atLeast.size && hash.toString('hex') !== this.#atLeast.hash) {
      found('altered', index, `the log up to entry ${index} is not the one the head file was written for`)
    }
  }

  /** What a damaged place is, and where to go on behind it. */
  #fault(
    segment: SegmentFile,
    next: SegmentFile | undefined,
    offset: number,
    step: { type: string; reason?: string },
    rest: Buffer,
  ): { torn: true; resume?: undefined } | { torn: false; resume: LaterRecord | undefined } {
    const index = this.#index
    let resume: LaterRecord | undefined
    let synced = index < this.#atLeast.size || next !== undefined
    for (const later of laterRecords(rest, offset, index)) {
      if (next !== undefined && later.index >= next.firstIndex) break
      resume ??= later
      // Written after a sync that covered the damaged entry, so this is no crash.
      if (later.index - later.placeInWrite > index) synced = true
      if (synced) break
    }
    const torn = { kind: 'torn-tail', file: segment.path, offset, index } as const
    if (!synced) {
      const message = `the last write was cut short; ${usedBytes(rest)} bytes, never acknowledged, are left of it`
      this.#problems.push({ ...torn, message })
      return { torn: true }
    }
    const until = resume?.index ?? next?.firstIndex ?? index + 1
    const message =
      step.type === 'end'
        ? `${entriesText(index, until)} missing: zeros stand in their place`
        : `entry ${index} ${step.reason ?? 'is cut short'}${until > index + 1 ? `; ${entriesText(index, until)} lost` : ''}`
    this.#problems.push({ ...torn, kind: step.type === 'end' ? 'incomplete' : 'altered', message })
    this.#chained = false
    if (resume === undefined) this.#index = until
    return { torn: false, resume }
  }

  /** Behind the last entry of a segment that is followed by another one there is nothing. */
  async #remains(segment: SegmentFile, next: SegmentFile | undefined, cursor: SegmentCursor): Promise<void> {
    if (next === undefined || usedBytes(await cursor.rest()) === 0) return
    const file = await this.#files.open(next.path, 'read')
    try {
      const header = await readSegmentHeader(file)
      if (typeof header !== 'string' && header.afterFailure) return
    } finally {
      await file.close()
    }
    const message = `there are bytes behind entry ${this.#index - 1}, the last one of this segment`
    this.#problems.push({ kind: 'altered', file: segment.path, offset: cursor.offset, index: this.#index, message })
  }
}

/** `entry 4 is`, `entries 4 to 6 are`; `until` is the first index after them. */
function entriesText(from: number, until: number): string {
  return until - from === 1 ? `entry ${from} is` : `entries ${from} to ${until - 1} are`
}
