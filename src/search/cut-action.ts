import type { Action } from '../action/index.ts'

/** Characters of an action that the index keeps; more stand on the ledger. */
const keptAtMost = 64 * 1024
/** Characters of a text of a request that is cut. */
const textAtMost = 4 * 1024
/** Characters that are taken into the words of the index. */
const wordsAtMost = 32 * 1024

/** The action as it is kept in the index. */
export function keptAction(action: Action): { json: string; cut: boolean } {
  const json = JSON.stringify(action)
  if (json.length <= keptAtMost) return { json, cut: false }
  const request: Action['request'] = {}
  for (const [name, value] of Object.entries(action.request)) {
    if (typeof value === 'string') request[name] = value.slice(0, textAtMost).toWellFormed()
    else if (typeof value !== 'object') request[name] = value
  }
  const cut = {
    ...action,
    request,
    resources: action.resources.slice(0, 50),
    impact: { ...action.impact, cascades: [] },
  }
  return { json: JSON.stringify(cut), cut: true }
}

/** What an action is found by in full text: what it says, who did it, and what it touched. */
export function wordsOf(action: Action, ...further: readonly string[]): string {
  const { statement, ...rest } = action.request
  const parts = [action.operation, action.actor.name, action.actor.id, action.actor.client.application, ...further]
  parts.push(...action.resources.slice(0, 200).map(({ name }) => name))
  if (statement !== undefined) parts.push(typeof statement === 'string' ? statement : JSON.stringify(statement))
  parts.push(...texts(rest))
  return parts.join('\n').slice(0, wordsAtMost).toWellFormed().replaceAll('\0', ' ')
}

function texts(value: unknown): string[] {
  if (typeof value === 'string') return [value]
  if (typeof value === 'number') return [String(value)]
  if (typeof value !== 'object' || value === null) return []
  return Object.values(value).flatMap(texts)
}
