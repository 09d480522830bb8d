/** Milliseconds after which an alarm looks again, in case the clock jumped. */
const lookAgain = 30_000

/** Rings when the first of many moments has come; moments that are no more ring for nothing, and do no harm. */
export class Alarm {
  readonly #now: () => number
  readonly #ring: () => void
  #timer: NodeJS.Timeout | undefined
  #at = Number.POSITIVE_INFINITY
  #stopped = false

  constructor(now: () => number, ring: () => void) {
    this.#now = now
    this.#ring = ring
  }

  /** Asks to be woken at a moment, or earlier. */
  at(moment: number): void {
    if (this.#stopped || moment >= this.#at) return
    this.#at = moment
    clearTimeout(this.#timer)
    const wait = Math.min(lookAgain, Math.max(10, moment - this.#now() + 1))
    this.#timer = setTimeout(() => {
      this.#at = Number.POSITIVE_INFINITY
      this.#ring()
    }, wait)
    this.#timer.unref()
  }

  stop(): void {
    this.#stopped = true
    clearTimeout(this.#timer)
  }
}
