import { networkOf, sha256Hex } from '../action/index.ts'

/** Tries that cost nothing: people mistype. An address may be shared by many people. */
const free = { account: 5, address: 20 } as const
/** Milliseconds to wait after the first try beyond; doubles with each further one. */
const firstWait = 1_000
const longestWait = 60_000
/** Milliseconds after which a failure is forgotten. */
const memory = 3_600_000

interface Failures {
  readonly count: number
  readonly at: number
  readonly notBefore: number
}

/** Who tries to sign in. */
export interface Attempt {
  /** The name given; left out: there is none, as with a link. */
  readonly account?: string | undefined
  readonly address: string
  /** A browser that has signed in as this account before. */
  readonly device?: string | undefined
}

/**
 * Slows guessing down, by account and by address. A browser in which the account has signed in before is counted by
 * itself: whoever fails in somebody's name, without end and from everywhere, keeps them from signing in elsewhere but
 * not from there. Holds at most `size` names; the one that failed longest ago goes first.
 */
export class SignInThrottle {
  readonly #now: () => number
  readonly #size: number
  readonly #failures = new Map<string, Failures>()

  constructor({ now = Date.now, size = 10_000 }: { readonly now?: () => number; readonly size?: number } = {}) {
    this.#now = now
    this.#size = size
  }

  get size(): number {
    return this.#failures.size
  }

  /**
   * Counts a try as failed before it is looked at, so that a hundred at the same time are not all the first.
   * @returns milliseconds to wait; 0: go on, and call `succeeded` if it was right
   */
  attempt(who: Attempt): number {
    const keys = keysOf(who)
    const wait = Math.max(...keys.map(({ key }) => (this.#known(key)?.notBefore ?? 0) - this.#now()))
    if (wait > 0) return wait
    for (const { key, allowed } of keys) this.#count(key, allowed)
    return 0
  }

  /** The account or device is right again; the address stays suspect by its other tries, this one excepted. */
  succeeded(who: Attempt): void {
    for (const { key, shared } of keysOf(who)) {
      const before = this.#known(key)
      if (before === undefined) continue
      if (!shared || before.count <= 1) this.#failures.delete(key)
      else this.#failures.set(key, { ...before, count: before.count - 1, notBefore: 0 })
    }
  }

  #known(key: string): Failures | undefined {
    const known = this.#failures.get(key)
    return known !== undefined && this.#now() - known.at < memory ? known : undefined
  }

  #count(key: string, allowed: number): void {
    const count = (this.#known(key)?.count ?? 0) + 1
    const beyond = count - allowed
    const wait = beyond < 0 ? 0 : Math.min(firstWait * 2 ** Math.min(beyond, 20), longestWait)
    this.#failures.delete(key)
    this.#failures.set(key, { count, at: this.#now(), notBefore: this.#now() + wait })
    const [oldest] = this.#failures.keys()
    if (this.#failures.size > this.#size && oldest !== undefined) this.#failures.delete(oldest)
  }
}

function keysOf({ account, address, device }: Attempt) {
  if (device !== undefined) return [{ key: `device ${device}`, allowed: free.account, shared: false }]
  const ofAddress = { key: `address ${networkOf(address)}`, allowed: free.address, shared: true }
  if (account === undefined) return [ofAddress]
  // Of one length, however long a name is sent. Names of nobody count too: who exists must not show by being slow.
  return [{ key: `account ${sha256Hex(account)}`, allowed: free.account, shared: false }, ofAddress]
}
