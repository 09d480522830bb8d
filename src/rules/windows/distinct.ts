import { windowLimits } from './limits.ts'

/** How many different values were seen in sliding time. Time only goes forward. */
export class Distinct {
  /** When each value was seen last; the one seen longest ago first. */
  readonly #seen = new Map<string, number>()

  get isEmpty(): boolean {
    return this.#seen.size === 0
  }

  add(at: number, value: string): void {
    if (this.#seen.delete(value) || this.#seen.size < windowLimits.values) this.#seen.set(value, at)
  }

  /** Adds the values seen later than `since` to `into`. */
  collect(since: number, into: Set<string>): void {
    for (const [value, at] of this.#seen) {
      if (at > since) break
      this.#seen.delete(value)
    }
    for (const value of this.#seen.keys()) into.add(value)
  }

  absorb(other: Distinct): void {
    const all = [...this.#seen, ...other.#seen].sort(([, a], [, b]) => a - b)
    this.#seen.clear()
    for (const [value, at] of all) this.add(at, value)
  }
}
