import { randomBytes } from 'node:crypto'
import { SallyportError } from '../errors/index.ts'
import { type Entry, follow, type Ledger } from '../ledger/index.ts'
import { type Lock, type Locked, type LockSubject, locksOut } from './lock.ts'

export interface LocksOptions {
  readonly ledger: Ledger
  /** Whether a person is behind an actor, or answers for it. */
  readonly isPerson: (person: string, actor: Locked['actor']) => boolean
  readonly now?: () => number
}

export type LockListener = (lock: Lock) => void

const kinds = ['lock.put', 'lock.lifted'] as const

/** The locks that stand, as the ledger tells. */
export class Locks {
  readonly #options: LocksOptions
  readonly #locks = new Map<string, Lock>()
  readonly #listeners = new Set<LockListener>()
  #unsubscribe: () => void = () => undefined

  private constructor(options: LocksOptions) {
    this.#options = options
  }

  /** Folds the ledger, then follows it. */
  static async open(options: LocksOptions): Promise<Locks> {
    const locks = new Locks(options)
    locks.#unsubscribe = await follow(options.ledger, kinds, (entry) => locks.#fold(entry))
    return locks
  }

  close(): void {
    this.#unsubscribe()
  }

  /** Those in force, newest first. */
  list(): Lock[] {
    return [...this.#locks.values()].filter((lock) => this.#stands(lock)).reverse()
  }

  /** The lock that stops an action; undefined: none. */
  on(action: Locked): Lock | undefined {
    if (this.#locks.size === 0) return undefined
    for (const lock of this.#locks.values()) {
      if (this.#stands(lock) && locksOut(lock, action, this.#options.isPerson)) return lock
    }
    return undefined
  }

  /** The lock that keeps a person away from votes and everything else in the API; undefined: none. */
  onPerson(person: string): Lock | undefined {
    if (this.#locks.size === 0) return undefined
    return this.on({ actor: { id: person }, door: '', resources: [] })
  }

  /** Calls the listener with each new lock once it is durable. */
  subscribe(listener: LockListener): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** @throws SallyportError `invalid_request`, `conflict` (oneself), `ledger_unavailable` */
  async put(
    on: LockSubject,
    { message, until, by }: { readonly message: string; readonly until: string | null; readonly by: string },
  ): Promise<Lock> {
    if (until !== null && !(Date.parse(until) > this.#now())) {
      throw new SallyportError('invalid_request', `"${until}" is not a time to come.`, {
        hint: 'give until as RFC 3339, such as 2031-01-31T00:00:00Z, or null',
      })
    }
    const lock = { lock: randomBytes(6).toString('hex'), on, message, until, by, at: '' }
    if (locksOut(lock, { actor: { id: by }, door: '', resources: [] }, this.#options.isPerson)) {
      throw new SallyportError('conflict', 'You would lock out yourself, and could not lift it again.', {
        hint: 'ask another admin to do it',
      })
    }
    const { at, durable } = this.#options.ledger.append('lock.put', { lock: lock.lock, on, message, until, by })
    await durable
    return { ...lock, at }
  }

  /** @throws SallyportError `not_found`, `ledger_unavailable` */
  async lift(id: string, by: string, reason: string): Promise<void> {
    const lock = this.#locks.get(id)
    if (lock === undefined || !this.#stands(lock)) throw new SallyportError('not_found', `There is no lock ${id}.`)
    await this.#options.ledger.append('lock.lifted', { lock: id, by, reason }).durable
  }

  #fold(entry: Entry): void {
    if (entry.kind === 'lock.lifted') this.#locks.delete(entry.body.lock)
    if (entry.kind !== 'lock.put') return
    const lock: Lock = { ...entry.body, at: entry.at }
    if (!this.#stands(lock)) return
    // What has ended stops nobody; it need not be kept either.
    for (const [id, other] of this.#locks) if (!this.#stands(other)) this.#locks.delete(id)
    this.#locks.set(lock.lock, lock)
    for (const listener of this.#listeners) listener(lock)
  }

  /** An end that is no date never comes. */
  #stands({ until }: Lock): boolean {
    return until === null || !(this.#now() >= Date.parse(until))
  }

  #now(): number {
    return this.#options.now?.() ?? Date.now()
  }
}
