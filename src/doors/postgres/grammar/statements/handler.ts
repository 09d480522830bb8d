import type { Effect } from '../../../../action/index.ts'
import type { FactsBuilder } from '../facts.ts'
import type { Tree } from '../tree.ts'

/** What a handler may ask of the whole. */
export interface HandlerContext {
  /** Takes a statement inside the statement (EXPLAIN ANALYZE, PREPARE, CREATE SCHEMA elements) as part of it. */
  inside(statement: unknown, facts: FactsBuilder): void
  /** Takes procedural code as part of the statement. */
  code(language: string, source: string, facts: FactsBuilder): void
  /** The facts of a statement inside, on its own. */
  apart(statement: unknown): ReturnType<FactsBuilder['build']>
}

/**
 * Adds what one kind of statement does, beyond what its expressions do (every node of the tree is walked in any case).
 * Sets the operation.
 */
export type Handler = (node: Tree, facts: FactsBuilder, context: HandlerContext) => void

export type Handlers = Readonly<Record<string, Handler>>

/** The handler of a statement that always does the same to one thing, or to none that has a name. */
export function declares(
  operation: string,
  effects: readonly Effect[],
  type?: string,
  nameOf?: (node: Tree) => string,
): Handler {
  return (node, facts) => {
    facts.operation = operation
    facts.effect(...effects)
    if (type !== undefined && nameOf !== undefined) facts.resource(type, nameOf(node))
  }
}
