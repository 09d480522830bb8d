import type { Appended, EntryBodies, Ledger } from '../ledger/index.ts'

type Failed = Omit<EntryBodies['signin.failed'], 'more'>

/** Entries that may follow one another at once, and milliseconds for each beyond. */
const atOnce = 60
const each = 10_000

/**
 * Puts failed sign-ins on the record: one by one while they are few. Of a crowd one in ten seconds, which says how many
 * were left off, so that nobody fills the disk by failing: 9,000 entries a day at most.
 */
export class SignInFailures {
  readonly #ledger: Ledger
  readonly #now: () => number
  /** Entries that may be written now, as of `#since`. */
  #left = atOnce
  #since: number
  #more = 0
  #last: Failed | undefined
  #timer: NodeJS.Timeout | undefined

  constructor(ledger: Ledger, now: () => number) {
    this.#ledger = ledger
    this.#now = now
    this.#since = now()
  }

  /** Resolves when it is on the record, at once where it is only counted. @throws SallyportError `ledger_unavailable` */
  async add(failed: Failed): Promise<void> {
    this.#refill()
    if (this.#left < 1) {
      this.#more += 1
      this.#last = failed
      this.#timer ??= setTimeout(() => this.#sumUp(), each).unref()
      return
    }
    this.#left -= 1
    await this.#append(failed).durable
  }

  /** Writes what was only counted. */
  close(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    if (this.#last !== undefined) this.#sumUp()
  }

  #sumUp(): void {
    this.#timer = undefined
    const last = this.#last
    if (last === undefined) return
    this.#more -= 1
    this.#refill()
    this.#left = Math.max(0, this.#left - 1)
    try {
      this.#append(last).durable.catch(() => undefined)
    } catch {
      // A record that cannot be written has said so to whoever signs in.
    }
  }

  #append(failed: Failed): Appended {
    const more = this.#more
    const appended = this.#ledger.append('signin.failed', { ...failed, ...(more === 0 ? {} : { more }) })
    this.#more = 0
    this.#last = undefined
    return appended
  }

  #refill(): void {
    const gained = Math.floor((this.#now() - this.#since) / each)
    if (gained <= 0) return
    this.#left = Math.min(atOnce, this.#left + gained)
    this.#since += gained * each
  }
}
