import type { Action, Outcome } from '../action/index.ts'
import type { Entry, Ledger, Settlement } from '../ledger/index.ts'

/** How much of the ledger is read for a page at first, in entries for each action wanted; more if that is too little. */
const entriesPerAction = 4
/** How far behind a page its actions' endings are looked for, in entries. */
const furthestEnding = 50_000

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
  /** null: not over, or its ending stands too far behind to be looked for. */
  readonly outcome: Settlement | null
  readonly rows: number | null
  readonly message?: string
  readonly hold?: string
}

type Changing<T> = { -readonly [K in keyof T]: T[K] }

/**
 * A page of actions, newest first, read from the end of the ledger. Nothing is kept in memory for it: an action costs
 * nothing here until somebody looks.
 * @param before only those whose request stands before this index
 * @param where only these
 * @param within entries that are read at most, counted from the end; for what is rare
 */
export async function recentActions(
  ledger: Ledger,
  {
    limit,
    before = Number.POSITIVE_INFINITY,
    where = () => true,
    within = Number.POSITIVE_INFINITY,
  }: {
    limit: number
    before?: number
    where?: (action: Action) => boolean
    within?: number
  },
): Promise<ActionRecord[]> {
  const end = Math.min(before, ledger.head.size)
  const furthest = Math.max(0, end - within)
  for (let reach = limit * entriesPerAction + 16; ; reach *= 4) {
    const from = Math.max(furthest, end - reach)
    const records = await read(ledger, from, end, where)
    if (records.length >= limit || from === furthest) return records.slice(-limit).reverse()
  }
}

/** The actions requested in `from` … `end`, with what became of them by the entries there and behind. */
async function read(
  ledger: Ledger,
  from: number,
  end: number,
  where: (action: Action) => boolean,
): Promise<ActionRecord[]> {
  const records = new Map<string, Changing<ActionRecord>>()
  let open = 0
  for await (const entry of ledger.entries(from)) {
    if (entry.index >= end && (open === 0 || entry.index >= end + furthestEnding)) break
    if (entry.kind === 'action.requested') {
      if (entry.index >= end || !where(entry.body.action)) continue
      records.set(entry.body.action.id, begin(entry.index, entry.body))
      open += 1
    } else if (fold(records, entry)) open -= 1
  }
  return [...records.values()]
}

function begin(index: number, { action, judged }: Extract<Entry, { kind: 'action.requested' }>['body']): ActionRecord {
  return {
    index,
    action,
    verdict: judged?.verdict ?? null,
    rule: judged?.rule ?? null,
    reason: judged?.reason ?? '',
    ruleSet: judged?.ruleSet ?? null,
    outcome: null,
    rows: null,
  }
}

/** Returns whether the entry ends one of the actions. */
function fold(records: ReadonlyMap<string, Changing<ActionRecord>>, entry: Entry): boolean {
  switch (entry.kind) {
    case 'action.judged': {
      const { action, verdict, rule, reason, ruleSet } = entry.body
      change(records.get(action), { verdict, rule, reason, ruleSet })
      return false
    }
    case 'hold.opened':
      for (const { id } of entry.body.actions) change(records.get(id), { hold: entry.body.hold })
      return false
    case 'action.released':
      change(records.get(entry.body.action), { hold: entry.body.hold })
      return false
    case 'action.settled': {
      const { action, outcome, rows, message } = entry.body
      return change(records.get(action), { outcome, rows, ...(message === undefined ? {} : { message }) })
    }
    default:
      return false
  }
}

function change(record: Changing<ActionRecord> | undefined, to: Partial<ActionRecord>): boolean {
  if (record === undefined) return false
  Object.assign(record, to)
  return true
}
