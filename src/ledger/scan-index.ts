import { isDeepStrictEqual } from 'node:util'
import { decodeEntry } from './codec.ts'
import type { FileLayer } from './file-layer.ts'
import type { LedgerHead } from './ledger.ts'
import type { LedgerProblem } from './problem.ts'
import {
  actionOf,
  frequent,
  indexPath,
  kindOf,
  readSegmentIndex,
  type SegmentIndex,
  type SegmentIndexer,
  writeSegmentIndex,
} from './segment-index.ts'
import type { SegmentFile } from './segment-writer.ts'

export interface Indexing {
  /** Takes what is in the log. */
  readonly indexer: SegmentIndexer
  /**
   * Full segments, the newest, that are read in any case. Of older ones that have an index only the header is looked
   * at, and that they go on from each other.
   */
  readonly checked: number
  /** Whether full segments that have no index get one. */
  readonly writes: boolean
}

/** What a scan has to do with the indexes of segments that are full: makes use of them, checks them, makes them. */
export class ScanIndex {
  readonly #files: FileLayer
  readonly #indexing: Indexing
  /** The index of the segment that is being read; undefined: it has none that fits. */
  #known: SegmentIndex | undefined

  constructor(files: FileLayer, indexing: Indexing) {
    this.#files = files
    this.#indexing = indexing
  }

  /**
   * Before a segment is read. @param next undefined: it is the last, and not full
   * @param previous chain hash where it begins, 64 hex digits @param size of its file, in bytes
   */
  async begin(segment: SegmentFile, next: SegmentFile | undefined, previous: string, size: number): Promise<void> {
    const index = next === undefined ? undefined : await readSegmentIndex(this.#files, segment)
    const fits =
      index?.first === segment.firstIndex &&
      index.next === next?.firstIndex &&
      index.previous === previous &&
      index.end <= size
    this.#known = fits ? index : undefined
  }

  /** The index by which the segment need not be read: unless the head file speaks of an entry in it. */
  skip(atLeast: LedgerHead): SegmentIndex | undefined {
    const index = this.#known
    if (index === undefined) return undefined
    const { size, hash } = atLeast
    const isNamed = index.first < size && (size < index.next || (size === index.next && hash !== index.last))
    if (isNamed) return undefined
    this.#indexing.indexer.skip(index)
    return index
  }

  note(offset: number, { index, payload, hash }: { index: number; payload: Buffer; hash: Buffer }): void {
    const { indexer, writes } = this.#indexing
    const kind = kindOf(payload)
    const isNews = writes && this.#known === undefined && frequent.has(kind)
    indexer.add(kind, index, offset, isNews ? actionOf(kind, decodeEntry(index, hash, payload).body) : undefined)
  }

  /** After a full segment was read, and nothing is wrong with it. */
  async end(segment: SegmentFile, made: Omit<SegmentIndex, 'places' | 'open'>): Promise<LedgerProblem | undefined> {
    const { indexer, writes } = this.#indexing
    const index = indexer.seal(made)
    if (this.#known === undefined) {
      // A folder that cannot be written is found out by whoever has to write to it.
      if (writes) await writeSegmentIndex(this.#files, segment, index).catch(() => undefined)
      return undefined
    }
    if (isSameIndex(index, this.#known)) {
      indexer.skip(this.#known)
      return undefined
    }
    const message = 'this index was not made from its segment; remove it, and the next start makes it again'
    return { kind: 'altered', file: indexPath(segment), offset: 0, index: segment.firstIndex, message }
  }
}

/** Which actions are open is known only to whoever made the index. */
function isSameIndex({ open: _, ...made }: SegmentIndex, { open: __, ...known }: SegmentIndex): boolean {
  return isDeepStrictEqual(made, known)
}
