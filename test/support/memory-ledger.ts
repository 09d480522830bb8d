import { SallyportError } from '../../src/errors/index.ts'
import type {
  Appended,
  Entry,
  EntryBodies,
  EntryKind,
  Ledger,
  LedgerHead,
  LedgerState,
} from '../../src/ledger/index.ts'

/**
 * A ledger in memory whose syncs the test decides: `sync()` makes everything appended so far durable, `fail()` makes
 * it and all that follows unrecordable. With `automatic` it syncs by itself, a microtask after each append.
 */
export class MemoryLedger implements Ledger {
  readonly durableEntries: Entry[] = []
  #waiting: Entry[] = []
  #listeners = new Map<(entry: Entry) => void, readonly EntryKind[] | undefined>()
  readonly #grown = new Set<(size: number) => void>()
  #batch = newBatch()
  #size = 0
  state: LedgerState = 'open'
  readonly #automatic: boolean
  readonly #now: () => number

  constructor(options: { automatic?: boolean; now?: () => number } = {}) {
    this.#automatic = options.automatic ?? true
    this.#now = options.now ?? Date.now
  }

  get head(): LedgerHead {
    return { size: this.#size, hash: '0'.repeat(64) }
  }

  append<K extends EntryKind>(kind: K, body: EntryBodies[K]): Appended {
    if (this.state !== 'open') throw new SallyportError('ledger_unavailable', 'The test took the disk away.')
    const index = this.#size++
    const at = new Date(this.#now()).toISOString()
    this.#waiting.push(toEntry({ index, at, kind, body, hash: '0'.repeat(64) }))
    const { promise } = this.#batch
    if (this.#automatic) queueMicrotask(() => this.sync())
    return { index, at, durable: promise }
  }

  sync(): void {
    if (this.state !== 'open' || this.#waiting.length === 0) return
    const entries = this.#waiting
    const batch = this.#batch
    this.#waiting = []
    this.#batch = newBatch()
    for (const entry of entries) {
      this.durableEntries.push(entry)
      for (const [listener, kinds] of this.#listeners) if (kinds?.includes(entry.kind) !== false) listener(entry)
    }
    for (const grown of this.#grown) grown(this.durableEntries.length)
    batch.resolve()
  }

  fail(): void {
    this.state = 'failed'
    this.#batch.reject(new SallyportError('ledger_unavailable', 'The test took the disk away.'))
  }

  async *entries(from: number = 0, kinds?: readonly EntryKind[]): AsyncIterable<Entry> {
    yield* this.durableEntries.slice(from).filter(({ kind }) => kinds?.includes(kind) !== false)
  }

  get openActions(): string[] {
    const open = new Set<string>()
    for (const { kind, body } of this.durableEntries) {
      if (kind === 'action.requested') open.add(body.action.id)
      else if (kind === 'action.settled') open.delete(body.action)
    }
    return [...open]
  }

  async *entriesSince(at: number): AsyncIterable<Entry> {
    yield* this.durableEntries.filter((entry) => Date.parse(entry.at) >= at)
  }

  subscribe(listener: (entry: Entry) => void, kinds?: readonly EntryKind[]): () => void {
    this.#listeners.set(listener, kinds)
    return () => this.#listeners.delete(listener)
  }

  onDurable(listener: (size: number) => void): () => void {
    this.#grown.add(listener)
    return () => this.#grown.delete(listener)
  }

  async flush(): Promise<void> {
    this.sync()
  }

  async close(): Promise<void> {
    this.state = 'closed'
  }

  kinds(): EntryKind[] {
    return this.durableEntries.map((entry) => entry.kind)
  }
}

function newBatch() {
  let resolve: () => void = () => undefined
  let reject: (error: unknown) => void = () => undefined
  const promise = new Promise<void>((yes, no) => {
    resolve = yes
    reject = no
  })
  promise.catch(() => undefined)
  return { promise, resolve, reject }
}

/** The kind and body of an entry belong together by `append`'s signature; the union cannot say so. */
function toEntry(entry: { index: number; at: string; kind: EntryKind; body: EntryBodies[EntryKind]; hash: string }) {
  return entry as Entry
}
