import type { ASTNode } from '@marcbachmann/cel-js'

/** The functions that walk over a list. */
export const comprehensions: ReadonlySet<string> = new Set(['all', 'exists', 'exists_one', 'map', 'filter'])

/** The parts an expression is directly made of. */
export function children(node: ASTNode): readonly ASTNode[] {
  switch (node.op) {
    case 'value':
    case 'id':
      return []
    case '.':
    case '.?':
      return [node.args[0]]
    case 'call':
      return node.args[1]
    case 'rcall':
      return [node.args[1], ...node.args[2]]
    case 'map':
      return node.args.flat()
    case '!_':
    case '-_':
      return [node.args]
    default:
      return node.args
  }
}

/** The parts joined by `&&` at the top of a condition. */
export function conjuncts(node: ASTNode): readonly ASTNode[] {
  return node.op === '&&' ? node.args.flatMap(conjuncts) : [node]
}

/** The parts joined by `||` at the top of a condition. */
export function disjuncts(node: ASTNode): readonly ASTNode[] {
  return node.op === '||' ? node.args.flatMap(disjuncts) : [node]
}

/** The dotted path of a plain field access: `target.environment`. */
export function fieldPath(node: ASTNode): string | undefined {
  if (node.op === 'id') return node.args
  if (node.op !== '.') return undefined
  const of = fieldPath(node.args[0])
  return of === undefined ? undefined : `${of}.${node.args[1]}`
}

/** The value of a string literal. */
export function literal(node: ASTNode): string | undefined {
  return node.op === 'value' && typeof node.args === 'string' ? node.args : undefined
}
