import { randomBytes } from 'node:crypto'
import { SallyportError } from '../errors/index.ts'
import { type Entry, follow, type HeldRows, type HoldOpened, type Ledger, type SignedTap } from '../ledger/index.ts'
import { Alarm } from './alarm.ts'
import { HoldBook } from './book.ts'
import { isInGroup } from './break-glass.ts'
import { type Eligibility, mayVote, type Reviewer, standingOn } from './eligibility.ts'
import { defaultFloodLimits, type FloodLimits, flooding } from './flood.ts'
import { holdKinds } from './fold.ts'
import { type Hold, isOver, newHold, type Vote, type VoteDecision } from './hold.ts'
import { newHoldId } from './hold-id.ts'
import { type Approver, Progress } from './review.ts'
import { demandTap, type TapRules } from './tap-rules.ts'

export interface HoldsOptions {
  readonly ledger: Ledger
  /** Whether a reviewer is the requester of a hold or answers for it. Asked anew at every vote and release. */
  readonly isRequester: (reviewer: string, requester: HoldOpened['requester']) => boolean
  /** Who a reviewer is now; undefined: nobody known. Group membership is checked at the vote and at release. */
  readonly reviewer: (id: string) => Reviewer | undefined
  readonly now?: () => number
  /** Groups whose people may force a hold in an emergency; left out: nobody. */
  readonly breakGlass?: readonly string[]
  readonly limits?: FloodLimits
  /** Ended holds kept in memory. */
  readonly endedKept?: number
  /** Where yes is said with passkeys too; left out: nowhere. */
  readonly passkeys?: TapRules
}

export type HoldListener = (hold: Hold) => void

/**
 * Holds as the ledger tells them. Every change is an entry first; the state changes when the entry is durable, in
 * ledger order, so that what a reviewer was told is never lost and races end the same way for everybody.
 */
export class Holds {
  readonly #ledger: Ledger
  readonly #options: HoldsOptions
  readonly #book: HoldBook
  readonly #listeners = new Set<HoldListener>()
  /** Holds whose approval is being used: the compare-and-set that makes a release happen once. */
  readonly #releasing = new Set<string>()
  /** Holds for which more people are being asked. */
  readonly #escalating = new Set<string>()
  /** Holds that are being ended because their time is over. */
  readonly #expiring = new Set<string>()
  /** Holds whose opening is not durable yet. */
  readonly #opening = new Map<string, { readonly hold: Hold; readonly durable: Promise<void> }>()
  readonly #alarm: Alarm
  #unsubscribe: (() => void) | undefined

  private constructor(options: HoldsOptions) {
    this.#options = options
    this.#ledger = options.ledger
    this.#book = new HoldBook(options.endedKept)
    this.#alarm = new Alarm(
      () => this.#now(),
      () => this.#timePassed(),
    )
  }

  /** Folds the ledger, then follows it. */
  static async open(options: HoldsOptions): Promise<Holds> {
    const holds = new Holds(options)
    holds.#unsubscribe = await follow(options.ledger, holdKinds, (entry) => holds.#fold(entry))
    holds.#timePassed()
    return holds
  }

  close(): void {
    this.#unsubscribe?.()
    this.#alarm.stop()
  }

  /** A hold that is in memory: every one that is not over, and those that ended last. */
  get(id: string): Hold | undefined {
    return this.#book.get(id)
  }

  /** A hold, however long ago it ended. */
  find(id: string): Promise<Hold | undefined> {
    return this.#book.find(id, this.#ledger)
  }

  /** Newest first: by opening, or of those that are over (as many as are in memory) by their end. */
  list(state: 'pending' | 'closed' | 'all' = 'all'): Hold[] {
    const open = state === 'closed' ? [] : [...this.#book.open].reverse()
    const ended = state === 'pending' ? [] : [...this.#book.ended].reverse()
    return state === 'all' ? [...open, ...ended].sort(newestFirst) : [...open, ...ended]
  }

  /** Calls `listener` whenever a hold changed, after the change is durable. */
  subscribe(listener: HoldListener): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** Why no more holds are opened for a requester just now; undefined: they are. */
  floodedBy(requester: string): string | undefined {
    const all = [...this.#book.open, ...this.#book.ended, ...[...this.#opening.values()].map(({ hold }) => hold)]
    return flooding(all, requester, this.#now(), this.#options.limits ?? defaultFloodLimits)
  }

  /** A hold that has been opened, and is not durable yet. */
  opening(id: string): { hold: Hold; durable: Promise<void> } | undefined {
    return this.#opening.get(id)
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
    const hold = newHold(opened, at)
    this.#opening.set(hold.hold, { hold, durable })
    durable.catch(() => this.#opening.delete(hold.hold))
    return { hold, durable }
  }

  /** Whether nobody has shown yet what a hold is about. */
  wantsSamples(id: string): boolean {
    const hold = this.#opening.get(id)?.hold ?? this.get(id)
    return hold?.state === 'pending' && hold.samples.length === 0
  }

  /** Puts some of the rows that a hold is about beside it. @throws SallyportError `ledger_unavailable` */
  sampled(id: string, samples: readonly HeldRows[]): void {
    if (samples.length > 0 && this.wantsSamples(id)) this.#ledger.append('hold.sampled', { hold: id, samples }, 'soon')
  }

  mayVote(hold: Hold, reviewer: string, decision: VoteDecision = 'approve'): Eligibility {
    const known = this.#options.reviewer(reviewer)
    if (known === undefined) return { allowed: false, reason: 'Nobody is known by that name.' }
    return mayVote(hold, known, this.#isRequesterOf(hold), this.#isoNow(), decision)
  }

  /**
   * Casts a vote and resolves, once it is durable, with the hold as it then is.
   * @param tap that was checked to be of this voter, for this vote
   * @throws SallyportError `not_found`, `forbidden`, `invalid_request` (a reason is asked for), `conflict` (somebody
   * was faster), `ledger_unavailable`
   */
  async vote(id: string, by: string, decision: VoteDecision, reason: string, tap?: SignedTap): Promise<Hold> {
    const hold = this.#require(id)
    const eligibility = this.mayVote(hold, by, decision)
    if (!eligibility.allowed) {
      throw new SallyportError(hold.state === 'pending' ? 'forbidden' : 'conflict', eligibility.reason)
    }
    if (hold.review.reason === true && reason.trim() === '') {
      throw new SallyportError('invalid_request', `Rule ${hold.rule.id} asks for the reason of every vote.`, {
        hint: 'say in a sentence why this is right or wrong',
      })
    }
    if (decision !== 'reject') demandTap(this.#options.passkeys, by, decision, hold, tap)
    const { groups, standsIn } = this.#standing(hold, by)
    const { index, durable } = this.#ledger.append('hold.voted', {
      hold: id,
      by,
      decision,
      reason,
      groups,
      ...(standsIn.length === 0 ? {} : { standsIn }),
      ...(tap === undefined ? {} : { tap }),
    })
    await durable
    const after = (await this.find(id)) ?? hold
    if (!after.votes.some((vote) => vote.by === by && vote.decision === decision)) {
      throw new SallyportError(
        'conflict',
        `The hold was ${after.state} before this vote (entry ${index}) was recorded.`,
      )
    }
    return after
  }

  /**
   * Takes a hold back on behalf of whoever asked, or of somebody who answers for it.
   * @throws SallyportError `not_found`, `forbidden`, `conflict`, `ledger_unavailable`
   */
  async withdraw(id: string, by: string, reason: string): Promise<Hold> {
    const hold = this.#require(id)
    if (!this.#isRequesterOf(hold)(by)) {
      throw new SallyportError('forbidden', 'Only whoever asked can withdraw a hold: reject it instead.')
    }
    if (isOver(hold)) throw new SallyportError('conflict', `The hold is ${hold.state} already.`)
    await this.end(id, 'withdrawn', by, reason)
    const after = (await this.find(id)) ?? hold
    if (after.state !== 'withdrawn') throw new SallyportError('conflict', `The hold is ${after.state} already.`)
    return after
  }

  /** Ends a hold that is not over. Quietly does nothing if it is. */
  async end(id: string, as: 'expired' | 'withdrawn', by: string, reason: string): Promise<void> {
    const hold = this.get(id)
    if (hold === undefined || isOver(hold) || this.#releasing.has(id)) return
    await this.#ledger.append('hold.closed', { hold: id, as, by, reason }).durable
  }

  /** Whether an approval can be used now: approved, in time, and still by people who may approve. */
  isUsable(id: string): boolean {
    const hold = this.get(id)
    if (hold?.state !== 'approved' || hold.useBy === null || this.#releasing.has(id)) return false
    if (this.#isoNow() > hold.useBy) return false
    if (hold.forced !== null) return this.#stillForces(hold.forced.by)
    if (hold.votes.some((vote) => this.#stillConfirms(hold, vote))) return true
    const approvals = hold.votes.flatMap((vote) => this.#stillApproves(hold, vote) ?? [])
    return new Progress(hold.review, approvals, hold.escalatedAt !== null).isMet
  }

  #stillForces(by: string): boolean {
    return isInGroup(this.#options.reviewer(by), this.#options.breakGlass ?? [])
  }

  #stillConfirms(hold: Hold, { by, decision, passkey }: Vote): boolean {
    if (decision !== 'confirm' || hold.review.confirm !== true || !this.#stands(passkey)) return false
    return this.#options.reviewer(by)?.kind === 'human' && this.#isRequesterOf(hold)(by)
  }

  /** Whether nobody has taken away the passkey that a vote was signed with. */
  #stands(passkey: string | undefined): boolean {
    return passkey === undefined || this.#options.passkeys?.stands(passkey) !== false
  }

  /** What an approval is worth by now: it stands for groups that its giver stood for then and still stands for. */
  #stillApproves(hold: Hold, { by, decision, groups, passkey }: Vote): Approver | undefined {
    const reviewer = this.#options.reviewer(by)
    if (decision !== 'approve' || reviewer?.kind !== 'human' || !reviewer.isReviewer) return undefined
    if (this.#isRequesterOf(hold)(by) || !this.#stands(passkey)) return undefined
    const now = this.#standing(hold, by).groups
    return { by, groups: groups === undefined ? now : now.filter((group) => groups.includes(group)) }
  }

  /**
   * Uses an approval, once. The caller may run the bytes when `durable` resolves. undefined: not usable (any more).
   * @throws SallyportError `ledger_unavailable`
   */
  release(id: string, actions: readonly string[]): { durable: Promise<void> } | undefined {
    const hold = this.get(id)
    if (hold === undefined || !this.isUsable(id)) return undefined
    this.#releasing.add(id)
    const { durable } = this.#ledger.append('hold.released', { hold: id, nonce: hold.nonce, actions })
    return { durable: durable.then(() => this.#requireReleased(id)) }
  }

  /** An end that was on its way to the ledger before the release wins: then nothing may run. */
  async #requireReleased(id: string): Promise<void> {
    const state = (await this.find(id))?.state ?? 'lost'
    if (state !== 'released') throw new SallyportError('conflict', `The hold was ${state} before it could be released.`)
  }

  #require(id: string): Hold {
    const hold = this.get(id)
    if (hold === undefined) {
      throw new SallyportError('not_found', `There is no hold ${id}.`, { hint: 'List them with: sallyport holds list' })
    }
    return hold
  }

  #isRequesterOf(hold: Hold): (id: string) => boolean {
    return (id) => this.#options.isRequester(id, hold.requester)
  }

  #standing(hold: Hold, id: string) {
    const reviewer = this.#options.reviewer(id)
    if (reviewer === undefined) return { groups: [], standsIn: [] }
    return standingOn(hold, reviewer, this.#isRequesterOf(hold))
  }

  #fold(entry: Entry): void {
    const hold = this.#book.fold(entry)
    if (hold === undefined) return
    this.#opening.delete(hold.hold)
    if (isOver(hold)) this.#releasing.delete(hold.hold)
    if (hold.state !== 'pending' || hold.escalatedAt !== null) this.#escalating.delete(hold.hold)
    if (this.#unsubscribe !== undefined) this.#wakeFor(hold)
    for (const listener of this.#listeners) listener(hold)
  }

  #wakeFor(hold: Hold): void {
    if (isOver(hold)) return
    this.#alarm.at(endOf(hold))
    const escalation = escalationOf(hold)
    if (escalation !== undefined && !this.#escalating.has(hold.hold)) this.#alarm.at(escalation)
  }

  /** Ends what has had its time, and asks more people where nobody has decided. */
  #timePassed(): void {
    const now = this.#now()
    for (const hold of this.#book.open) {
      const escalation = escalationOf(hold)
      if (now > endOf(hold)) {
        this.#expire(hold)
        // Should the record fail now, it is tried again, but not in a hurry: an expired hold is of no use anyway.
        this.#alarm.at(now + 1_000)
        continue
      }
      if (escalation !== undefined && now >= escalation && !this.#escalating.has(hold.hold)) {
        this.#escalate(hold)
      }
      this.#wakeFor(hold)
    }
  }

  #expire({ hold, state }: Hold): void {
    if (this.#expiring.has(hold)) return
    const reason = state === 'pending' ? 'Nobody decided in time.' : 'The approval was not used in time.'
    this.#expiring.add(hold)
    this.end(hold, 'expired', 'sallyport', reason)
      .catch(() => undefined)
      .finally(() => this.#expiring.delete(hold))
  }

  #escalate({ hold, review }: Hold): void {
    try {
      const { durable } = this.#ledger.append('hold.escalated', { hold, to: review.escalate?.to ?? [] })
      this.#escalating.add(hold)
      durable.catch(() => this.#escalating.delete(hold))
    } catch {
      // What cannot be recorded does not happen: nobody more is asked.
    }
  }

  #now(): number {
    return this.#options.now?.() ?? Date.now()
  }

  #isoNow(): string {
    return new Date(this.#now()).toISOString()
  }
}

function newestFirst(a: Hold, b: Hold): number {
  return a.openedAt < b.openedAt ? 1 : a.openedAt > b.openedAt ? -1 : 0
}

/** When a hold has had its time, in milliseconds since 1970. */
function endOf(hold: Hold): number {
  return Date.parse(hold.useBy ?? hold.expiresAt)
}

/** When more people are to be asked; undefined: never, or they have been. */
function escalationOf({ state, review, openedAt, escalatedAt }: Hold): number | undefined {
  if (state !== 'pending' || escalatedAt !== null || review.escalate === undefined) return undefined
  return Date.parse(openedAt) + review.escalate.after
}
