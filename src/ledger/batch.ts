import { decodeEntry, toEntry } from './codec.ts'
import { defaults } from './defaults.ts'
import type { Entry, EntryBodies, EntryKind } from './entry.ts'
import { recordHeaderBytes, writeRecordHeader } from './format.ts'

/** What a subscriber is told of an entry besides its place. */
export interface Told {
  readonly at: string
  readonly kind: EntryKind
  readonly body: EntryBodies[EntryKind]
}

/** An entry with the place of its record in the batch. */
export interface BatchedEntry {
  readonly index: number
  readonly kind: EntryKind
  /** Where its record starts in the buffer. */
  readonly start: number
  /** Kept where a subscriber waits for it: keeping everything until it is durable costs more than writing it. */
  readonly told: Told | undefined
  /** The action that is asked for, or has its ending, in it. */
  readonly action: string | undefined
}

/** Entries that share one write, one sync and one promise. */
export class Batch {
  readonly firstIndex: number
  readonly entries: BatchedEntry[] = []
  readonly durable: Promise<void>
  #buffer: Buffer
  #length = 0
  #resolve: () => void = () => undefined
  #reject: (error: Error) => void = () => undefined

  constructor(firstIndex: number, buffer: Buffer = Buffer.allocUnsafeSlow(defaults.batchBytes)) {
    this.firstIndex = firstIndex
    this.#buffer = buffer
    this.durable = new Promise((resolve, reject) => {
      this.#resolve = resolve
      this.#reject = reject
    })
    // Nobody has to await it: a rejection is told by the next append and by the ledger's state as well.
    this.durable.catch(() => undefined)
  }

  /** The records back to back; only the first `length` bytes count. */
  get buffer(): Buffer {
    return this.#buffer
  }

  get length(): number {
    return this.#length
  }

  add(kind: EntryKind, payload: Buffer, hash: Buffer, told?: Told, action?: string): void {
    const start = this.#length
    const end = start + recordHeaderBytes + payload.length
    if (end > this.#buffer.length) {
      const larger = Buffer.allocUnsafeSlow(Math.max(end, this.#buffer.length * 2))
      this.#buffer.copy(larger, 0, 0, start)
      this.#buffer = larger
    }
    payload.copy(this.#buffer, start + recordHeaderBytes)
    const placeInWrite = this.entries.length
    const index = this.firstIndex + placeInWrite
    writeRecordHeader(this.#buffer, start, { index, placeInWrite, hash, payloadBytes: payload.length })
    this.#length = end
    this.entries.push({ index, kind, start, told, action })
  }

  /** The entry as subscribers get it; read back from its record where it was not kept. */
  entryOf(batched: BatchedEntry): Entry {
    const { index, start, told } = batched
    const hash = this.hashAt(batched)
    if (told !== undefined) return toEntry({ index, ...told, hash: hash.toString('hex') })
    const payload = start + recordHeaderBytes
    return decodeEntry(index, hash, this.#buffer.subarray(payload, payload + this.#buffer.readUInt32LE(start)))
  }

  /** Where the record of the entry after this one starts. */
  endOf(position: number): number {
    return this.entries[position + 1]?.start ?? this.#length
  }

  /** The chain hash after an entry, as stored in its record. */
  hashAt(entry: BatchedEntry): Buffer {
    return this.#buffer.subarray(entry.start + 20, entry.start + recordHeaderBytes)
  }

  settle(error?: Error): void {
    if (error === undefined) this.#resolve()
    else this.#reject(error)
  }
}
