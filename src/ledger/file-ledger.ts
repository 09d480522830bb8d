import { basename } from 'node:path'
import { SallyportError } from '../errors/index.ts'
import { Batch } from './batch.ts'
import { Chain } from './chain.ts'
import { encodePayload } from './codec.ts'
import { defaults } from './defaults.ts'
import type { Entry, EntryBodies, EntryKind } from './entry.ts'
import { backlogged, closed, lockLost, tooLarge, unwritable } from './failures.ts'
import type { FileLayer } from './file-layer.ts'
import { recordHeaderBytes, type StoredRecord } from './format.ts'
import { HeadKeeper } from './head-keeper.ts'
import type { Appended, Ledger, LedgerHead, LedgerState, Urgency } from './ledger.ts'
import type { LiveIndex } from './live-index.ts'
import type { LedgerLock } from './lock.ts'
import { Bookmark, firstIndexSince, readKinds, readRecords, readSegments } from './read.ts'
import { salvage } from './salvage.ts'
import { actionOf } from './segment-index.ts'
import type { SegmentStore } from './segment-store.ts'
import type { SegmentFile, SegmentWriter } from './segment-writer.ts'

/** Told when the ledger fails (with the reason), works again, or is closed. */
export type StateListener = (state: LedgerState, reason?: SallyportError) => void

/** What `openFileLedger` has found out and prepared. */
export interface FileLedgerParts {
  readonly files: FileLayer
  readonly directory: string
  readonly lock: LedgerLock
  readonly store: SegmentStore
  readonly writer: SegmentWriter
  readonly segments: readonly SegmentFile[]
  readonly index: LiveIndex
  readonly checkedFrom: number
  readonly head: LedgerHead
  /** How many entries the head file speaks of. */
  readonly headWritten: number
  readonly now: () => number
  readonly retryMs: number
  readonly headEveryMs: number
  readonly maxQueuedBytes: number
  readonly onState: StateListener
}

/**
 * The ledger in segment files. `append` encodes and queues; one flusher at a time takes all that is queued, writes it
 * with one call and syncs it with one more, while new entries queue up for the next round (group commit).
 */
export class FileLedger implements Ledger {
  readonly #parts: FileLedgerParts
  readonly #chain: Chain
  readonly #headKeeper: HeadKeeper
  readonly #index: LiveIndex
  readonly #listeners = new Map<(entry: Entry) => void, ReadonlySet<EntryKind> | undefined>()
  /** Whether any listener wants a kind; forgotten when listeners change. */
  readonly #wanted = new Map<EntryKind, boolean>()
  #state: LedgerState = 'open'
  #reason: SallyportError | undefined
  #size: number
  #durable: { readonly size: number; readonly hash: Buffer }
  #segments: readonly SegmentFile[]
  #writer: SegmentWriter
  /** Collects; replaced when it is taken to be written. */
  #batch: Batch
  /** Being written. */
  #flushing: Batch | undefined
  #flushed: Promise<void> = Promise.resolve()
  #scheduled = false
  /** Something in the batch that collects must not wait. */
  #urgent = false
  /** Runs while the batch that collects may wait a little. */
  #soonTimer: NodeJS.Timeout | undefined
  #spareBuffer: Buffer | undefined
  readonly #grown = new Set<(size: number) => void>()
  /** Where the last reading of records stopped. */
  readonly #read = new Bookmark()
  #clock = { ms: Number.NaN, at: '' }
  #retryTimer: NodeJS.Timeout | undefined
  #reviving: Promise<void> = Promise.resolve()
  #closed: Promise<void> | undefined

  constructor(parts: FileLedgerParts) {
    this.#parts = parts
    this.#writer = parts.writer
    this.#index = parts.index
    this.#segments = parts.segments
    this.#size = parts.head.size
    this.#durable = { size: parts.head.size, hash: Buffer.from(parts.head.hash, 'hex') }
    this.#chain = new Chain(this.#durable.hash)
    this.#batch = new Batch(this.#size)
    this.#headKeeper = new HeadKeeper({
      files: parts.files,
      directory: parts.directory,
      lock: parts.lock,
      everyMs: parts.headEveryMs,
      written: parts.headWritten,
      head: () => this.#durableHead(),
      onLockLost: () => {
        if (this.#state === 'open') this.#fail(lockLost(parts.directory))
      },
    })
  }

  get head(): LedgerHead {
    return { size: this.#size, hash: this.#chain.lastHex }
  }

  /** Entries from this index on were checked when the ledger was opened. */
  get checkedFrom(): number {
    return this.#parts.checkedFrom
  }

  get state(): LedgerState {
    return this.#state
  }

  append<K extends EntryKind>(kind: K, body: EntryBodies[K], urgency: Urgency = 'now'): Appended {
    if (this.#state !== 'open') throw this.#unavailable()
    const { index, at } = this.#add(this.#batch, kind, body)
    if (urgency === 'now' || this.#batch.length > defaults.batchBytes) this.#hurry()
    else this.#soonTimer ??= setTimeout(() => this.#hurry(), defaults.soonMs)
    return { index, at, durable: this.#batch.durable }
  }

  entries(from = 0, kinds?: readonly EntryKind[]): AsyncIterable<Entry> {
    const { files } = this.#parts
    if (kinds !== undefined) return readKinds(files, this.#segments, from, this.#durable.size, kinds)
    return readSegments(files, this.#segments, from, this.#durable.size)
  }

  get openActions(): readonly string[] {
    return this.#index.open
  }

  /** What stands on the disk from index `from` on, up to what is durable now. */
  records(from: number): AsyncIterable<StoredRecord> {
    return readRecords(this.#parts.files, this.#segments, from, this.#durable.size, this.#read)
  }

  /** How many entries are durable. */
  get durableSize(): number {
    return this.#durable.size
  }

  onDurable(listener: (size: number) => void): () => void {
    this.#grown.add(listener)
    return () => this.#grown.delete(listener)
  }

  async *entriesSince(at: number): AsyncGenerator<Entry, void, undefined> {
    yield* this.entries(await firstIndexSince(this.#parts.files, this.#segments, at))
  }

  subscribe(listener: (entry: Entry) => void, kinds?: readonly EntryKind[]): () => void {
    this.#listeners.set(listener, kinds === undefined ? undefined : new Set(kinds))
    this.#wanted.clear()
    return () => {
      this.#wanted.clear()
      return this.#listeners.delete(listener)
    }
  }

  flush(): Promise<void> {
    if (this.#reason !== undefined) {
      const failed = Promise.reject(this.#unavailable())
      failed.catch(() => undefined)
      return failed
    }
    if (this.#batch.entries.length > 0) {
      this.#hurry()
      return this.#batch.durable
    }
    return this.#flushing?.durable ?? Promise.resolve()
  }

  close(): Promise<void> {
    this.#closed ??= this.#close()
    return this.#closed
  }

  async #close(): Promise<void> {
    const wasOpen = this.#state === 'open'
    const last = this.flush()
    this.#state = 'closed'
    clearTimeout(this.#retryTimer)
    clearTimeout(this.#soonTimer)
    if (wasOpen) await last.catch(() => undefined)
    await this.#flushed
    await this.#reviving
    await this.#index.close()
    await this.#headKeeper.close()
    await this.#writer.close().catch(() => undefined)
    await this.#parts.store.close().catch(() => undefined)
    await this.#parts.lock.release()
    this.#tellState('closed')
  }

  /** Encodes an entry into a batch, and gives it its place in the log. */
  #add(batch: Batch, kind: EntryKind, body: EntryBodies[EntryKind]): { index: number; at: string } {
    const at = this.#at()
    const text = encodePayload(at, kind, body)
    // A character is a byte or more, so this needs no encoding to find out.
    if (text.length > defaults.maxEntryBytes) throw tooLarge(text.length)
    const payload = this.#chain.stage(text)
    if (payload.length > defaults.maxEntryBytes) throw tooLarge(payload.length)
    if (batch.length + payload.length + recordHeaderBytes > this.#parts.maxQueuedBytes && batch.length > 0) {
      throw backlogged(this.#parts.directory, batch.length)
    }
    const index = this.#size
    const told = this.#isWanted(kind) ? { at, kind, body } : undefined
    batch.add(kind, payload, this.#chain.extend(index, payload.length), told, actionOf(kind, body))
    this.#size = index + 1
    return { index, at }
  }

  /** Formatting a date costs more than hashing an entry; many entries share a millisecond. */
  #at(): string {
    const ms = this.#parts.now()
    if (ms !== this.#clock.ms) this.#clock = { ms, at: new Date(ms).toISOString() }
    return this.#clock.at
  }

  /** What is collected goes to the disk next. */
  #hurry(): void {
    clearTimeout(this.#soonTimer)
    this.#soonTimer = undefined
    this.#urgent = true
    if (!this.#scheduled && this.#flushing === undefined) this.#schedule()
  }

  /** At the end of this turn of the event loop, so that all that is appended in it shares a batch. */
  #schedule(): void {
    this.#scheduled = true
    setImmediate(() => {
      this.#scheduled = false
      if (this.#batch.entries.length > 0) this.#flushed = this.#flushBatch()
    })
  }

  async #flushBatch(): Promise<void> {
    const batch = this.#batch
    this.#flushing = batch
    this.#urgent = false
    this.#batch = new Batch(this.#size, this.#spareBuffer)
    this.#spareBuffer = undefined
    try {
      await this.#write(batch)
    } catch (error) {
      this.#fail(error)
      return
    }
    if (batch.buffer.length <= defaults.keepBatchBytes) this.#spareBuffer = batch.buffer
    this.#flushing = undefined
    batch.settle()
    if (this.#urgent && this.#batch.entries.length > 0) this.#schedule()
  }

  /** Usually one write. A batch that does not fit into the segment is parted; a record never is. */
  async #write(batch: Batch): Promise<void> {
    const count = batch.entries.length
    for (let from = 0, start = 0; from < count; ) {
      let to = from
      let end = start
      if (batch.length - start <= this.#writer.free) {
        to = count
        end = batch.length
      }
      while (to < count && batch.endOf(to) - start <= this.#writer.free) end = batch.endOf(to++)
      if (to === from) {
        await this.#roll(batch.endOf(from) - start)
        continue
      }
      const place = this.#writer.position - start
      await this.#writer.append(batch.buffer.subarray(start, end), end - start)
      this.#delivered(batch, from, to, place)
      from = to
      start = end
    }
    if (this.#parts.store.isDue(this.#writer.position)) this.#parts.store.prepare()
  }

  /** The entries are on the disk: listeners hear of them before those who await `durable` go on. */
  #delivered(batch: Batch, from: number, to: number, place: number): void {
    const last = batch.entries[to - 1]
    if (last === undefined) return
    this.#durable = { size: last.index + 1, hash: Buffer.from(batch.hashAt(last)) }
    for (let i = from; i < to; i++) this.#index.durable(batch.entries[i] ?? last, place)
    this.#headKeeper.due()
    for (const grown of this.#grown) guarded(() => grown(last.index + 1))
    if (this.#listeners.size === 0) return
    for (const entry of batch.entries.slice(from, to)) {
      if (this.#isWanted(entry.kind)) this.#tell(batch.entryOf(entry))
    }
  }

  #isWanted(kind: EntryKind): boolean {
    const known = this.#wanted.get(kind)
    if (known !== undefined) return known
    const wanted = [...this.#listeners.values()].some((kinds) => kinds?.has(kind) !== false)
    this.#wanted.set(kind, wanted)
    return wanted
  }

  #tell(entry: Entry): void {
    for (const [listener, kinds] of this.#listeners) {
      if (kinds?.has(entry.kind) !== false) guarded(() => listener(entry))
    }
  }

  #tellState(state: LedgerState, reason?: SallyportError): void {
    guarded(() => this.#parts.onState(state, reason))
  }

  /** Goes on in a new segment. Everything before it is durable, so its header can say where the chain stands. */
  async #roll(room: number): Promise<void> {
    const { size, hash } = this.#durable
    const header = { firstIndex: size, previous: hash, afterFailure: false }
    const next = await this.#parts.store.create(header, Buffer.alloc(0), room)
    const full = this.#writer
    this.#index.sealed(full, size, hash)
    this.#use(next)
    await full.close().catch(() => undefined)
  }

  #use(writer: SegmentWriter): void {
    const { segment } = writer
    this.#writer = writer
    this.#segments = [...this.#segments.filter(({ firstIndex }) => firstIndex !== segment.firstIndex), segment]
  }

  /** What the disk holds is not known any more: refuse everything until it is. */
  #fail(error: unknown): void {
    const failure = error instanceof SallyportError ? error : unwritable(this.#parts.directory, error)
    this.#reason = failure
    const lost = [this.#flushing, this.#batch]
    this.#flushing = undefined
    this.#size = this.#durable.size
    this.#chain.reset(this.#durable.hash)
    this.#batch = new Batch(this.#size)
    const wasOpen = this.#state === 'open'
    if (wasOpen) this.#state = 'failed'
    for (const batch of lost) batch?.settle(failure)
    if (!wasOpen) return
    this.#tellState('failed', failure)
    this.#retryLater()
  }

  #retryLater(): void {
    this.#retryTimer = setTimeout(() => {
      this.#reviving = this.#revive()
    }, this.#parts.retryMs)
    this.#retryTimer.unref()
  }

  /**
   * Tries to get back to work, in a new segment: the one that failed is never written again. The segment gets its
   * name after the entries that could be read back, and a word about what happened, are on the disk in it.
   */
  async #revive(): Promise<void> {
    const { files, directory, store } = this.#parts
    try {
      await this.#flushed
      await this.#writer.close().catch(() => undefined)
      if (!(await this.#parts.lock.isHeld())) throw lockLost(directory)
      const { size, hash } = this.#durable
      const kept = await salvage(files, directory, this.#durableHead())
      this.#size = kept.size
      this.#chain.reset(kept.hash)
      const batch = new Batch(kept.size)
      this.#add(batch, 'ledger.recovered', { discardedBytes: kept.discardedBytes, segment: basename(kept.segment) })
      const records = Buffer.concat([kept.records, batch.buffer.subarray(0, batch.length)])
      const writer = await store.create({ firstIndex: size, previous: hash, afterFailure: true }, records, 0)
      this.#use(writer)
      this.#index.restarted(kept.entries)
      this.#batch = new Batch(this.#size)
      this.#reason = undefined
      const wasFailed = this.#state === 'failed'
      if (wasFailed) this.#state = 'open'
      for (const entry of kept.entries) this.#tell(entry)
      this.#delivered(batch, 0, batch.entries.length, 0)
      if (wasFailed) this.#tellState('open')
    } catch (error) {
      this.#size = this.#durable.size
      this.#chain.reset(this.#durable.hash)
      if (error instanceof SallyportError) this.#reason = error
      if (this.#state === 'failed') this.#retryLater()
    }
  }

  #unavailable(): SallyportError {
    if (this.#state === 'closed' || this.#reason === undefined) return closed()
    const { code, message, hint } = this.#reason
    // A fault found while trying to get back to work still means, to who appends, that nothing can be recorded.
    if (code === 'ledger_unavailable') return this.#reason
    return new SallyportError('ledger_unavailable', message, {
      ...(hint !== undefined && { hint }),
      cause: this.#reason,
    })
  }

  #durableHead(): LedgerHead {
    return { size: this.#durable.size, hash: this.#durable.hash.toString('hex') }
  }
}

/** As for an EventTarget: what a listener throws is its own fault, stops nobody else, and does not go unseen. */
function guarded(call: () => void): void {
  try {
    call()
  } catch (error) {
    process.nextTick(() => {
      throw error
    })
  }
}
