import { constantOf, isTree, list, nameOf, tree, unwrap } from './tree.ts'

/** A condition that is true whatever the row, as far as its text tells; `unknown` where only the data can say. */
type Truth = 'always' | 'never' | 'unknown'

/**
 * Whether a WHERE clause limits anything. Recognised as limiting nothing: no clause, constants that are true, a thing
 * compared with itself, `IS NOT NULL`-free tautologies built with AND, OR and NOT, and `LIKE '%'`. Whether a range
 * happens to cover the whole table is not for the text to say: that is what the row count is for.
 */
export function limits(where: unknown): boolean {
  return where !== undefined && truth(where) !== 'always'
}

/** Whether another number or string in the same place could make the condition limit more or less. */
export function hangsOnLiterals(where: unknown): boolean {
  const found = unwrap(where)
  switch (found?.kind) {
    case 'BoolExpr':
      return list(found.node.args).some(hangsOnLiterals)
    case 'A_Expr': {
      const right = constantOf(found.node.rexpr)
      if (/^AEXPR_I?LIKE$/.test(String(found.node.kind))) return right !== undefined
      return right !== undefined && constantOf(found.node.lexpr) !== undefined
    }
    case 'BooleanTest':
    case 'NullTest':
      return hangsOnLiterals(found.node.arg)
    case undefined:
    case 'ColumnRef':
      return false
    default:
      return constantOf(where) !== undefined
  }
}

/** Whether a condition only says how tables belong together: columns of one equal to columns of another. */
export function onlyJoins(where: unknown): boolean {
  const found = unwrap(where)
  if (found?.kind === 'BoolExpr') return found.node.boolop === 'AND_EXPR' && list(found.node.args).every(onlyJoins)
  if (found?.kind !== 'A_Expr' || found.node.kind !== 'AEXPR_OP' || nameOf(found.node.name) !== '=') return false
  const [left, right] = [qualifierOf(found.node.lexpr), qualifierOf(found.node.rexpr)]
  return left !== undefined && right !== undefined && left !== right
}

function qualifierOf(value: unknown): string | undefined {
  const found = unwrap(value)
  const fields = found?.kind === 'ColumnRef' ? list(found.node.fields) : []
  return fields.length > 1 ? nameOf(fields.slice(0, -1)) : undefined
}

function truth(value: unknown): Truth {
  const found = unwrap(value)
  if (found === undefined) return 'unknown'
  const { kind, node } = found
  switch (kind) {
    case 'A_Const':
    case 'TypeCast':
      return ofConstant(constantOf(value))
    case 'BoolExpr':
      return ofBoolean(String(node.boolop), list(node.args).map(truth))
    case 'A_Expr':
      return ofComparison(String(node.kind), nameOf(node.name), node.lexpr, node.rexpr)
    case 'BooleanTest': {
      const inner = truth(node.arg)
      if (node.booltesttype === 'IS_TRUE' || node.booltesttype === 'IS_NOT_FALSE') return inner
      if (node.booltesttype === 'IS_NOT_TRUE' || node.booltesttype === 'IS_FALSE') return negated(inner)
      return 'unknown'
    }
    case 'NullTest': {
      if (constantOf(node.arg) === undefined) return 'unknown'
      return node.nulltesttype === 'IS_NOT_NULL' ? 'always' : 'never'
    }
    default:
      return 'unknown'
  }
}

function ofConstant(constant: string | undefined): Truth {
  if (constant === undefined) return 'unknown'
  if (/^(t|true|y|yes|on|1)$/i.test(constant.trim())) return 'always'
  if (/^(f|false|n|no|off|0)$/i.test(constant.trim())) return 'never'
  return 'unknown'
}

function negated(truth: Truth): Truth {
  if (truth === 'always') return 'never'
  return truth === 'never' ? 'always' : 'unknown'
}

function ofBoolean(operator: string, args: readonly Truth[]): Truth {
  if (operator === 'NOT_EXPR') return negated(args[0] ?? 'unknown')
  const [deciding, other] = operator === 'OR_EXPR' ? (['always', 'never'] as const) : (['never', 'always'] as const)
  if (args.includes(deciding)) return deciding
  return args.every((arg) => arg === other) ? other : 'unknown'
}

function ofComparison(kind: string, operator: string, left: unknown, right: unknown): Truth {
  const leftConstant = constantOf(left)
  const rightConstant = constantOf(right)
  if (kind === 'AEXPR_LIKE' || kind === 'AEXPR_ILIKE') {
    // Every non-null text is like %.
    return rightConstant !== undefined && /^%+$/.test(rightConstant) && operator.startsWith('~~') ? 'always' : 'unknown'
  }
  if (kind === 'AEXPR_NOT_DISTINCT' && same(left, right)) return 'always'
  if (kind !== 'AEXPR_OP') return 'unknown'
  if (leftConstant !== undefined && rightConstant !== undefined)
    return ofConstants(operator, leftConstant, rightConstant)
  // A column equals itself in every row where it is not null.
  if (same(left, right) && ['=', '>=', '<='].includes(operator)) return 'always'
  return 'unknown'
}

function ofConstants(operator: string, left: string, right: string): Truth {
  const numbers = [Number(left), Number(right)]
  const numeric = left.trim() !== '' && right.trim() !== '' && numbers.every((number) => !Number.isNaN(number))
  const order = numeric ? Math.sign((numbers[0] ?? 0) - (numbers[1] ?? 0)) : left === right ? 0 : undefined
  const always = (holds: boolean): Truth => (holds ? 'always' : 'never')
  switch (operator) {
    case '=':
      return order === undefined ? 'unknown' : always(order === 0)
    case '<>':
      return order === undefined ? 'unknown' : always(order !== 0)
    case '<':
      return order === undefined || !numeric ? 'unknown' : always(order < 0)
    case '>':
      return order === undefined || !numeric ? 'unknown' : always(order > 0)
    case '<=':
      return order === undefined || !numeric ? 'unknown' : always(order <= 0)
    case '>=':
      return order === undefined || !numeric ? 'unknown' : always(order >= 0)
    default:
      return 'unknown'
  }
}

/** The same expression twice, wherever it stands in the text. */
function same(left: unknown, right: unknown): boolean {
  return (
    left !== undefined &&
    right !== undefined &&
    JSON.stringify(withoutPlaces(left)) === JSON.stringify(withoutPlaces(right))
  )
}

function withoutPlaces(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutPlaces)
  if (!isTree(value)) return value
  return Object.fromEntries(
    Object.entries(tree(value))
      .filter(([key]) => key !== 'location' && !/list_(start|end)$/.test(key))
      .map(([key, member]) => [key, withoutPlaces(member)]),
  )
}
