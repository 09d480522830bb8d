import { Distinct } from './distinct.ts'
import { windowLimits } from './limits.ts'
import { Sums } from './sums.ts'
import type { Share, Window } from './window.ts'

/** What one key of a window has: what runs now, and what has ended within the span. */
class Account {
  readonly ended: Sums | Distinct
  /** Shares of actions that run now: they count until the span after they end. */
  running: Map<string, Share> | undefined

  constructor(measure: Window['measure']) {
    this.ended = measure === 'distinct' ? new Distinct() : new Sums()
  }

  get isEmpty(): boolean {
    return this.ended.isEmpty && this.running === undefined
  }
}

/** What one window remembers, key by key, in bounded memory (`limits.ts` says what is given up where it is full). */
export class Tally {
  readonly #window: Pick<Window, 'measure' | 'over'>
  readonly #maxKeys: number
  readonly #accounts = new Map<string, Account>()
  readonly #shared: (Account | undefined)[] = []
  #sweep: Iterator<[string, Account]> | undefined
  #now = Number.NEGATIVE_INFINITY

  constructor(window: Pick<Window, 'measure' | 'over'>, maxKeys: number = windowLimits.keys) {
    this.#window = window
    this.#maxKeys = maxKeys
  }

  /** Keys that are kept apart now. */
  get keys(): number {
    return this.#accounts.size
  }

  start(action: string, share: Share): void {
    const account = this.#account(share.key)
    account.running ??= new Map()
    account.running.set(action, share)
  }

  stop(action: string, { key }: Share): void {
    const account = this.#accounts.get(key)
    account?.running?.delete(action)
    if (account?.running?.size === 0) account.running = undefined
  }

  add(at: number, { key, amount, values }: Share): void {
    this.#now = Math.max(this.#now, at)
    const { ended } = this.#account(key)
    if (ended instanceof Sums) ended.add(this.#now, amount)
    else for (const value of values) ended.add(this.#now, value)
    this.#tidy()
  }

  /** See `WindowReader.read`. `except`: actions that run and are to be left out. */
  read(key: string, now: number, own: Share | undefined, except: readonly string[]): number {
    this.#now = Math.max(this.#now, now)
    const since = this.#now - this.#window.over
    const accounts = [this.#accounts.get(key), this.#shared[bucketOf(key)]]
    if (this.#window.measure === 'distinct') {
      const values = new Set(own?.values)
      for (const account of accounts) {
        if (account?.ended instanceof Distinct) account.ended.collect(since, values)
        for (const [action, share] of account?.running ?? []) {
          if (!except.includes(action)) for (const value of share.values) values.add(value)
        }
      }
      return values.size
    }
    let sum = own?.amount ?? 0
    for (const account of accounts) {
      if (account?.ended instanceof Sums) sum += account.ended.since(since)
      for (const [action, share] of account?.running ?? []) if (!except.includes(action)) sum += share.amount
    }
    return sum
  }

  #account(key: string): Account {
    let account = this.#accounts.get(key)
    if (account === undefined) {
      if (this.#accounts.size >= this.#maxKeys) this.#makeRoom()
      account = new Account(this.#window.measure)
      this.#accounts.set(key, account)
    }
    return account
  }

  /** Looks at a few keys with every addition, so that what is over goes without a long pause. */
  #tidy(): void {
    const since = this.#now - this.#window.over
    for (let i = 0; i < 2; i++) {
      this.#sweep ??= this.#accounts.entries()
      const { done, value } = this.#sweep.next()
      if (done) {
        this.#sweep = undefined
        return
      }
      const [key, account] = value
      if (account.ended instanceof Sums) account.ended.since(since)
      else account.ended.collect(since, new Set())
      if (account.isEmpty) this.#accounts.delete(key)
    }
  }

  /** Moves the key that has been there longest, and of which nothing runs, into a shared account. */
  #makeRoom(): void {
    for (const [key, account] of this.#accounts) {
      if (account.running !== undefined) continue
      this.#accounts.delete(key)
      const bucket = bucketOf(key)
      const shared = this.#shared[bucket] ?? new Account(this.#window.measure)
      this.#shared[bucket] = shared
      if (shared.ended instanceof Sums && account.ended instanceof Sums) shared.ended.absorb(account.ended)
      if (shared.ended instanceof Distinct && account.ended instanceof Distinct) shared.ended.absorb(account.ended)
      return
    }
  }
}

/** FNV-1a: the same key falls into the same bucket at every start. */
function bucketOf(key: string): number {
  let hash = 0x811c9dc5
  for (let i = 0; i < key.length; i++) hash = Math.imul(hash ^ key.charCodeAt(i), 0x01000193)
  return (hash >>> 0) % windowLimits.shared
}
