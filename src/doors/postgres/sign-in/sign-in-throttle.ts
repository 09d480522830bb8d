import { networkOf } from '../../../action/index.ts'

export interface ThrottleLimits {
  readonly free: number
  readonly first: number
  readonly most: number
  readonly forget: number
  readonly waiting: number
  readonly places: number
}

/** How failed sign-ins slow down those that follow from the same place. */
export const throttleDefaults = {
  /** Failures in a row that are answered at once: people mistype. */
  free: 3,
  /** Milliseconds that the next failure waits for its answer; each further one twice as long as the one before. */
  first: 500,
  most: 16_000,
  /** Milliseconds without a failure after which a place starts anew. */
  forget: 10 * 60_000,
  /** Failures of one place that may wait for their answer at once. */
  waiting: 8,
  /** Places kept in mind. */
  places: 10_000,
} as const satisfies ThrottleLimits

interface Place {
  failures: number
  waiting: number
  /** Failures that were answered without an entry of their own. */
  uncounted: number
  last: number
}

/** What is done about a failed sign-in. */
export type Answer =
  /** It goes on the record, with `more` that did not, and is answered after `after` milliseconds. */
  | { readonly kind: 'later'; readonly after: number; readonly more: number; readonly answered: () => void }
  /** So many wait already that this one is cut off, and counted with the next. */
  | { readonly kind: 'now' }

/**
 * Keeps those who guess from being answered fast, and from filling the record. A right token is never kept waiting: it
 * has 256 random bits, so whoever has it has not guessed.
 */
export class SignInThrottle {
  readonly #limits: ThrottleLimits
  readonly #now: () => number
  readonly #places = new Map<string, Place>()

  constructor(now: () => number, limits: ThrottleLimits = throttleDefaults) {
    this.#now = now
    this.#limits = limits
  }

  failed(address: string): Answer {
    const { free, first, most, waiting } = this.#limits
    const place = this.#place(networkOf(address))
    place.failures += 1
    if (place.waiting >= waiting) {
      place.uncounted += 1
      return { kind: 'now' }
    }
    const more = place.uncounted
    place.uncounted = 0
    place.waiting += 1
    const late = place.failures - free
    const after = late <= 0 ? 0 : Math.min(most, first * 2 ** Math.min(late - 1, 20))
    const answered = () => {
      place.waiting -= 1
    }
    return { kind: 'later', after, more, answered }
  }

  #place(key: string): Place {
    const now = this.#now()
    const known = this.#places.get(key)
    if (known !== undefined && (known.waiting > 0 || now - known.last < this.#limits.forget)) {
      known.last = now
      return known
    }
    this.#places.delete(key)
    if (this.#places.size >= this.#limits.places) this.#makeRoom()
    const place = { failures: 0, waiting: 0, uncounted: known?.uncounted ?? 0, last: now }
    this.#places.set(key, place)
    return place
  }

  /** The one that began first goes. */
  #makeRoom(): void {
    for (const key of this.#places.keys()) {
      this.#places.delete(key)
      return
    }
  }
}
