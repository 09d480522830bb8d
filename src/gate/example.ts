import type { Action, Outcome } from '../action/index.ts'

/** One action that comes out otherwise by other rules, for people to recognise. */
export interface JudgedExample {
  readonly at: string
  readonly action: string
  readonly actor: string
  readonly door: string
  readonly operation: string
  /** The beginning of the statement, where there is one. */
  readonly statement: string | null
  readonly rows: number | null
  readonly was: Outcome
  readonly becomes: Outcome
}

export function exampleOf(action: Action, at: string, was: Outcome, becomes: Outcome): JudgedExample {
  const { id, actor, door, operation, impact, request } = action
  const statement = typeof request.statement === 'string' ? request.statement.slice(0, 200) : null
  return { at, action: id, actor: actor.id, door, operation, statement, rows: impact.rows, was, becomes }
}
