import type { Action } from '../../action/index.ts'
import type { Facts } from '../prefilter.ts'
import { ruleContext } from '../rule-context.ts'
import { Tally } from './tally.ts'
import type { Share, Window } from './window.ts'

/** How an action ended, as far as windows care. */
export interface Ended {
  /** false: it certainly changed nothing. */
  readonly took: boolean
  /** The action as it really was, with exact impact; where it did several things, several. Not given: nobody knows. */
  readonly exactly?: (action: Action) => readonly Action[]
}

/** Whose tallies, and what is left out of them because it is judged now. */
export interface Leaving {
  readonly actions: readonly string[]
  /** What is judged stands for the whole transaction of this session. */
  readonly transaction?: string | undefined
}

/**
 * What one window makes of what is on the record, in the record's order; pure, so that reading the record again comes
 * to the same. Effects count from when an action is let through (as far as is known then) until the span after it has
 * ended (with the rows it really touched, and not at all where it failed). Attempts count when they are made.
 */
export class WindowFold {
  readonly window: Window
  readonly #tally: Tally
  /** Actions that wait for somebody to approve them. */
  readonly #waiting = new Map<string, Action>()
  readonly #running = new Map<string, { readonly action: Action; readonly share: Share | undefined }>()
  /** Attempts that have not ended: judged again, they are not to be counted twice. */
  readonly #tried = new Map<string, { readonly at: number; readonly share: Share }>()
  /** What ended within the transaction that a session has open, by key: its COMMIT is measured as a whole. */
  readonly #transactions = new Map<string, Map<string, number>>()

  constructor(window: Window, maxKeys?: number) {
    this.window = window
    this.#tally = new Tally(window, maxKeys)
  }

  /** Keys that are kept apart now. */
  get keys(): number {
    return this.#tally.keys
  }

  /** Whether an action may come to count; false: it need not be told of it, nor of its end. */
  mayCount(action: Action, facts: Facts): boolean {
    return this.window.mayMatch(facts) || (this.window.of === 'effects' && !isPlainRead(action))
  }

  /** An action was asked for. `becomes`: it runs, it waits for approval, or it is refused. */
  requested(action: Action, facts: Facts, at: number, becomes: 'running' | 'waiting' | 'refused'): void {
    if (this.window.of === 'attempts') {
      const share = this.mayCount(action, facts) ? this.#share(action) : undefined
      if (share === undefined) return
      this.#tally.add(at, share)
      this.#tried.set(action.id, { at, share })
      return
    }
    if (becomes === 'refused' || !this.mayCount(action, facts)) return
    if (becomes === 'waiting') this.#waiting.set(action.id, action)
    else this.#start(action)
  }

  /** An action that waited runs now. */
  released(id: string): void {
    const action = this.#waiting.get(id)
    if (action === undefined) return
    this.#waiting.delete(id)
    this.#start(action)
  }

  ended(id: string, at: number, { took, exactly }: Ended): void {
    this.#tried.delete(id)
    this.#waiting.delete(id)
    const running = this.#running.get(id)
    if (running === undefined) return
    this.#running.delete(id)
    const { action } = running
    if (running.share) this.#tally.stop(id, running.share)
    const session = sessionOf(action)
    const { operation } = action
    if (took) {
      const shares = exactly === undefined ? [running.share] : exactly(action).map((one) => this.#share(one))
      const transaction = this.#transactions.get(session)
      for (const share of shares) {
        if (share === undefined) continue
        const counted = transaction?.get(share.key) ?? 0
        if (operation === 'COMMIT') {
          // Its statements have been counted one by one; what is left is what nobody saw them do.
          const amount = Math.max(0, share.amount - counted)
          if (amount > 0 || share.values.length > 0) this.#tally.add(at, { ...share, amount })
          continue
        }
        this.#tally.add(at, share)
        transaction?.set(share.key, counted + share.amount)
      }
    }
    if (operation === 'BEGIN' && took) this.#transactions.set(session, new Map())
    if (operation === 'COMMIT' || operation === 'ROLLBACK') this.#transactions.delete(session)
  }

  /** See `WindowReader.read`. */
  read(key: string, now: number, own: Share | undefined, leaving: Leaving): number {
    let value = this.#tally.read(key, now, own, leaving.actions)
    if (this.window.measure === 'distinct') return value
    for (const id of leaving.actions) {
      const tried = this.#tried.get(id)
      if (tried?.share.key === key && tried.at > now - this.window.over) value = less(value, tried.share.amount)
    }
    if (leaving.transaction !== undefined) {
      value = less(value, this.#transactions.get(leaving.transaction)?.get(key) ?? 0)
    }
    return Math.max(value, own?.amount ?? 0)
  }

  #start(action: Action): void {
    const share = this.#share(action)
    this.#running.set(action.id, { action, share })
    if (share) this.#tally.start(action.id, share)
  }

  /** What cannot be worked out may be any amount, unless it cannot even be said whose it is. */
  #share(action: Action): Share | undefined {
    const context = ruleContext(action)
    try {
      return this.window.share(context)
    } catch {
      try {
        return { key: this.window.key(context), amount: Number.POSITIVE_INFINITY, values: [] }
      } catch {
        return undefined
      }
    }
  }
}

/** What may turn out, when it is measured, to have done more than it looked like has to be kept in mind. */
function isPlainRead({ effects, operation }: Action): boolean {
  return effects.every((effect) => effect === 'read') && !/^(?:BEGIN|COMMIT|ROLLBACK)$/.test(operation)
}

/** The session of an action, over all doors. */
export function sessionOf({ door, actor }: Action): string {
  return `${door}\n${actor.client.session}`
}

/** Infinite minus infinite is nothing that could be compared: it stays infinite. */
function less(value: number, amount: number): number {
  return Number.isFinite(amount) ? value - amount : value
}
