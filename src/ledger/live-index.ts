import type { BatchedEntry } from './batch.ts'
import type { Entry } from './entry.ts'
import type { FileLayer } from './file-layer.ts'
import { actionOf, type SegmentIndexer, writeSegmentIndex } from './segment-index.ts'
import type { SegmentWriter } from './segment-writer.ts'

/** Keeps the index of the segment that is being written, and puts it beside the segment once that is full. */
export class LiveIndex {
  readonly #files: FileLayer
  readonly #indexer: SegmentIndexer
  /** Chain hash before the segment; undefined: it was not written from its beginning on. */
  #previous: Buffer | undefined
  #written: Promise<void> = Promise.resolve()

  constructor(files: FileLayer, indexer: SegmentIndexer, previous: Buffer) {
    this.#files = files
    this.#indexer = indexer
    this.#previous = previous
  }

  /** Actions without an ending among what is durable, the oldest first. */
  get open(): readonly string[] {
    return [...this.#indexer.open]
  }

  /** @param place offset in the segment of what starts at byte 0 of the batch */
  durable({ kind, index, start, action }: BatchedEntry, place: number): void {
    this.#indexer.add(kind, index, place + start, action)
  }

  /** The segment is full. Without an index the next start reads it instead. @param hash chain hash after its last */
  sealed({ segment, position }: SegmentWriter, next: number, hash: Buffer): void {
    const previous = this.#previous
    this.#previous = hash
    const index = this.#indexer.seal({
      first: segment.firstIndex,
      next,
      previous: previous?.toString('hex') ?? '',
      last: hash.toString('hex'),
      end: position,
    })
    if (previous === undefined) return
    this.#written = this.#written.then(() => writeSegmentIndex(this.#files, segment, index)).catch(() => undefined)
  }

  /** The log goes on in a segment that begins with what could be read back, so the next start makes its index. */
  restarted(kept: readonly Entry[]): void {
    this.#previous = undefined
    for (const { kind, index, body } of kept) this.#indexer.add(kind, index, 0, actionOf(kind, body))
  }

  /** Resolves when nothing is being written any more. */
  close(): Promise<void> {
    return this.#written
  }
}
