import type { Action, Outcome } from '../action/index.ts'
import type { Settlement } from '../ledger/index.ts'
import type { ActionFilter } from './action-record.ts'
import { wordsOf } from './cut-action.ts'
import { termsOf } from './text-query.ts'

/** What a filter looks at. */
export interface Matchable {
  readonly action: Action
  /** When its request was put on the record. */
  readonly at: string
  readonly verdict: Outcome | null
  readonly rule: string | null
  readonly reason: string
  readonly outcome: Settlement | null
  readonly hold: string | null
}

/** Whether an action fits, by the same rules as the index finds it. */
export function matches(
  filter: ActionFilter,
  { action, at, verdict, rule, reason, outcome, hold }: Matchable,
): boolean {
  const fits = (wanted: readonly string[] | undefined, ...has: (string | null)[]) =>
    wanted === undefined || wanted.length === 0 || wanted.some((one) => has.includes(one))
  const { actor } = action
  return (
    fits(filter.actor, actor.id, actor.name) &&
    fits(filter.effect, ...action.effects) &&
    fits(filter.verdict, verdict ?? 'none') &&
    fits(filter.rule, rule) &&
    fits(filter.door, action.door) &&
    fits(filter.resource, ...action.resources.map(({ name }) => name)) &&
    fits(filter.operation, action.operation) &&
    fits(filter.outcome, outcome ?? 'open') &&
    fits(filter.hold, hold) &&
    fits(filter.session, actor.client.session) &&
    (filter.since === undefined || Date.parse(at) >= Date.parse(filter.since)) &&
    (filter.until === undefined || Date.parse(at) < Date.parse(filter.until)) &&
    (filter.text === undefined || hasText(filter.text, wordsOf(action, rule ?? '', reason)))
  )
}

function hasText(wanted: string, text: string): boolean {
  const line = ` ${words(text)} `
  return termsOf(wanted).every(({ text: term, isPrefix }) => line.includes(` ${words(term)}${isPrefix ? '' : ' '}`))
}

/** As the tokenizer of the index parts and folds them. */
function words(text: string): string {
  return (
    text
      .normalize('NFD')
      .replace(/\p{M}/gu, '')
      .toLowerCase()
      .match(/[\p{L}\p{N}\p{Co}]+/gu) ?? []
  ).join(' ')
}
