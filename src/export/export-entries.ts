import type { Action, Outcome } from '../action/index.ts'
import type { Entry, Settlement } from '../ledger/index.ts'
import { type ActionFilter, matches } from '../search/index.ts'

/** Actions that are not over and whose entries can still be told apart; of more, the oldest are forgotten. */
const openAtMost = 100_000

/** What is known of an action when one of its entries comes. */
export interface ActionContext {
  readonly index: number
  readonly at: string
  readonly action: Action
  readonly verdict: Outcome | null
  readonly rule: string | null
  readonly reason: string
  readonly ruleSet: string | null
  readonly outcome: Settlement | null
  readonly hold: string | null
}

/** Where to go on after an entry. */
export interface ExportPosition {
  /** The first entry that was not looked at. */
  readonly next: number
  /** The first request that is not over: reading begins there, so that what follows knows its action. */
  readonly readFrom: number
}

export interface Exported {
  readonly entry: Entry
  /** The action it speaks of, where it speaks of one. */
  readonly action: ActionContext | null
}

/**
 * The entries that fit, in the order of the ledger, each with its action. A filter is asked at every entry with what
 * was known of the action then: the outcome is known at its ending, so a filter by outcome gives the endings. Entries
 * that speak of no action are left out where the filter speaks of actions. Memory grows with the actions that are open
 * at the same time, not with the ledger.
 */
export async function* exportEntries(
  entries: AsyncIterable<Entry>,
  filter: ActionFilter,
  from: number,
  onPosition: (position: ExportPosition) => void = () => undefined,
): AsyncGenerator<Exported, void, undefined> {
  const open = new Map<string, ActionContext>()
  const holds = new Map<string, readonly string[]>()
  const { since, until, ...aboutActions } = filter
  const isAboutActions = Object.values(aboutActions).some((value) => value !== undefined)
  const times: ActionFilter = { ...(since === undefined ? {} : { since }), ...(until === undefined ? {} : { until }) }
  for await (const entry of entries) {
    const contexts = fold(entry, open, holds)
    if (entry.index >= from) {
      const found = contexts.find((context) => matches(aboutActions, context) && isWithin(times, entry.at))
      if (found !== undefined || (!isAboutActions && isWithin(times, entry.at))) {
        yield { entry, action: found ?? contexts[0] ?? null }
      }
    }
    if (entry.kind === 'action.settled') open.delete(entry.body.action)
    for (const [id] of open) {
      if (open.size <= openAtMost) break
      open.delete(id)
    }
    if (entry.index >= from) {
      const [oldest] = open.values()
      onPosition({ next: entry.index + 1, readFrom: oldest?.index ?? entry.index + 1 })
    }
  }
}

function isWithin({ since, until }: ActionFilter, at: string): boolean {
  const ms = Date.parse(at)
  return (since === undefined || ms >= Date.parse(since)) && (until === undefined || ms < Date.parse(until))
}

/** Takes an entry in. @returns the actions it speaks of, as they are with it */
function fold(entry: Entry, open: Map<string, ActionContext>, holds: Map<string, readonly string[]>): ActionContext[] {
  const change = (id: string, to: Partial<ActionContext>): ActionContext[] => {
    const before = open.get(id)
    if (before === undefined) return []
    const after = { ...before, ...to }
    open.set(id, after)
    return [after]
  }
  switch (entry.kind) {
    case 'action.requested': {
      const { action, judged } = entry.body
      const context: ActionContext = {
        index: entry.index,
        at: entry.at,
        action,
        verdict: judged?.verdict ?? null,
        rule: judged?.rule ?? null,
        reason: judged?.reason ?? '',
        ruleSet: judged?.ruleSet ?? null,
        outcome: null,
        hold: null,
      }
      open.set(action.id, context)
      return [context]
    }
    case 'action.judged': {
      const { action, verdict, rule, reason, ruleSet } = entry.body
      return change(action, { verdict, rule, reason, ruleSet })
    }
    case 'action.released':
      return change(entry.body.action, { hold: entry.body.hold })
    case 'action.settled':
      return change(entry.body.action, { outcome: entry.body.outcome })
    case 'hold.opened': {
      const ids = entry.body.actions.map(({ id }) => id)
      holds.set(entry.body.hold, ids)
      return ids.flatMap((id) => change(id, { hold: entry.body.hold }))
    }
    case 'hold.voted':
      return (holds.get(entry.body.hold) ?? []).flatMap((id) => change(id, {}))
    case 'hold.closed':
    case 'hold.released': {
      const ids = holds.get(entry.body.hold) ?? []
      holds.delete(entry.body.hold)
      return ids.flatMap((id) => change(id, {}))
    }
    default:
      return []
  }
}
