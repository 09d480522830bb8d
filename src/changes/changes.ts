import { randomBytes } from 'node:crypto'
import { canonicalJson, sha256Hex } from '../action/index.ts'
import { SallyportError } from '../errors/index.ts'
import type { Eligibility, Reviewer } from '../holds/index.ts'
import {
  type ChangeStatement,
  type Entry,
  follow,
  type Ledger,
  type ReviewAsked,
  type WorkloadIdentity,
} from '../ledger/index.ts'
import { type Change, stateAt } from './change.ts'
import { mayDecide } from './eligibility.ts'
import { changeKinds, foldChange, isChangeEntry, planOf } from './fold.ts'
import { ChangeRun, type LiveChange } from './run.ts'
import { newSecret, secretDigest } from './secret.ts'

/** Changes that are over and kept in memory; older ones are on the record only. */
const overKept = 1_000
/** Changes of one repository that may wait for review, or to be run, at a time. */
const openAtMost = 50

export interface ChangesOptions {
  readonly ledger: Pick<Ledger, 'append' | 'entries' | 'subscribe'>
  /** What is known of somebody who decides; undefined: nobody. */
  readonly reviewer: (id: string) => Reviewer | undefined
  /** Whether a person is behind an actor, or answers for it. */
  readonly isRequester: (person: string, actor: { readonly id: string }) => boolean
  /** Who has to approve a change. */
  readonly review: ReviewAsked
  readonly now?: () => number
}

/** What a workload asks for, once its identity is known and its statements are read. */
export interface ChangeRequest {
  readonly title: string
  readonly door: string
  readonly database: string
  readonly identity: WorkloadIdentity
  readonly statements: readonly ChangeStatement[]
  /** Milliseconds. */
  readonly lasts: number
}

export type ChangeListener = (change: Change) => void

/** The changes that the ledger tells of. */
export class Changes {
  readonly #options: ChangesOptions
  readonly #changes = new Map<string, Change>()
  readonly #live = new Map<string, LiveChange>()
  readonly #bySecret = new Map<string, string>()
  readonly #listeners = new Set<ChangeListener>()
  #unsubscribe: () => void = () => undefined

  private constructor(options: ChangesOptions) {
    this.#options = options
  }

  /** Folds the ledger, then follows it. */
  static async open(options: ChangesOptions): Promise<Changes> {
    const changes = new Changes(options)
    changes.#unsubscribe = await follow(options.ledger, changeKinds, (entry) => changes.#fold(entry))
    return changes
  }

  close(): void {
    this.#unsubscribe()
  }

  /** Newest first. */
  list(): Change[] {
    return [...this.#changes.values()].reverse()
  }

  get(id: string): Change | undefined {
    return this.#changes.get(id)
  }

  /** The change whose run knows this secret. */
  bySecret(secret: string): Change | undefined {
    const digest = secretDigest(secret)
    return digest === undefined ? undefined : this.get(this.#bySecret.get(digest) ?? '')
  }

  /** Calls the listener with each change once something about it is durable. */
  subscribe(listener: ChangeListener): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /**
   * Opens a change. The secret is in the answer and nowhere else.
   * @throws SallyportError `conflict` (too many of the repository are open), `ledger_unavailable`
   */
  async ask(request: ChangeRequest): Promise<{ readonly change: string; readonly secret: string }> {
    const { lasts, title, door, database, identity, statements } = request
    const now = this.#now()
    const isOpen = (one: Change) => ['pending', 'approved'].includes(stateAt(one, now))
    const same = (one: Change) =>
      one.identity.issuer === identity.issuer && one.identity.repository === identity.repository
    if (this.list().filter((one) => isOpen(one) && same(one)).length >= openAtMost) {
      throw new SallyportError('conflict', `${identity.repository} has ${openAtMost} changes open already.`, {
        hint: 'have some of them decided, or closed',
      })
    }
    const { secret, digest } = newSecret()
    const change = `chg_${randomBytes(8).toString('hex')}`
    await this.#options.ledger.append('change.opened', {
      change,
      kind: 'deployment',
      title,
      door,
      database,
      identity,
      review: this.#options.review,
      statements,
      digest: sha256Hex(canonicalJson(planOf({ door, database, statements }))),
      secret: digest,
      expiresAt: new Date(now + lasts).toISOString(),
    }).durable
    return { change, secret }
  }

  /** @throws SallyportError `not_found`, `forbidden`, `ledger_unavailable` */
  async approve(id: string, by: string, reason: string): Promise<Change> {
    this.#demand(id, by, 'approve')
    const groups = this.#options.reviewer(by)?.groups ?? []
    await this.#options.ledger.append('change.approved', { change: id, by, reason, groups }).durable
    return this.#require(id)
  }

  /** @throws SallyportError `not_found`, `forbidden`, `ledger_unavailable` */
  async reject(id: string, by: string, reason: string): Promise<Change> {
    this.#demand(id, by, 'reject')
    await this.#options.ledger.append('change.rejected', { change: id, by, reason }).durable
    return this.#require(id)
  }

  /** Whether somebody may approve a change now, or reject it. @throws SallyportError `not_found` */
  mayDecide(id: string, by: string, decision: 'approve' | 'reject'): Eligibility {
    const change = this.#require(id)
    const { reviewer: find, isRequester } = this.#options
    const reviewer = find(by)
    if (reviewer === undefined) return { allowed: false, reason: 'Nobody is known by this name.' }
    const { actor } = change.identity
    const isIt = (person: string) => actor !== undefined && isRequester(person, { id: actor })
    return mayDecide(change, reviewer, isIt, this.#now(), decision)
  }

  /** Nothing more of it passes. @throws SallyportError `not_found`, `conflict`, `ledger_unavailable` */
  async end(id: string, by: string, reason: string): Promise<Change> {
    const state = stateAt(this.#require(id), this.#now())
    if (state !== 'pending' && state !== 'approved') {
      throw new SallyportError('conflict', `The change is ${state} already.`)
    }
    await this.#options.ledger.append('change.closed', { change: id, by, reason }).durable
    return this.#require(id)
  }

  /** What a session is that shows a secret; undefined: no change has it. */
  enter(
    secret: string,
    { door, database }: { readonly door: string; readonly database: string },
  ): ChangeRun | undefined {
    const change = this.bySecret(secret)
    if (change === undefined) return undefined
    const { change: id } = change
    const { ledger } = this.#options
    return new ChangeRun(change, {
      live: () => this.#liveOf(id),
      door,
      database,
      now: () => this.#now(),
      use: (from, actions) => ledger.append('change.used', { change: id, from, actions }).durable,
      restore: (from, to, why) => {
        try {
          ledger.append('change.restored', { change: id, from, to, why }).durable.catch(() => undefined)
        } catch {
          // What cannot be recorded now: after a restart it counts as used.
        }
      },
    })
  }

  #liveOf(id: string): LiveChange | undefined {
    const known = this.#live.get(id)
    const change = this.get(id)
    if (known !== undefined || change === undefined) return known
    const live = { change, next: change.used.length, owner: undefined }
    this.#live.set(id, live)
    return live
  }

  #demand(id: string, by: string, decision: 'approve' | 'reject'): void {
    const { allowed, reason } = this.mayDecide(id, by, decision)
    if (!allowed) throw new SallyportError('forbidden', reason)
  }

  #require(id: string): Change {
    const change = this.get(id)
    if (change === undefined) throw new SallyportError('not_found', `There is no change ${id}.`)
    return change
  }

  #fold(entry: Entry): void {
    if (!isChangeEntry(entry)) return
    const id = entry.body.change
    const before = this.#changes.get(id)
    const after = foldChange(before, entry)
    if (after === undefined || after === before) return
    this.#changes.set(id, after)
    const live = this.#live.get(id)
    // What was used or restored through a session is counted there already, ahead of its entry.
    if (live !== undefined) live.change = after
    if (before === undefined) {
      this.#bySecret.set(after.secret, id)
      this.#forget()
    }
    for (const listener of this.#listeners) listener(after)
  }

  /** Oldest first, of those that are over. */
  #forget(): void {
    let over = [...this.#changes.values()].filter((one) => this.#isOver(one)).length - overKept
    for (const change of this.#changes.values()) {
      if (over <= 0) return
      if (!this.#isOver(change)) continue
      this.#changes.delete(change.change)
      this.#live.delete(change.change)
      this.#bySecret.delete(change.secret)
      over -= 1
    }
  }

  #isOver(change: Change): boolean {
    return !['pending', 'approved'].includes(stateAt(change, this.#now()))
  }

  #now(): number {
    return this.#options.now?.() ?? Date.now()
  }
}
