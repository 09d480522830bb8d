import { limits } from './condition.ts'
import type { FactsBuilder } from './facts.ts'
import { addCast, addFunctionCall, addOperator } from './functions.ts'
import { isTree, list, nameOf, relationName, type Tree, text, tree } from './tree.ts'

/** Schemas of PostgreSQL's own tables. */
const systemTable = /^(pg_catalog\.)?pg_|^information_schema\./

/** Tables and views that hold password hashes or other secrets of the server. */
const secretTable =
  /^(pg_catalog\.)?(pg_authid|pg_shadow|pg_user_mappings?|pg_subscription|pg_hba_file_rules|pg_file_settings|pg_largeobject)$/

const auditName = /audit/i

/** What a relation stands for where it is found. */
type Use = 'read' | 'write' | 'delete'

/**
 * Visits every node of a tree, at any depth and under any key, and adds what each does: so a DELETE is seen wherever
 * it hides (CTE, subquery, cursor, COPY, function argument, view definition).
 */
export function walk(root: unknown, facts: FactsBuilder): void {
  // A stack of its own: a chain of a thousand operators is a tree a thousand deep.
  const stack: { value: unknown; ctes: ReadonlySet<string> }[] = [{ value: root, ctes: new Set() }]
  for (let next = stack.pop(); next !== undefined; next = stack.pop()) {
    const { value, ctes } = next
    if (Array.isArray(value)) {
      for (const item of value) stack.push({ value: item, ctes })
    } else if (isTree(value)) {
      const scope = withCtes(value, ctes)
      for (const [key, member] of Object.entries(value)) {
        if (typeof member !== 'object' || member === null) continue
        const inner = isTree(member) ? withCtes(member, scope) : scope
        if (isTree(member)) visit(key, member, facts, inner)
        stack.push({ value: member, ctes: inner })
      }
    }
  }
}

/** Names of common table expressions hide tables of the same name. */
function withCtes(node: Tree, outer: ReadonlySet<string>): ReadonlySet<string> {
  const ctes = list(tree(tree(node.withClause).WithClause ?? node.withClause).ctes)
  if (ctes.length === 0) return outer
  return new Set([...outer, ...ctes.map((cte) => text(tree(tree(cte).CommonTableExpr).ctename))])
}

function visit(kind: string, node: Tree, facts: FactsBuilder, ctes: ReadonlySet<string>): void {
  switch (kind) {
    case 'DeleteStmt':
      facts.command('DELETE')
      facts.effect('delete')
      addTarget(node.relation, 'delete', facts)
      if (!limits(node.whereClause)) facts.unlimited()
      return
    case 'UpdateStmt':
      facts.command('UPDATE')
      facts.effect('write')
      addTarget(node.relation, 'write', facts)
      if (!limits(node.whereClause)) facts.unlimited()
      return
    case 'InsertStmt':
      facts.command('INSERT')
      facts.effect('write')
      addTarget(node.relation, 'write', facts)
      return
    case 'MergeStmt':
      addMerge(node, facts)
      return
    case 'SelectStmt':
    // The branches of UNION, INTERSECT and EXCEPT stand here without a wrapper.
    case 'larg':
    case 'rarg':
      addSelect(node, facts)
      return
    case 'RangeVar':
      addRead(node, facts, ctes)
      return
    case 'FuncCall':
      addFunctionCall(facts, node)
      return
    case 'A_Expr':
      // BETWEEN is spelled as a name here, but stands for the built-in comparisons of the type.
      if (!text(node.kind).includes('BETWEEN')) addOperator(facts, nameOf(node.name))
      return
    case 'TypeCast':
      addCast(facts, tree(node.typeName))
      return
  }
}

/** A table that is written. It stands under `relation` without a wrapper, so the walk does not take it for a read. */
function addTarget(relation: unknown, use: Use, facts: FactsBuilder): void {
  const name = relationName(relation)
  facts.resource('table', name)
  if (systemTable.test(name)) {
    facts.effect('grant')
    facts.trait('catalog-write')
  }
  if (auditName.test(name) && use === 'delete') {
    facts.effect('conceal')
    facts.trait('audit-table')
  }
}

function addRead(node: Tree, facts: FactsBuilder, ctes: ReadonlySet<string>): void {
  const name = relationName(node)
  if (ctes.has(name)) return
  facts.effect('read')
  facts.resource('table', name)
  if (secretTable.test(name)) {
    facts.effect('export')
    facts.trait('secret-catalog')
  }
}

function addSelect(node: Tree, facts: FactsBuilder): void {
  const into = tree(tree(node.intoClause).rel)
  if (relationName(into) !== '') {
    facts.effect('write', 'deploy')
    facts.resource('table', relationName(into))
  }
  const limited = node.whereClause !== undefined || node.limitCount !== undefined
  // A whole table copied somewhere else.
  if (relationName(into) !== '' && !limited && list(node.fromClause).length > 0) facts.effect('export')
  const tables = list(node.fromClause).length
  if (list(node.lockingClause).length > 0) {
    facts.trait('for-update')
    if (!limited) facts.effect('disrupt')
  }
  if (tables > 0 && !limited) facts.trait('full-table-read')
}

function addMerge(node: Tree, facts: FactsBuilder): void {
  facts.command('MERGE')
  for (const clause of list(node.mergeWhenClauses)) {
    const { commandType, matchKind, condition } = tree(tree(clause).MergeWhenClause)
    // Rows that match nothing: the join condition does not limit them, only a condition of the clause does.
    const writes = commandType === 'CMD_DELETE' || commandType === 'CMD_UPDATE'
    if (matchKind === 'MERGE_WHEN_NOT_MATCHED_BY_SOURCE' && writes && !limits(condition)) facts.unlimited()
    if (commandType === 'CMD_DELETE') {
      facts.effect('delete')
      addTarget(node.relation, 'delete', facts)
    } else if (commandType === 'CMD_UPDATE' || commandType === 'CMD_INSERT') {
      facts.effect('write')
      addTarget(node.relation, 'write', facts)
    }
  }
  facts.effect('read')
  if (!limits(node.joinCondition)) facts.unlimited()
}
