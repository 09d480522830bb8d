import { isAuditName } from './audit.ts'
import { hangsOnLiterals, limits, onlyJoins } from './condition.ts'
import { equalitiesOf, ownNames } from './equalities.ts'
import type { FactsBuilder } from './facts.ts'
import { addFunctionCall, addOperator, addType } from './functions.ts'
import type { CatalogName, WriteUse } from './names.ts'
import { recursesWithoutEnd } from './recursion.ts'
import { constantOf, isTree, list, relationName, stringOf, type Tree, text, tree } from './tree.ts'

/** Schemas of PostgreSQL's own tables. */
const systemTable = /^(pg_catalog\.)?pg_|^information_schema\./

/** Tables and views that hold password hashes or other secrets of the server. */
const secretTable =
  /^(pg_catalog\.)?(pg_authid|pg_shadow|pg_user_mappings?|pg_subscription|pg_hba_file_rules|pg_file_settings|pg_largeobject)$/

/** What is done to a relation that is written. */
type Use = 'insert' | 'update' | 'delete'

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
      addWrite(node, 'delete', facts)
      return
    case 'UpdateStmt':
      facts.command('UPDATE')
      facts.effect('write')
      addTarget(node.relation, 'update', facts)
      addWrite(node, 'update', facts)
      return
    case 'InsertStmt':
      facts.command('INSERT')
      facts.effect('write')
      addTarget(node.relation, isUpsert(node) ? 'update' : 'insert', facts)
      addInsert(node, facts)
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
      if (!text(node.kind).includes('BETWEEN')) addOperator(facts, node.name)
      return
    case 'ColumnRef': {
      const last = list(node.fields).at(-1)
      facts.names.columns.add('A_Star' in tree(last) ? '*' : stringOf(last))
      return
    }
    case 'JoinExpr':
      if (node.quals === undefined && node.usingClause === undefined && node.isNatural !== true)
        facts.names.multiplies = true
      return
    // Of casts, columns, and whatever else names a type.
    case 'typeName':
      addType(facts, node)
      return
  }
}

/** The relation of a statement's `relation` field, by its name in the catalog. */
function namedRelation(relation: unknown, facts: FactsBuilder): CatalogName | undefined {
  const node = tree(relation)
  const alias = text(tree(tree(node.alias).Alias ?? node.alias).aliasname)
  return facts.names.relation([text(node.schemaname), text(node.relname)].slice(node.schemaname ? 0 : 1), alias)
}

function addWrite(node: Tree, use: WriteUse, facts: FactsBuilder): void {
  const unlimited = !limits(node.whereClause)
  if (unlimited) facts.unlimited()
  const relation = namedRelation(node.relation, facts)
  if (relation === undefined) return
  const joined = list(node.usingClause).length + list(node.fromClause).length > 0
  const equalities = equalitiesOf(node.whereClause, ownNames(tree(node.relation)))
  // With other tables beside it a bare name may be a column of theirs.
  const certain = joined ? equalities.filter(({ variable }) => variable === undefined) : equalities
  facts.names.writes.push({ relation, use, unlimited, equalities: certain })
}

function addInsert(node: Tree, facts: FactsBuilder): void {
  const relation = namedRelation(node.relation, facts)
  if (relation === undefined) return
  facts.names.writes.push({ relation, use: 'insert', unlimited: false, equalities: [] })
  if (isUpsert(node)) facts.trait('upsert')
}

/** A row that is there already may be changed instead: one for each inserted. */
function isUpsert(insert: Tree): boolean {
  const clause = tree(tree(insert.onConflictClause).OnConflictClause ?? insert.onConflictClause)
  return clause.action === 'ONCONFLICT_UPDATE'
}

/** A table that is written. It stands under `relation` without a wrapper, so the walk does not take it for a read. */
function addTarget(relation: unknown, use: Use, facts: FactsBuilder): void {
  const name = relationName(relation)
  facts.resource('table', name)
  if (systemTable.test(name)) {
    facts.effect('grant')
    facts.trait('catalog-write')
  }
  // Adding to an audit table is what it is for.
  if (isAuditName(name) && use !== 'insert') {
    facts.effect('conceal')
    facts.trait('audit-table')
  }
}

function addRead(node: Tree, facts: FactsBuilder, ctes: ReadonlySet<string>): void {
  const name = relationName(node)
  if (ctes.has(name)) return
  namedRelation(node, facts)
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
  const limited =
    (node.whereClause !== undefined && limits(node.whereClause) && !onlyJoins(node.whereClause)) ||
    (node.limitCount !== undefined && constantOf(node.limitCount) !== undefined)
  if (hangsOnLiterals(node.whereClause)) facts.literal = true
  if (recursesWithoutEnd(node)) {
    facts.effect('disrupt')
    facts.trait('runs-away')
  }
  addReading(node, facts)
  // A whole table copied somewhere else.
  if (relationName(into) !== '' && !limited && list(node.fromClause).length > 0) facts.effect('export')
  const tables = list(node.fromClause).length
  if (list(node.lockingClause).length > 0) {
    facts.trait('for-update')
    if (!limited) facts.effect('disrupt')
  }
  if (tables > 0 && !limited) facts.trait('full-table-read')
}

/** What the outermost query says about how much it reads: the walk comes to it first. */
function addReading(node: Tree, facts: FactsBuilder): void {
  const sources = list(node.fromClause)
  if (sources.length > 0) facts.names.repeats = true
  if (sources.length > 1 && node.whereClause === undefined) facts.names.multiplies = true
  if (facts.names.outermostSeen) return
  facts.names.outermostSeen = true
  const limit = Number(constantOf(node.limitCount) ?? Number.NaN)
  facts.names.limit = Number.isFinite(limit) ? limit : null
  facts.names.offset = node.limitOffset !== undefined && constantOf(node.limitOffset) !== '0'
  const only = tree(tree(sources[0]).RangeVar)
  if (sources.length === 1 && text(only.relname) !== '')
    facts.names.picked = equalitiesOf(node.whereClause, ownNames(only))
  // A template of the text has no place for how long a list inside a string is.
  if (facts.names.picked.some(({ values }) => values > 1)) facts.literal = true
}

const mergeUses: Readonly<Record<string, WriteUse>> = {
  CMD_INSERT: 'insert',
  CMD_UPDATE: 'update',
  CMD_DELETE: 'delete',
}

function addMerge(node: Tree, facts: FactsBuilder): void {
  facts.command('MERGE')
  for (const clause of list(node.mergeWhenClauses)) {
    const { commandType, matchKind, condition } = tree(tree(clause).MergeWhenClause)
    // Rows that match nothing: the join condition does not limit them, only a condition of the clause does.
    const writes = commandType === 'CMD_DELETE' || commandType === 'CMD_UPDATE'
    if (matchKind === 'MERGE_WHEN_NOT_MATCHED_BY_SOURCE' && writes && !limits(condition)) facts.unlimited()
    const relation = namedRelation(node.relation, facts)
    const use = mergeUses[text(commandType)]
    if (relation !== undefined && use !== undefined)
      facts.names.writes.push({ relation, use, unlimited: !limits(node.joinCondition), equalities: [] })
    if (commandType === 'CMD_DELETE') {
      facts.effect('delete')
      addTarget(node.relation, 'delete', facts)
    } else if (commandType === 'CMD_UPDATE' || commandType === 'CMD_INSERT') {
      facts.effect('write')
      addTarget(node.relation, commandType === 'CMD_UPDATE' ? 'update' : 'insert', facts)
    }
  }
  facts.effect('read')
  if (!limits(node.joinCondition)) facts.unlimited()
}
