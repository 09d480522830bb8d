import type { Entry, Ledger } from '../ledger/index.ts'
import { foldHold, holdKinds, holdOf } from './fold.ts'
import { type Hold, isOver, needsFollowUp } from './hold.ts'

/** Ended holds kept in memory, with everything that stands in them. */
export const endedKept = 2_000
/** Ended holds beyond those whose place on the ledger is kept: what is older is on the record only. */
export const placesKept = 100_000

interface Place {
  readonly first: number
  readonly last: number
}

/** The holds that the ledger tells of: open ones all, ended ones as long as they are new. */
export class HoldBook {
  readonly #open = new Map<string, Hold>()
  /** Oldest end first. */
  readonly #ended = new Map<string, Hold>()
  readonly #places = new Map<string, Place>()
  readonly #keep: number

  constructor(keep: number = endedKept) {
    this.#keep = keep
  }

  get(id: string): Hold | undefined {
    return this.#open.get(id) ?? this.#ended.get(id)
  }

  get open(): Iterable<Hold> {
    return this.#open.values()
  }

  get openCount(): number {
    return this.#open.size
  }

  get ended(): Iterable<Hold> {
    return this.#ended.values()
  }

  /** @returns the hold, if the entry changed it */
  fold(entry: Entry): Hold | undefined {
    const id = holdOf(entry)
    if (id === undefined) return undefined
    const before = this.get(id)
    // An id that has been used is not given to another hold, also when the first is not in memory any more.
    if (before === undefined && this.#places.has(id)) return undefined
    const after = foldHold(before, entry)
    if (after === undefined || after === before) return undefined
    this.#places.set(id, { first: this.#places.get(id)?.first ?? entry.index, last: entry.index })
    if (isOver(after)) {
      this.#open.delete(id)
      this.#ended.delete(id)
      this.#ended.set(id, after)
      this.#forget()
    } else this.#open.set(id, after)
    return after
  }

  /** A hold, from the ledger where it is not in memory any more. */
  async find(id: string, ledger: Pick<Ledger, 'entries'>): Promise<Hold | undefined> {
    const known = this.get(id)
    const place = this.#places.get(id)
    if (known !== undefined || place === undefined) return known
    let hold: Hold | undefined
    for await (const entry of ledger.entries(place.first, holdKinds)) {
      if (holdOf(entry) === id) hold = foldHold(hold, entry)
      if (entry.index >= place.last) break
    }
    return hold
  }

  #forget(): void {
    for (const [id, hold] of this.#ended) {
      if (this.#ended.size <= this.#keep) break
      // What was forced stays until somebody has looked at it.
      if (!needsFollowUp(hold)) this.#ended.delete(id)
    }
    for (const id of this.#places.keys()) {
      if (this.#places.size <= placesKept) break
      if (this.get(id) === undefined) this.#places.delete(id)
      else break
    }
  }
}
