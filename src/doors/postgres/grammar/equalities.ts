import type { Equality } from './names.ts'
import { constantOf, list, nameOf, stringOf, type Tree, text, tree, unwrap } from './tree.ts'

/**
 * Columns that a condition sets equal to something known without looking at the row, so that a unique key over them
 * bounds how many rows it can pick. Only what must hold for every row counts: the branches of a top-level AND.
 * @param own names by which the condition's own table goes
 */
export function equalitiesOf(where: unknown, own: readonly string[]): Equality[] {
  const found = unwrap(where)
  if (found === undefined) return []
  const { kind, node } = found
  if (kind === 'BoolExpr' && node.boolop === 'AND_EXPR') return list(node.args).flatMap((arg) => equalitiesOf(arg, own))
  if (kind !== 'A_Expr' || nameOf(node.name) !== '=') return []
  switch (text(node.kind)) {
    case 'AEXPR_OP':
      return [...equality(node.lexpr, node.rexpr, own), ...equality(node.rexpr, node.lexpr, own)].slice(0, 1)
    case 'AEXPR_IN': {
      const column = ownColumn(node.lexpr, own)
      const items = listed(node.rexpr)
      if (column === undefined || items.length === 0 || !items.every((item) => isFixed(item))) return []
      return [{ column, values: items.length }]
    }
    case 'AEXPR_OP_ANY': {
      const column = ownColumn(node.lexpr, own)
      const values = arrayLength(node.rexpr)
      return column === undefined || values === undefined ? [] : [{ column, values }]
    }
    default:
      return []
  }
}

function listed(value: unknown): readonly unknown[] {
  return list(tree(tree(value).List).items)
}

function equality(left: unknown, right: unknown, own: readonly string[]): Equality[] {
  const column = ownColumn(left, own)
  if (column === undefined) return []
  if (isFixed(right)) return [{ column, values: 1 }]
  const [first, second] = fields(right) ?? []
  if (first === undefined) return []
  // NEW.id and OLD.id in a trigger's function are values, not columns of the table.
  if (second !== undefined) return /^(new|old)$/i.test(first) ? [{ column, values: 1 }] : []
  return [{ column, values: 1, variable: first }]
}

function fields(value: unknown): string[] | undefined {
  const found = unwrap(value)
  if (found?.kind === 'TypeCast') return fields(found.node.arg)
  return found?.kind === 'ColumnRef' ? list(found.node.fields).map(stringOf) : undefined
}

/** The column, if it is a plain column of the table the condition is about. */
function ownColumn(value: unknown, own: readonly string[]): string | undefined {
  const found = unwrap(value)
  if (found?.kind !== 'ColumnRef') return undefined
  const parts = list(found.node.fields).map(stringOf)
  const column = parts.at(-1)
  if (column === undefined || column === '') return undefined
  return parts.length === 1 || own.includes(parts.at(-2) ?? '') ? column : undefined
}

/** A constant, a parameter, or a cast or sign of one. */
function isFixed(value: unknown): boolean {
  const found = unwrap(value)
  switch (found?.kind) {
    case 'A_Const':
    case 'ParamRef':
    case 'SQLValueFunction':
      return true
    case 'TypeCast':
      return isFixed(found.node.arg)
    case 'A_Expr':
      return found.node.lexpr === undefined && isFixed(found.node.rexpr)
    default:
      return false
  }
}

/** How many values an array of constants has. */
function arrayLength(value: unknown): number | undefined {
  const found = unwrap(value)
  if (found?.kind === 'TypeCast') return arrayLength(found.node.arg)
  if (found?.kind === 'A_ArrayExpr') {
    const elements: readonly unknown[] = list(found.node.elements)
    return elements.every((element) => isFixed(element)) ? elements.length : undefined
  }
  if (found?.kind !== 'A_Const') return undefined
  const constant = constantOf(value)
  return constant === undefined || !constant.startsWith('{') ? undefined : constant.split(',').length
}

/** Names by which the table of a RangeVar's members goes in conditions. */
export function ownNames(relation: Tree): string[] {
  const alias = text(tree(tree(relation.alias).Alias ?? relation.alias).aliasname)
  return alias === '' ? [text(relation.relname)] : [alias]
}
