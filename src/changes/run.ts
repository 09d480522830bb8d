import type { Action } from '../action/index.ts'
import type { ReviewAsked } from '../ledger/index.ts'
import { type Change, identityLine } from './change.ts'
import { meets } from './fold.ts'

/** A change as the sessions of its run see it: one in a process, shared by all of them. */
export interface LiveChange {
  change: Change
  /** The first statement that has not been used, also where its entry is not durable yet. */
  next: number
  /** Whose statements are under way: run in an open transaction, or about to become final. */
  owner: ChangeRun | undefined
}

export interface RunContext {
  /** The change as it is now; undefined: it was long over. */
  readonly live: () => LiveChange | undefined
  readonly door: string
  readonly database: string
  readonly now: () => number
  /** Puts on the record that statements are about to become final. Resolves when that is durable. */
  readonly use: (from: number, actions: readonly string[]) => Promise<void>
  readonly restore: (from: number, to: number, why: string) => void
}

/** What one statement is to the change of its session. */
export interface ChangeUse {
  readonly change: NonNullable<Action['change']>
  /** Which statement of the change it is; undefined: none that may run now. */
  readonly index: number | undefined
  /** Rows it may change or delete. */
  readonly rows: number
  /** Whether those who approved the change are those whom a review asks for. */
  meets(review: ReviewAsked): boolean
}

/** Statements on their way to be final. Neither called: nobody knows what became of them, and they stay used. */
export interface FinalUse {
  /** Resolves when it is on the record that they were used. */
  readonly recorded: Promise<void>
  /** They are final. */
  done(): void
  /** The target has taken them back for certain. */
  restore(why: string): void
}

const never = () => false

/**
 * One session that showed the secret of a change. Statements are used in their order, each once, whichever session of
 * the run sends them; while what became of one is not known, no other session goes on.
 */
export class ChangeRun {
  readonly #in: RunContext
  readonly #change: Pick<Change, 'change' | 'kind' | 'identity'>
  /** Actions that ran in the open transaction, for the statements from `live.next` on. */
  #open: string[] = []
  /** On their way to be final. */
  readonly #pending = new Set<FinalUse>()

  constructor(change: Pick<Change, 'change' | 'kind' | 'identity'>, context: RunContext) {
    this.#change = change
    this.#in = context
  }

  /**
   * What statements are to the change, if they ran now, one after the other. Uses nothing.
   * @param digests of each statement; undefined: it cannot be one of a change
   */
  match(digests: readonly (string | undefined)[]): ChangeUse[] {
    const live = this.#usable()
    let index = live === undefined ? 0 : live.next + this.#open.length
    return digests.map((digest) => {
      const expected = live?.change.statements[index]
      if (live === undefined || digest === undefined || expected?.digest !== digest) return this.#none
      const use: ChangeUse = {
        change: { ...this.#none.change, verified: true },
        index,
        rows: expected.rows ?? 0,
        meets: (review) => meets(review, this.#in.live()?.change.approvals ?? []),
      }
      index += 1
      return use
    })
  }

  /** Statements are sent in a transaction that stays open. */
  begin(uses: readonly ChangeUse[], actions: readonly string[]): void {
    const live = this.#usable()
    const due = live === undefined ? [] : this.#due(live, uses, actions)
    if (live === undefined || due.length === 0) return
    live.owner = this
    this.#open.push(...due)
  }

  /** What the open transaction has run, and these, is about to become final. undefined: nothing of the change is. */
  finish(uses: readonly ChangeUse[], actions: readonly string[]): FinalUse | undefined {
    const live = this.#in.live()
    if (live === undefined) return undefined
    const own = this.#usable() === undefined ? [] : this.#due(live, uses, actions)
    const used = [...this.#open, ...own]
    this.#open = []
    if (used.length === 0) return undefined
    const from = live.next
    const to = from + used.length
    const recorded = this.#in.use(from, used)
    live.next = to
    live.owner = this
    const final = {
      recorded,
      done: () => this.#settled(final),
      restore: (why: string) => {
        const now = this.#in.live()
        // Not behind what was sent since: then it stays used.
        if (this.#pending.has(final) && now?.next === to && now.owner === this && this.#open.length === 0) {
          this.#in.restore(from, to, why)
          now.next = from
        }
        this.#settled(final)
      },
    }
    this.#pending.add(final)
    return final
  }

  /** The open transaction has ended without becoming final. */
  rolledBack(): void {
    this.#open = []
    this.#release()
  }

  /** The session is over. What was about to become final stays used. */
  leave(): void {
    this.#pending.clear()
    this.rolledBack()
  }

  #settled(final: FinalUse): void {
    this.#pending.delete(final)
    this.#release()
  }

  #release(): void {
    const live = this.#in.live()
    if (live?.owner === this && this.#open.length === 0 && this.#pending.size === 0) live.owner = undefined
  }

  /** Those of these statements that are due now. */
  #due({ next }: LiveChange, uses: readonly ChangeUse[], actions: readonly string[]): string[] {
    const due: string[] = []
    for (const [i, { index }] of uses.entries()) {
      const action = actions[i]
      if (index !== undefined && action !== undefined && index === next + this.#open.length + due.length) {
        due.push(action)
      }
    }
    return due
  }

  #usable(): LiveChange | undefined {
    const live = this.#in.live()
    if (live === undefined || (live.owner !== undefined && live.owner !== this)) return undefined
    const { change } = live
    const isHere = change.door === this.#in.door && change.database === this.#in.database
    // What is used up is not over before that is durable: `next` says that nothing is left of it.
    const isOpen = change.state === 'approved' || change.state === 'done'
    return isHere && isOpen && this.#in.now() < Date.parse(change.expiresAt) ? live : undefined
  }

  get #none(): ChangeUse {
    const { change: id, kind, identity } = this.#change
    const change = { by: identityLine(identity), id, kind, verified: false }
    return { change, index: undefined, rows: 0, meets: never }
  }
}
