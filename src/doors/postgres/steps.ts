import type { Effect } from '../../action/index.ts'
import type { Explainable } from './estimate.ts'
import { noNames, type StatementFacts } from './grammar/index.ts'
import type { Bound, StatementText } from './prepared.ts'

/** One statement about to run: what the record and the rules will know of it. */
export interface Step {
  readonly facts: StatementFacts
  readonly text: StatementText
  /** Extended protocol: the portal's parameters. */
  readonly bound?: Bound
  /** For EXECUTE: the text of the prepared statement behind it. */
  readonly behind?: string
  /** Why the statement could not be understood. */
  readonly reason?: string
}

/** Facts of something nobody understood. */
export function unknownFacts(
  operation: string,
  text: string,
  effects: readonly Effect[] = ['unknown'],
): StatementFacts {
  return {
    text,
    operation,
    effects,
    resources: [],
    traits: [],
    bounded: false,
    maxRows: null,
    objects: 0,
    reversible: 'unknown',
    explainable: false,
    functions: [],
    names: noNames,
    opaqueByName: false,
    literal: false,
    transaction: null,
    settings: [],
    copy: null,
  }
}

/** The steps of a text: its statements, or one unknown. An empty text has none. */
export function stepsOf(text: StatementText, bound?: Bound): Step[] {
  const { understanding } = text
  if (understanding.kind === 'unknown') {
    const step = { facts: unknownFacts('UNKNOWN', text.sql), text, reason: understanding.reason }
    return [bound === undefined ? step : { ...step, bound }]
  }
  return understanding.statements.map((facts) => (bound === undefined ? { facts, text } : { facts, text, bound }))
}

/**
 * EXECUTE does what the prepared statement behind it does. Statements before it in the same message may have prepared
 * it; otherwise `lookup` knows it. What nobody knows is unknown.
 */
export function resolveExecutes(steps: readonly Step[], lookup: (name: string) => StatementFacts | undefined): Step[] {
  const prepared = new Map<string, StatementFacts>()
  return steps.map((step) => {
    const { facts } = step
    if (facts.prepares !== undefined) prepared.set(facts.prepares.name, facts.prepares.statement)
    if (facts.executes === undefined) return step
    const here = prepared.get(facts.executes)
    const inner = here ?? lookup(facts.executes)
    if (inner === undefined) {
      const reason = `The door has not seen the text of the prepared statement "${facts.executes}".`
      return { ...step, facts: { ...facts, effects: [...facts.effects, 'unknown'] }, reason }
    }
    const { operation, effects, resources, bounded, maxRows, objects, reversible, functions, transaction, settings } =
      inner
    return {
      ...step,
      behind: inner.text,
      facts: {
        ...facts,
        operation,
        effects: [...new Set([...facts.effects, ...effects])],
        resources: [...facts.resources, ...resources],
        traits: [...new Set([...facts.traits, ...inner.traits])],
        bounded,
        maxRows,
        objects,
        reversible,
        functions: [...facts.functions, ...functions],
        names: inner.names,
        opaqueByName: inner.opaqueByName,
        literal: true,
        transaction,
        settings: [...facts.settings, ...settings],
        // The server can only explain what it has prepared already.
        explainable: inner.explainable && here === undefined,
      },
    }
  })
}

/** A step's statement, for a question about it. */
export function explainableOf({ facts, bound }: Step): Explainable {
  const text = Buffer.from(facts.text, 'utf8')
  if (bound?.prepared === undefined) return { text }
  return { text, parseTail: bound.prepared.parseTail, bindTail: bound.bindTail }
}

/**
 * How far a statement may go before its intent is durable (invariant 1).
 * - `harmless`: changes nothing on the target; its replies wait for the record instead
 * - `rollbackable`: until COMMIT (or Sync) the server can take everything back
 * - `irrevocable`: everything else, COMMIT included: the record comes first
 */
export type Reach = 'harmless' | 'rollbackable' | 'irrevocable'

const harmlessTransactions = new Set(['begin', 'rollback', 'savepoint', 'release', 'rollback-to'])

export function reachOf(facts: StatementFacts): Reach {
  if (facts.transaction !== null && !harmlessTransactions.has(facts.transaction)) return 'irrevocable'
  if (facts.effects.every((effect) => effect === 'read')) return 'harmless'
  const inside = facts.effects.every((effect) => effect === 'read' || effect === 'write' || effect === 'delete')
  return inside && facts.functions.length === 0 && facts.copy === null ? 'rollbackable' : 'irrevocable'
}

export function farthest(steps: readonly Step[]): Reach {
  let farthest: Reach = 'harmless'
  for (const { facts } of steps) {
    const reach = reachOf(facts)
    if (reach === 'irrevocable') return reach
    if (reach === 'rollbackable') farthest = reach
  }
  return farthest
}

/** Whether the planner can say how many rows this touches. */
export function wantsEstimate(facts: StatementFacts): boolean {
  return (
    facts.explainable &&
    !facts.effects.includes('execute') &&
    facts.maxRows === null &&
    facts.effects.some((effect) => effect === 'write' || effect === 'delete')
  )
}

/** Whether later statements of the same message may mean something else once this one has run. */
export function changesContext(facts: StatementFacts): boolean {
  return (
    (facts.transaction !== null && !/^(begin|savepoint|release)$/.test(facts.transaction)) ||
    facts.effects.some((effect) => effect !== 'read' && effect !== 'write' && effect !== 'delete') ||
    facts.settings.length > 0
  )
}

/** Whether this may change how the server reads text that comes after it. */
export function mayChangeLexer(facts: StatementFacts): boolean {
  return facts.settings.length > 0 || facts.effects.some((effect) => effect === 'execute' || effect === 'unknown')
}
