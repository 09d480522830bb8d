import { defaults } from './defaults.ts'
import { type LayerFile, readFully } from './file-layer.ts'
import { decodeRecord, type StoredRecord, segmentHeaderBytes } from './format.ts'

export type Step =
  | StoredRecord
  | { readonly type: 'end' }
  | { readonly type: 'bad'; readonly reason: string }
  /** `fill` has to be awaited first. */
  | { readonly type: 'fill' }

/** A record found behind a damaged place. */
export interface LaterRecord {
  readonly offset: number
  readonly index: number
  readonly placeInWrite: number
}

/** Walks the records of one segment. Decoding is synchronous; only `fill` waits, once per chunk. */
export class SegmentCursor {
  readonly #file: LayerFile
  readonly #size: number
  #buffer = Buffer.allocUnsafeSlow(0)
  #bufferAt = 0
  #valid = 0
  #wanted = 0
  /** Offset in the file of the next record. */
  #offset = segmentHeaderBytes

  constructor(file: LayerFile, size: number) {
    this.#file = file
    this.#size = size
  }

  get offset(): number {
    return this.#offset
  }

  /** The record at the cursor, which then stands behind it; its bytes stay valid until the next `fill`. */
  next(): Step {
    const left = this.#size - this.#offset
    if (left <= 0) return { type: 'end' }
    const step = decodeRecord(this.#buffer, this.#offset - this.#bufferAt, this.#valid, left)
    if (step.type === 'more') {
      this.#wanted = step.bytes
      return { type: 'fill' }
    }
    if (step.type === 'record') this.#offset += step.length
    return step
  }

  /** Reads what `next` asked for, and some more. False: the file got shorter. */
  async fill(): Promise<boolean> {
    const length = Math.min(Math.max(this.#wanted, defaults.readBytes), this.#size - this.#offset)
    // A fresh buffer each time: records handed out before keep their bytes.
    this.#buffer = Buffer.allocUnsafeSlow(length)
    this.#bufferAt = this.#offset
    this.#valid = await readFully(this.#file, this.#buffer, length, this.#offset)
    return this.#valid >= this.#wanted
  }

  /** `next`, on what is on the disk now. */
  async look(): Promise<Step> {
    this.#valid = 0
    this.#bufferAt = this.#offset
    for (;;) {
      const step = this.next()
      if (step.type !== 'fill') return step
      if (!(await this.fill())) return { type: 'bad', reason: 'is cut short' }
    }
  }

  seek(offset: number): void {
    if (offset < this.#bufferAt || offset > this.#bufferAt + this.#valid) {
      this.#valid = 0
      this.#bufferAt = offset
    }
    this.#offset = offset
  }

  /** Everything from the cursor to the end of the file. A segment is small enough to be held. */
  async rest(): Promise<Buffer> {
    const bytes = Buffer.allocUnsafeSlow(Math.max(0, this.#size - this.#offset))
    return bytes.subarray(0, await readFully(this.#file, bytes, bytes.length, this.#offset))
  }
}

const zeros = Buffer.alloc(64 * 1024)

/** How many bytes there are up to the last one that is not zero. */
export function usedBytes(bytes: Buffer): number {
  let end = bytes.length
  while (end > 0) {
    const start = Math.max(0, end - zeros.length)
    if (bytes.compare(zeros, 0, end - start, start, end) !== 0) break
    end = start
  }
  while (end > 0 && bytes[end - 1] === 0) end--
  return end
}

/**
 * The whole records in `bytes` (which lie at `offset` of the file) with an index from `atLeast` on. Records are not
 * aligned, so every byte may be the start of one; the upper half of the index, nearly always zero, sorts out most.
 */
export function* laterRecords(bytes: Buffer, offset: number, atLeast: number): Generator<LaterRecord> {
  const end = usedBytes(bytes)
  const atMost = atLeast + bytes.length
  for (let at = 1; at < end; ) {
    const high = at + 15 < end ? bytes.readUInt32LE(at + 12) : 0
    const found = high <= atMost / 2 ** 32 ? decodeRecord(bytes, at, bytes.length, bytes.length - at) : undefined
    if (found?.type === 'record' && found.index >= atLeast && found.index <= atMost) {
      yield { offset: offset + at, index: found.index, placeInWrite: found.placeInWrite }
      at += found.length
    } else {
      at++
    }
  }
}
