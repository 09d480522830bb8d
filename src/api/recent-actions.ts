import type { Action, Outcome } from '../action/index.ts'
import type { Entry, Ledger, Settlement } from '../ledger/index.ts'

/** How many actions are kept in memory to be listed; older ones are read from the ledger. */
const keptActions = 10_000
/** Characters of request text kept at most: a few enormous statements must not fill the memory. */
const keptText = 64 * 1024 * 1024
/** An action is about four entries (requested, judged, released, settled); as many are read at the start, and some. */
const entriesPerAction = 6

/** One action and what became of it. */
export interface ActionRecord {
  /** Where its request stands on the ledger. */
  readonly index: number
  readonly action: Action
  /** null: not judged (it failed before). */
  readonly verdict: Outcome | null
  readonly rule: string | null
  readonly reason: string
  readonly ruleSet: string | null
  /** null: not over. */
  readonly outcome: Settlement | null
  readonly rows: number | null
  readonly message?: string
  readonly hold?: string
}

/** The newest actions, folded from the ledger. A view to look at, bounded: what counts is on the ledger. */
export class RecentActions {
  /** By action id, oldest first. */
  readonly #records = new Map<string, ActionRecord>()
  readonly #kept: number
  #text = 0
  #next = 0
  #unsubscribe: () => void = () => undefined

  private constructor(kept: number) {
    this.#kept = kept
  }

  static async open({ ledger, kept = keptActions }: { ledger: Ledger; kept?: number }): Promise<RecentActions> {
    const recent = new RecentActions(kept)
    // Subscribed first: what becomes durable while the ledger is being read is folded after it.
    let early: Entry[] | undefined = []
    recent.#unsubscribe = ledger.subscribe((entry) => {
      if (early === undefined) recent.#fold(entry)
      else early.push(entry)
    })
    const from = Math.max(0, ledger.head.size - kept * entriesPerAction)
    for await (const entry of ledger.entries(from)) recent.#fold(entry)
    for (const entry of early) recent.#fold(entry)
    early = undefined
    return recent
  }

  close(): void {
    this.#unsubscribe()
  }

  /** Newest first. @param before only those that stand before this index */
  list({ limit, before = Number.POSITIVE_INFINITY }: { limit: number; before?: number }): ActionRecord[] {
    const found: ActionRecord[] = []
    for (const record of [...this.#records.values()].reverse()) {
      if (found.length === limit) break
      if (record.index < before) found.push(record)
    }
    return found
  }

  #fold(entry: Entry): void {
    if (entry.index < this.#next) return
    this.#next = entry.index + 1
    switch (entry.kind) {
      case 'action.requested':
        this.#add(entry.index, entry.body.action)
        break
      case 'action.judged': {
        const { action, verdict, rule, reason, ruleSet } = entry.body
        this.#change(action, { verdict, rule, reason, ruleSet })
        break
      }
      case 'hold.opened':
        for (const { id } of entry.body.actions) this.#change(id, { hold: entry.body.hold })
        break
      case 'action.released':
        this.#change(entry.body.action, { hold: entry.body.hold })
        break
      case 'action.settled': {
        const { action, outcome, rows, message } = entry.body
        this.#change(action, { outcome, rows, ...(message === undefined ? {} : { message }) })
        break
      }
      default:
    }
  }

  #add(index: number, action: Action): void {
    this.#records.set(action.id, {
      index,
      action,
      verdict: null,
      rule: null,
      reason: '',
      ruleSet: null,
      outcome: null,
      rows: null,
    })
    this.#text += textOf(action)
    for (const [id, oldest] of this.#records) {
      if (this.#records.size <= 1 || (this.#records.size <= this.#kept && this.#text <= keptText)) break
      this.#records.delete(id)
      this.#text -= textOf(oldest.action)
    }
  }

  #change(id: string, change: Partial<ActionRecord>): void {
    const record = this.#records.get(id)
    if (record !== undefined) this.#records.set(id, { ...record, ...change })
  }
}

/** How much text an action carries, without walking all of it: this runs for every action. */
function textOf(action: Action): number {
  let length = 0
  for (const key in action.request) {
    const value = action.request[key]
    if (typeof value === 'string') length += value.length
  }
  return length
}
