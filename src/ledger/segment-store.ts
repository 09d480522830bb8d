import { join } from 'node:path'
import { defaults } from './defaults.ts'
import { type FileLayer, type LayerFile, readFully, writeFully } from './file-layer.ts'
import {
  decodeSegmentHeader,
  encodeSegmentHeader,
  type SegmentHeader,
  segmentFirstIndex,
  segmentHeaderBytes,
  segmentName,
} from './format.ts'
import { type SegmentFile, SegmentWriter } from './segment-writer.ts'

/** The folder of the segments within the ledger's. */
export function segmentsPath(directory: string): string {
  return join(directory, 'segments')
}

/** The segments of a ledger, in order. */
export async function listSegments(files: FileLayer, directory: string): Promise<SegmentFile[]> {
  const folder = segmentsPath(directory)
  const found: SegmentFile[] = []
  for (const name of await files.list(folder)) {
    const firstIndex = segmentFirstIndex(name)
    if (firstIndex !== undefined) found.push({ firstIndex, path: join(folder, name) })
  }
  return found.sort((a, b) => a.firstIndex - b.firstIndex)
}

/** The header of a segment, or what is wrong with it. */
export async function readSegmentHeader(file: LayerFile): Promise<SegmentHeader | string> {
  const bytes = Buffer.alloc(segmentHeaderBytes)
  return decodeSegmentHeader(bytes.subarray(0, await readFully(file, bytes, bytes.length, 0)))
}

const zeros = Buffer.alloc(1024 * 1024)

/** Makes segments. A segment gets its name only when it is whole, so that a crash leaves none half made. */
export class SegmentStore {
  readonly #files: FileLayer
  readonly #folder: string
  readonly #segmentBytes: number
  readonly #spare: string
  /** A zero-filled file that waits for its header. */
  #prepared: Promise<LayerFile> | undefined
  /** Once for each segment: a disk that is full is not asked again with every batch. */
  #wasPrepared = false

  constructor(files: FileLayer, directory: string, segmentBytes: number) {
    this.#files = files
    this.#folder = segmentsPath(directory)
    this.#segmentBytes = segmentBytes
    this.#spare = join(this.#folder, 'next.tmp')
  }

  /** Zero-fills the next segment ahead of time. A failure shows, if it lasts, when the segment is needed. */
  prepare(): void {
    this.#wasPrepared = true
    if (this.#prepared !== undefined) return
    const preparing = this.#allocate()
    this.#prepared = preparing
    preparing.catch(() => {
      if (this.#prepared === preparing) this.#prepared = undefined
    })
  }

  /** True when a segment's worth of `used` bytes calls for `prepare`. */
  isDue(used: number): boolean {
    return !this.#wasPrepared && used > this.#segmentBytes * defaults.prepareNextAfter
  }

  /**
   * A new segment, on the disk with its name, that starts with `records` and has room for at least `room` more bytes.
   * Replaces one of the same name.
   */
  async create(header: SegmentHeader, records: Buffer, room: number): Promise<SegmentWriter> {
    const file = await (this.#prepared ?? this.#allocate())
    this.#prepared = undefined
    this.#wasPrepared = false
    const path = join(this.#folder, segmentName(header.firstIndex))
    try {
      const bytes = Buffer.concat([encodeSegmentHeader(header), records])
      await writeFully(file, bytes, bytes.length, 0)
      await file.datasync()
      await this.#files.rename(this.#spare, path)
      await this.#files.syncDirectory(this.#folder)
      const capacity = Math.max(this.#segmentBytes, bytes.length + room)
      return new SegmentWriter(file, { firstIndex: header.firstIndex, path }, bytes.length, capacity)
    } catch (error) {
      await file.close().catch(() => undefined)
      throw error
    }
  }

  /** Goes on writing in a segment that exists. */
  async continue(segment: SegmentFile, position: number): Promise<SegmentWriter> {
    const file = await this.#files.open(segment.path, 'write')
    try {
      return new SegmentWriter(file, segment, position, await file.size())
    } catch (error) {
      await file.close()
      throw error
    }
  }

  /** Gives up what was prepared. */
  async close(): Promise<void> {
    const file = await this.#prepared?.catch(() => undefined)
    this.#prepared = undefined
    await file?.close()
    await this.#files.remove(this.#spare)
  }

  async #allocate(): Promise<LayerFile> {
    await this.#files.remove(this.#spare)
    const file = await this.#files.open(this.#spare, 'create')
    try {
      for (let done = 0; done < this.#segmentBytes; done += zeros.length) {
        await writeFully(file, zeros, Math.min(zeros.length, this.#segmentBytes - done), done)
      }
      await file.datasync()
      return file
    } catch (error) {
      await file.close().catch(() => undefined)
      // On a full disk the half-filled file must not be what keeps it full.
      await this.#files.remove(this.#spare).catch(() => undefined)
      throw error
    }
  }
}
