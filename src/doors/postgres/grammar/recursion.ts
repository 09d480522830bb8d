import { limits } from './condition.ts'
import { list, relationName, type Tree, text, tree } from './tree.ts'

/**
 * Whether a SELECT has a recursive CTE that nothing ends: its recursive part reads the CTE alone and takes all of it.
 * A LIMIT, here or in the CTE, ends it (PostgreSQL documentation, "WITH Queries": evaluated as far as rows are
 * fetched). UNION without ALL ends by itself where a round brings nothing new; where it computes, it does not.
 */
export function recursesWithoutEnd(select: Tree): boolean {
  const clause = tree(tree(select.withClause).WithClause ?? select.withClause)
  if (clause.recursive !== true || select.limitCount !== undefined) return false
  return list(clause.ctes).some((item) => {
    const cte = tree(tree(item).CommonTableExpr)
    const union = tree(tree(cte.ctequery).SelectStmt)
    if (union.op !== 'SETOP_UNION' || union.limitCount !== undefined) return false
    const again = tree(tree(union.rarg).SelectStmt ?? union.rarg)
    const sources = list(again.fromClause)
    const isAlone = sources.length === 1 && relationName(tree(sources[0]).RangeVar) === text(cte.ctename)
    const computes = union.all === true || JSON.stringify(again.targetList ?? []).includes('"A_Expr"')
    return isAlone && computes && !limits(again.whereClause) && again.havingClause === undefined
  })
}
