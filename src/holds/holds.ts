import { randomBytes } from 'node:crypto'
import { SallyportError } from '../errors/index.ts'
import type { Entry, HoldOpened, Ledger } from '../ledger/index.ts'
import { type Eligibility, mayVote, type Reviewer } from './eligibility.ts'
import { foldHold, holdKinds, holdOf } from './fold.ts'
import { type Hold, isOver } from './hold.ts'

export interface HoldsOptions {
  readonly ledger: Ledger
  /** Whether a reviewer is the requester of a hold or answers for it. Asked anew at every vote and release. */
  readonly isRequester: (reviewer: string, requester: HoldOpened['requester']) => boolean
  /** Who a reviewer is now; undefined: nobody known. Group membership is checked at the vote and at release. */
  readonly reviewer: (id: string) => Reviewer | undefined
  readonly now?: () => number
}

export type HoldListener = (hold: Hold) => void

/** The letters of hold ids: no vowels and no look-alikes, so an id can be read out and is no word. */
const alphabet = '23456789BCDFGHJKMNPQRSTVWXYZ'

function newHoldId(): string {
  let id = ''
  for (const byte of randomBytes(32)) {
    // Rejection keeps the letters equally likely.
    if (byte < 252) id += alphabet[byte % alphabet.length]
    if (id.length === 10) return id
  }
  return newHoldId()
}

/**
 * Holds as the ledger tells them. Every change is an entry first; the state changes when the entry is durable, in
 * ledger order, so that what a reviewer was told is never lost and races end the same way for everybody.
 */
export class Holds {
  readonly #ledger: Ledger
  readonly #options: HoldsOptions
  readonly #holds = new Map<string, Hold>()
  readonly #listeners = new Set<HoldListener>()
  /** Holds whose approval is being used: the compare-and-set that makes a release happen once. */
  readonly #releasing = new Set<string>()
  #timer: NodeJS.Timeout | undefined
  #unsubscribe: (() => void) | undefined

  private constructor(options: HoldsOptions) {
    this.#options = options
    this.#ledger = options.ledger
  }

  /** Folds the ledger, then follows it. */
  static async open(options: HoldsOptions): Promise<Holds> {
    const holds = new Holds(options)
    // Subscribed first: what becomes durable while the ledger is being read is folded after it. Folding an entry a
    // second time changes nothing.
    const early: Entry[] = []
    const stop = options.ledger.subscribe((entry) => early.push(entry), holdKinds)
    for await (const entry of options.ledger.entries()) holds.#fold(entry)
    stop()
    for (const entry of early) holds.#fold(entry)
    holds.#unsubscribe = options.ledger.subscribe((entry) => holds.#fold(entry), holdKinds)
    holds.#schedule()
    return holds
  }

  close(): void {
    this.#unsubscribe?.()
    clearTimeout(this.#timer)
  }

  get(id: string): Hold | undefined {
    return this.#holds.get(id)
  }

  /** Newest first. */
  list(state: 'pending' | 'closed' | 'all' = 'all'): Hold[] {
    const wanted = (hold: Hold) => state === 'all' || (state === 'closed') === isOver(hold)
    return [...this.#holds.values()].filter(wanted).reverse()
  }

  /** Calls `listener` whenever a hold changed, after the change is durable. */
  subscribe(listener: HoldListener): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** Opens a hold. @throws SallyportError `ledger_unavailable` */
  open(
    request: Omit<HoldOpened, 'hold' | 'nonce' | 'expiresAt'>,
    within: number,
  ): { hold: Hold; durable: Promise<void> } {
    const opened: HoldOpened = {
      ...request,
      hold: newHoldId(),
      nonce: randomBytes(16).toString('hex'),
      expiresAt: new Date(this.#now() + within).toISOString(),
    }
    const { at, durable } = this.#ledger.append('hold.opened', opened)
    return { hold: { ...opened, state: 'pending', openedAt: at, votes: [], useBy: null, closed: null }, durable }
  }

  mayVote(hold: Hold, reviewer: string): Eligibility {
    const known = this.#options.reviewer(reviewer)
    if (known === undefined) return { allowed: false, reason: 'Nobody is known by that name.' }
    return mayVote(hold, known, this.#options.isRequester(reviewer, hold.requester), this.#isoNow())
  }

  /**
   * Casts a vote and resolves, once it is durable, with the hold as it then is.
   * @throws SallyportError `not_found`, `forbidden`, `conflict` (somebody was faster), `ledger_unavailable`
   */
  async vote(id: string, by: string, decision: 'approve' | 'reject', reason: string): Promise<Hold> {
    const hold = this.#require(id)
    const eligibility = this.mayVote(hold, by)
    if (!eligibility.allowed) {
      throw new SallyportError(hold.state === 'pending' ? 'forbidden' : 'conflict', eligibility.reason)
    }
    const { index, durable } = this.#ledger.append('hold.voted', { hold: id, by, decision, reason })
    await durable
    const after = this.#require(id)
    if (!after.votes.some((vote) => vote.by === by && vote.decision === decision)) {
      throw new SallyportError(
        'conflict',
        `The hold was ${after.state} before this vote (entry ${index}) was recorded.`,
      )
    }
    return after
  }

  /** Ends a hold that is not over. Quietly does nothing if it is. */
  async end(id: string, as: 'expired' | 'withdrawn', by: string, reason: string): Promise<void> {
    const hold = this.#holds.get(id)
    if (hold === undefined || isOver(hold) || this.#releasing.has(id)) return
    await this.#ledger.append('hold.closed', { hold: id, as, by, reason }).durable
  }

  /** Whether an approval can be used now: approved, in time, and still by people who may approve. */
  isUsable(id: string): boolean {
    const hold = this.#holds.get(id)
    if (hold?.state !== 'approved' || hold.useBy === null || this.#releasing.has(id)) return false
    if (this.#isoNow() > hold.useBy) return false
    const standing = hold.votes.filter((vote) => {
      const reviewer = this.#options.reviewer(vote.by)
      if (vote.decision !== 'approve' || reviewer === undefined) return false
      const open: Hold = { ...hold, state: 'pending', votes: [], expiresAt: hold.useBy ?? hold.expiresAt }
      return mayVote(open, reviewer, this.#options.isRequester(vote.by, hold.requester), this.#isoNow()).allowed
    })
    return standing.length >= hold.review.approvals
  }

  /**
   * Uses an approval, once. The caller may run the bytes when `durable` resolves. undefined: not usable (any more).
   * @throws SallyportError `ledger_unavailable`
   */
  release(id: string, actions: readonly string[]): { durable: Promise<void> } | undefined {
    const hold = this.#holds.get(id)
    if (hold === undefined || !this.isUsable(id)) return undefined
    this.#releasing.add(id)
    const { durable } = this.#ledger.append('hold.released', { hold: id, nonce: hold.nonce, actions })
    return { durable: durable.then(() => this.#requireReleased(id)) }
  }

  /** An end that was on its way to the ledger before the release wins: then nothing may run. */
  #requireReleased(id: string): void {
    const { state } = this.#require(id)
    if (state !== 'released') throw new SallyportError('conflict', `The hold was ${state} before it could be released.`)
  }

  #require(id: string): Hold {
    const hold = this.#holds.get(id)
    if (hold === undefined) {
      throw new SallyportError('not_found', `There is no hold ${id}.`, { hint: 'List them with: sallyport holds list' })
    }
    return hold
  }

  #fold(entry: Entry): void {
    const id = holdOf(entry)
    if (id === undefined) return
    const before = this.#holds.get(id)
    const after = foldHold(before, entry)
    if (after === undefined || after === before) return
    this.#holds.set(id, after)
    if (isOver(after)) this.#releasing.delete(id)
    this.#schedule()
    for (const listener of this.#listeners) listener(after)
  }

  /** One timer for the hold that ends first; looks again at least every 30 s, in case the clock jumped. */
  #schedule(): void {
    if (this.#unsubscribe === undefined) return
    clearTimeout(this.#timer)
    this.#timer = undefined
    const ends = [...this.#holds.values()]
      .filter((hold) => !isOver(hold))
      .map((hold) => Date.parse(hold.useBy ?? hold.expiresAt))
    if (ends.length === 0) return
    const wait = Math.min(30_000, Math.max(10, Math.min(...ends) - this.#now() + 1))
    this.#timer = setTimeout(() => this.#expire(), wait)
    this.#timer.unref()
  }

  #expire(): void {
    const now = this.#isoNow()
    for (const hold of this.#holds.values()) {
      if (isOver(hold) || now <= (hold.useBy ?? hold.expiresAt)) continue
      const reason = hold.state === 'pending' ? 'Nobody decided in time.' : 'The approval was not used in time.'
      this.end(hold.hold, 'expired', 'sallyport', reason).catch(() => undefined)
    }
    this.#schedule()
  }

  #now(): number {
    return this.#options.now?.() ?? Date.now()
  }

  #isoNow(): string {
    return new Date(this.#now()).toISOString()
  }
}
