import { type LayerFile, readFully, writeFully } from './file-layer.ts'

export interface SegmentFile {
  readonly firstIndex: number
  readonly path: string
}

/** Appends records to one segment. After an error it is of no use any more: what is on the disk is not known. */
export class SegmentWriter {
  readonly segment: SegmentFile
  readonly #file: LayerFile
  readonly #capacity: number
  #position: number

  constructor(file: LayerFile, segment: SegmentFile, position: number, capacity: number) {
    this.#file = file
    this.segment = segment
    this.#position = position
    this.#capacity = capacity
  }

  /** Behind the last durable record. */
  get position(): number {
    return this.#position
  }

  get free(): number {
    return this.#capacity - this.#position
  }

  /** One write, one sync: resolves when the first `length` bytes of `records` are on the disk. */
  async append(records: Buffer, length: number): Promise<void> {
    await writeFully(this.#file, records, length, this.#position)
    await this.#file.datasync()
    this.#position += length
  }

  /**
   * Writes the bytes from `offset` on anew and zeros over `tornBytes` behind the position, and syncs. What a process
   * that died has written may be in the page cache only, and after a failed sync the kernel holds such pages for
   * clean (https://wiki.postgresql.org/wiki/Fsync_Errors): only writing them again makes the next sync mean something.
   */
  async restore(offset: number, tornBytes: number): Promise<void> {
    const kept = this.#position - offset
    const bytes = Buffer.alloc(kept + tornBytes)
    if (bytes.length === 0) return
    if ((await readFully(this.#file, bytes, kept, offset)) < kept) throw new Error('the segment got shorter')
    await writeFully(this.#file, bytes, bytes.length, offset)
    await this.#file.datasync()
  }

  close(): Promise<void> {
    return this.#file.close()
  }
}
