import type { Action } from '../action/index.ts'
import type { RuleContext } from './condition.ts'

/**
 * An action as conditions see it: `request.traits` is always a list, and `change` always a map, so that rules can ask
 * for a trait or `has(change.id)` whatever the protocol.
 */
export function ruleContext(action: Action): RuleContext {
  const { traits } = action.request
  return {
    ...action,
    change: action.change ?? {},
    ...(traits === undefined ? { request: { ...action.request, traits: [] } } : {}),
  }
}
