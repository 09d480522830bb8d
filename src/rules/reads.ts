import type { ASTNode } from '@marcbachmann/cel-js'
import { actionType } from './action-types.ts'
import { children, literal } from './cel-ast.ts'

/**
 * What a verdict depends on, so that whoever judges the same thing many times over can tell when one verdict stands
 * for all.
 */
export interface Dependence {
  /** Dotted paths into the action, as far as they are written out: `impact.rows`, `request.traits`, `resources`. */
  readonly reads: ReadonlySet<string>
  /** Whether every execution of one prepared statement, by one session, gets the same verdict. */
  readonly memoisable: boolean
}

/**
 * What can differ between two executions of one prepared statement in one session: when and which, how many rows,
 * with which parameters, under which approved change. Everything else follows from the statement or the session.
 */
const varying: ReadonlySet<string> = new Set([
  'id',
  'at',
  'change',
  'impact.rows',
  'impact.exact',
  'impact.ofTotal',
  'impact.cascades',
  'request.parameters',
  // Not of the action, but of the moment.
  'window',
  'schedule',
  'now',
])

export function dependence(reads: Iterable<string>): Dependence {
  const paths = new Set(reads)
  return { reads: paths, memoisable: ![...paths].some(mayVary) }
}

/** A path varies with what stands above it, and with what it is the whole of: `impact` has `impact.rows` in it. */
function mayVary(path: string): boolean {
  for (const field of varying) {
    if (path === field || path.startsWith(`${field}.`) || field.startsWith(`${path}.`)) return true
  }
  return false
}

/** The fields of an action, and of the moment, that an expression reads. A field hidden by a loop's variable counts as read. */
export function fieldsRead(node: ASTNode, found: Set<string> = new Set()): Set<string> {
  const path = pathOf(node)
  if (path !== undefined) {
    const [root = ''] = path
    if (actionType.fields.has(root) || varying.has(root)) found.add(path.join('.'))
    return found
  }
  for (const part of children(node)) fieldsRead(part, found)
  return found
}

/** `request.statement` and `request["statement"]` alike. */
function pathOf(node: ASTNode): readonly string[] | undefined {
  switch (node.op) {
    case 'id':
      return [node.args]
    case '.':
    case '.?': {
      const owner = pathOf(node.args[0])
      const name: unknown = node.args[1]
      return owner && typeof name === 'string' ? [...owner, name] : undefined
    }
    case '[]': {
      const owner = pathOf(node.args[0])
      const key = literal(node.args[1])
      return owner && key !== undefined ? [...owner, key] : undefined
    }
    default:
      return undefined
  }
}
