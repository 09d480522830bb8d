import type { Action } from '../action/index.ts'
import type { Appended, EntryBodies, EntryKind, Ledger, Urgency } from '../ledger/index.ts'
import { factsOf, type Moment, ruleContext, type Share, sessionOf, type Window, WindowFold } from '../rules/index.ts'
import { applyChange, isKind, type WindowChange, windowChange } from './window-change.ts'

export interface WindowKeeperOptions {
  readonly ledger: Pick<Ledger, 'append' | 'flush' | 'entriesSince' | 'head'>
  /** Milliseconds since 1970, UTC. Default: the clock. */
  readonly now?: () => number
}

/** Milliseconds before the span of a window from which the ledger is read, so that most of what ran then is whole. */
const margin = 60_000

/**
 * What windows remember, folded from the ledger: what is appended through `record` counts at once, what was appended
 * before is read back when a window comes into use. So neither a restart nor a new rule forgets anything.
 */
export class WindowKeeper {
  /** The ledger to append to: what windows count is counted in the same turn. */
  readonly record: Pick<Ledger, 'append' | 'flush'>
  readonly #ledger: WindowKeeperOptions['ledger']
  readonly #clock: () => number
  #folds = new Map<string, WindowFold>()
  /** What is appended while windows are being read back. */
  readonly #meanwhile = new Set<WindowChange[]>()
  /** Actions that have not ended, with when they were asked for (RFC 3339); the oldest first. */
  readonly #open = new Map<string, string>()
  /** Those of them that a window may count: most of what passes concerns none. */
  readonly #counted = new Set<string>()
  #now = Number.NEGATIVE_INFINITY

  constructor({ ledger, now = Date.now }: WindowKeeperOptions) {
    this.#ledger = ledger
    this.#clock = now
    this.record = {
      flush: () => ledger.flush(),
      append: <K extends EntryKind>(kind: K, body: EntryBodies[K], urgency?: Urgency): Appended => {
        const appended = ledger.append(kind, body, urgency)
        this.#appended(kind, body, appended.at)
        return appended
      },
    }
  }

  /**
   * Reads back what windows have to remember that are not kept yet. They are kept from then on; nothing else changes.
   * @throws SallyportError where the ledger cannot be read
   */
  async prepare(windows: readonly Window[]): Promise<void> {
    const wanted = windows.filter(({ id }) => !this.#folds.has(id))
    if (wanted.length === 0) return
    const meanwhile: WindowChange[] = []
    this.#meanwhile.add(meanwhile)
    try {
      const { size } = this.#ledger.head
      const [oldest] = this.#open.values()
      const oldestOpen = oldest === undefined ? Number.POSITIVE_INFINITY : Date.parse(oldest)
      await this.#ledger.flush()
      const since = this.#clock() - Math.max(...wanted.map(({ over }) => over))
      let from = Math.min(since - margin, oldestOpen)
      let back = await this.#readBack(wanted, from, since, size)
      // What counts within a window may have been asked for before it. Each round begins earlier, the last at the start.
      while (Number.isFinite(back.missing) && from > 0) {
        from = back.missing < from ? back.missing : 0
        back = await this.#readBack(wanted, from, since, size)
      }
      for (const change of meanwhile) for (const fold of back.folds) applyChange(fold, change)
      for (const fold of back.folds) this.#folds.set(fold.window.id, fold)
      for (const id of this.#open.keys()) this.#counted.add(id)
    } finally {
      this.#meanwhile.delete(meanwhile)
    }
  }

  /** Forgets all windows but these. */
  keepOnly(windows: readonly Window[]): void {
    const ids = new Set(windows.map(({ id }) => id))
    this.#folds = new Map([...this.#folds].filter(([id]) => ids.has(id)))
  }

  /** How many keys each window keeps apart, by the window's id. */
  keys(): ReadonlyMap<string, number> {
    return new Map([...this.#folds].map(([id, { keys }]) => [id, keys]))
  }

  /**
   * What actions are judged by that run or fall together: each with all of them put in, and none of them twice. A
   * COMMIT that was measured stands for all that its transaction did.
   */
  moment(actions: readonly Action[]): Moment {
    const now = this.#time()
    const commit = actions.find(({ operation }) => operation === 'COMMIT')
    const leaving = {
      actions: [...new Set(actions.map(({ id }) => id))],
      transaction: commit === undefined ? undefined : sessionOf(commit),
    }
    const read = (window: Window, key: string, at: number, own: Share | undefined): number => {
      const fold = this.#folds.get(window.id)
      // Counting nothing would let everything through; an error is a hold.
      if (fold === undefined) throw new Error(`nothing is kept of window ${window.name}`)
      return fold.read(key, at, actions.length > 1 ? sharedBy(window, actions, key) : own, leaving)
    }
    return { now, windows: { read } }
  }

  /** Never goes back, for what has left a window is forgotten. */
  #time(): number {
    this.#now = Math.max(this.#now, this.#clock())
    return this.#now
  }

  #appended<K extends EntryKind>(kind: K, body: EntryBodies[K], at: string): void {
    const id = this.#concerns(kind, body, at)
    if (id === undefined || !(this.#counted.has(id) || this.#meanwhile.size > 0)) return
    const change = windowChange(kind, body, Date.parse(at))
    if (change === undefined) return
    this.#now = Math.max(this.#now, change.at)
    if (change.type === 'ended') this.#counted.delete(id)
    for (const fold of this.#folds.values()) applyChange(fold, change)
    for (const changes of this.#meanwhile) changes.push(change)
  }

  /** Keeps track of what is open. @returns the action that the entry is about */
  #concerns(kind: EntryKind, body: unknown, at: string): string | undefined {
    if (isKind('action.requested', kind, body)) {
      const { action } = body
      this.#open.set(action.id, at)
      if (this.#folds.size > 0 && this.#isCounted(action)) this.#counted.add(action.id)
      return action.id
    }
    if (isKind('action.settled', kind, body)) {
      this.#open.delete(body.action)
      return body.action
    }
    return isKind('action.released', kind, body) || isKind('action.judged', kind, body) ? body.action : undefined
  }

  #isCounted(action: Action): boolean {
    const facts = factsOf(action)
    for (const fold of this.#folds.values()) if (fold.mayCount(action, facts)) return true
    return false
  }

  /** @returns `missing`: when the oldest action was asked for that counts and was not met; infinite where none is. */
  async #readBack(windows: readonly Window[], from: number, since: number, size: number) {
    const folds = windows.map((window) => new WindowFold(window))
    const met = new Set<string>()
    let missing = Number.POSITIVE_INFINITY
    for await (const { index, kind, body, at } of this.#ledger.entriesSince(from)) {
      if (index >= size) break
      const change = windowChange(kind, body, Date.parse(at))
      if (change === undefined) continue
      if (change.type === 'requested') met.add(change.action.id)
      else if (!met.has(change.id) && change.at > since) missing = Math.min(missing, beganAt(change.id))
      if (change.type === 'ended') met.delete(change.id)
      for (const fold of folds) applyChange(fold, change)
    }
    return { folds, missing }
  }
}

/** What all of `actions` add to one key, together. Throws where that cannot be said. */
function sharedBy(window: Window, actions: readonly Action[], key: string): Share | undefined {
  let together: Share | undefined
  for (const action of actions) {
    const share = window.share(ruleContext(action))
    if (share?.key !== key) continue
    together = {
      key,
      amount: (together?.amount ?? 0) + share.amount,
      values: [...(together?.values ?? []), ...share.values],
    }
  }
  return together
}

/** A little before the time in the id of an action, which is a UUIDv7 (RFC 9562, section 5.7); otherwise the start. */
function beganAt(id: string): number {
  const time = /^[0-9a-f]{8}-[0-9a-f]{4}-7/i.test(id) ? Number.parseInt(id.slice(0, 8) + id.slice(9, 13), 16) : 0
  return Math.max(0, time - margin)
}
