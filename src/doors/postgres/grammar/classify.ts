import { type Action, completeAction } from '../../../action/index.ts'
import type { StatementFacts } from './facts.ts'
import type { Grammar } from './grammar.ts'

/**
 * The Actions that a text stands for, one for each statement, as far as the text alone tells: no row counts, no
 * catalog, no session. A text that cannot be understood is one action with the effect `unknown`.
 */
export function classifyToActions(sql: string, grammar: Grammar, at: string = new Date().toISOString()): Action[] {
  const understanding = grammar.understand(sql)
  if (understanding.kind === 'unknown') {
    return [
      completeAction({
        protocol: 'postgres',
        operation: 'UNKNOWN',
        effects: ['unknown'],
        impact: { bounded: false },
        request: { statement: sql, traits: [], unknownBecause: understanding.reason },
        at,
      }),
    ]
  }
  return understanding.statements.map((facts) => toAction(facts, at))
}

function toAction(facts: StatementFacts, at: string): Action {
  const { operation, effects, resources, maxRows, bounded, objects, reversible, text, traits, functions } = facts
  return completeAction({
    at,
    protocol: 'postgres',
    operation,
    effects: [...effects],
    resources: resources.map(({ type, name }) => ({ type, name })),
    impact: { rows: maxRows, exact: maxRows !== null, bounded, objects, reversible },
    request: {
      statement: text,
      traits: [...traits],
      ...(functions.length > 0 ? { functions: [...functions] } : {}),
    },
  })
}
