import type { Effect } from '../../action/index.ts'
import { SallyportError } from '../../errors/index.ts'
import type { Grammar } from './grammar/index.ts'

/** One statement of a change, as a door will know it again. */
export interface ReadStatement {
  readonly sql: string
  readonly digest: string
  readonly operation: string
  readonly effects: readonly Effect[]
}

/**
 * The statements in a text of SQL, in order, without those that begin or end a transaction: drivers and tools add these.
 * @throws SallyportError `invalid_request` where a statement could not be known again by its text
 */
export function readChange(sql: string, grammar: Grammar): ReadStatement[] {
  const understanding = grammar.understand(sql)
  if (understanding.kind === 'unknown') {
    throw new SallyportError('invalid_request', `The SQL cannot be read: ${understanding.reason}`, {
      hint: 'commands of psql (\\i, \\gset, …) are no SQL; put what they do into the files',
    })
  }
  return understanding.statements.flatMap(({ text, operation, effects, transaction, copy, executes }) => {
    if (transaction !== null) return []
    const digest = grammar.fingerprint(text)
    const why =
      copy === 'in'
        ? 'the rows of a COPY come later, so nobody can approve them'
        : executes !== undefined
          ? 'it runs a prepared statement, whose text is elsewhere'
          : digest === undefined
            ? 'it cannot be scanned'
            : undefined
    if (digest === undefined || why !== undefined) {
      throw new SallyportError('invalid_request', `${operation} cannot be a statement of a change: ${why}.`, {
        hint: `it is: ${text.slice(0, 100)}`,
      })
    }
    return [{ sql: text, digest, operation, effects }]
  })
}
