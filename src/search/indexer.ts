import { errorMessage, SallyportError } from '../errors/index.ts'
import type { Entry } from '../ledger/index.ts'
import type { ActionCounts, ActionFilter, ActionPage, ActionRecord, ActionStory, CountQuery } from './action-record.ts'
import { countActions } from './count.ts'
import { type Db, isDamage, newDatabase, openDatabase } from './database.ts'
import { entriesOf, findAction, findActions } from './find.ts'
import { IndexWriter } from './index-writer.ts'

/** Entries in one transaction. */
const batchEntries = 2_000

export interface IndexerOptions {
  /** Of the index; `:memory:`: none. */
  readonly file: string
  /** The ledger's entries from an index on, as they stand on the disk. */
  readonly read: (from: number) => AsyncIterable<Entry>
  /** The index was dropped, and is built anew. */
  readonly onDropped: (reason: string) => void
  /** How far the index is, after every batch. */
  readonly onProgress?: (indexed: number) => void
}

/**
 * The index and all that happens to it, one after the other and synchronously: it belongs into a thread of its own
 * (index-worker.ts). The place on the ledger up to which it knows everything is written in the same transaction as what
 * it knows, so a crash loses or doubles nothing.
 */
export class Indexer {
  readonly #options: IndexerOptions
  #db: Db
  #writer: IndexWriter
  #next = 0
  #hash = ''

  private constructor(options: IndexerOptions) {
    this.#options = options
    this.#db = openDatabase(options.file, options.onDropped)
    try {
      this.#writer = new IndexWriter(this.#db)
      this.#load()
    } catch (error) {
      // Every statement fits the tables of this version, so what cannot be prepared is damaged.
      options.onDropped(`the index cannot be used: ${errorMessage(error)}`)
      this.#close()
      this.#db = newDatabase(options.file)
      this.#writer = new IndexWriter(this.#db)
      this.#load()
    }
  }

  static async open(options: IndexerOptions): Promise<Indexer> {
    const indexer = new Indexer(options)
    await indexer.#compare()
    return indexer
  }

  /** The first entry that the index does not know. */
  get indexed(): number {
    return this.#next
  }

  /** Reads the ledger up to (without) the entry `to`. */
  async catchUp(to: number): Promise<number> {
    if (to <= this.#next) return this.#next
    let batch: Entry[] = []
    const take = async () => {
      this.#apply(batch)
      batch = []
      this.#options.onProgress?.(this.#next)
      // Whoever searches in the meantime gets a turn.
      await new Promise((resolve) => setImmediate(resolve))
    }
    for await (const entry of this.#options.read(this.#next)) {
      // Dropped in the meantime: what is read here does not fit any more, and the next call begins at the beginning.
      if (entry.index >= to || entry.index !== this.#next + batch.length) break
      batch.push(entry)
      if (batch.length >= batchEntries) await take()
    }
    if (batch[0]?.index === this.#next) await take()
    return this.#next
  }

  async find(filter: ActionFilter, page: ActionPage): Promise<ActionRecord[]> {
    return this.#guarded(() => findActions(this.#db, filter, page))
  }

  async counts(query: CountQuery): Promise<ActionCounts> {
    return this.#guarded(() => countActions(this.#db, query))
  }

  async story(id: string): Promise<ActionStory | null> {
    const found = this.#guarded(() => {
      const record = findAction(this.#db, id)
      return record === undefined ? undefined : { record, places: entriesOf(this.#db, record.index) }
    })
    if (found === undefined) return null
    const entries = await this.#entriesAt(found.places)
    const [first] = entries
    const { record } = found
    // The index may have cut the action; the ledger has all of it.
    if (first?.kind !== 'action.requested') return { record, entries }
    return { record: { ...record, action: first.body.action, cut: false }, entries }
  }

  /** Throws the index away; the next catch-up builds it anew. */
  rebuild(reason: string): void {
    this.#options.onDropped(reason)
    this.#close()
    this.#db = newDatabase(this.#options.file)
    this.#writer = new IndexWriter(this.#db)
    this.#load()
  }

  close(): void {
    this.#close()
  }

  #close(): void {
    try {
      // Closing leaves the connection open as long as its statements live, so what is in the WAL is brought home here.
      this.#db.exec('PRAGMA wal_checkpoint(TRUNCATE)')
      this.#db.close()
    } catch {
      // It is thrown away, or at its end anyway.
    }
  }

  #load(): void {
    const row: unknown = this.#db.prepare('SELECT next, hash FROM position').get()
    this.#next = Number(Reflect.get(Object(row), 'next'))
    this.#hash = String(Reflect.get(Object(row), 'hash'))
  }

  /** Whether the ledger is still the one that was indexed: a restored or shortened one would leave rows of nothing. */
  async #compare(): Promise<void> {
    if (this.#next === 0) return
    let hash: string | undefined
    for await (const entry of this.#options.read(this.#next - 1)) {
      if (entry.index === this.#next - 1) hash = entry.hash
      break
    }
    if (hash === undefined) this.rebuild('the index knows entries that are not on the ledger')
    else if (hash !== this.#hash) this.rebuild('the index was made from another ledger')
  }

  #apply(entries: readonly Entry[]): void {
    const last = entries.at(-1)
    if (last === undefined) return
    this.#guarded(() => {
      this.#db.exec('BEGIN IMMEDIATE')
      try {
        this.#writer.entries(entries)
        this.#writer.finish(last.index + 1, last.hash)
        this.#db.exec('COMMIT')
      } catch (error) {
        this.#writer.forget()
        try {
          this.#db.exec('ROLLBACK')
        } catch {
          // SQLite has rolled back by itself, or the file is gone; the first error says more.
        }
        throw error
      }
      this.#next = last.index + 1
      this.#hash = last.hash
    })
  }

  async #entriesAt(places: readonly number[]): Promise<Entry[]> {
    const found: Entry[] = []
    const wanted = [...places]
    while (wanted[0] !== undefined) {
      let passed = 0
      for await (const entry of this.#options.read(wanted[0])) {
        if (entry.index === wanted[0]) {
          found.push(entry)
          wanted.shift()
          passed = 0
        }
        if (wanted[0] === undefined) return found
        // What lies far behind is looked up anew, which skips the segments in between.
        if (++passed > batchEntries) break
      }
      if (passed <= batchEntries) return found
    }
    return found
  }

  /** A damaged file is dropped; the caller is told to try again. */
  #guarded<T>(work: () => T): T {
    try {
      return work()
    } catch (error) {
      if (error instanceof SallyportError || !isDamage(error)) throw error
      this.rebuild(`the index is damaged: ${errorMessage(error)}`)
      throw new SallyportError('search_unavailable', 'The search index was damaged and is built anew.', {
        hint: 'Nothing of the record is lost. Try again in a while; /api/actions/index says how far it is.',
        cause: error,
      })
    }
  }
}
