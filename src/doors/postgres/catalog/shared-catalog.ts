import { pathKey, Shelf } from './shelf.ts'

/** Milliseconds after which the mark of the catalog is looked at again. */
const pulseEvery = 1_000

/** Milliseconds after which everything is asked anew: sizes and statistics change without a mark. */
const keepFor = 60_000

/** Bytes of the server's answers that are kept for one database. */
const capacity = 16 * 1024 * 1024

/** What the sessions of one database have learned of its catalog. */
export class SharedCatalog {
  readonly #now: () => number
  #shelves = new Map<string, Shelf>()
  #mark: string | undefined
  #pulseAt = Number.NEGATIVE_INFINITY
  #since: number

  constructor(now: () => number) {
    this.#now = now
    this.#since = now()
  }

  /** The mark was not looked at for a while. */
  get isStale(): boolean {
    return this.#now() - this.#pulseAt >= pulseEvery
  }

  shelf(path: readonly string[]): Shelf {
    const key = pathKey(path)
    const known = this.#shelves.get(key)
    if (known !== undefined) return known
    const shelf = new Shelf()
    this.#shelves.set(key, shelf)
    return shelf
  }

  /** The mark of the catalog as a session sees it now. */
  pulse(mark: string): void {
    const now = this.#now()
    this.#pulseAt = now
    const bytes = [...this.#shelves.values()].reduce((sum, shelf) => sum + shelf.bytes, 0)
    if (mark !== this.#mark || now - this.#since >= keepFor || bytes > capacity) this.forget()
    this.#mark = mark
  }

  /** Something may have changed. */
  forget(): void {
    this.#shelves = new Map()
    this.#since = this.#now()
  }
}
