import { isAuditName } from '../audit.ts'
import { list, nameOf, namePartsOf, relationName, roleName, text, tree } from '../tree.ts'
import type { Handlers } from './handler.ts'
import { objectWord } from './objects.ts'

/** Objects whose loss weakens replication, isolation between tenants, or what guards the data. */
const guarding = new Set(['POLICY', 'PUBLICATION', 'TRIGGER', 'EVENT TRIGGER', 'RULE', 'SUBSCRIPTION'])

/** What is dropped by a name that relations share. */
const relationWords = new Set(['TABLE', 'VIEW', 'MATERIALIZED VIEW', 'FOREIGN TABLE', 'SEQUENCE', 'INDEX'])

export const destroying: Handlers = {
  DropStmt: (node, facts) => {
    const word = objectWord(node.removeType)
    facts.operation = `DROP ${word}`
    facts.effect('destroy')
    facts.objects = list(node.objects).length
    facts.reversible = word === 'INDEX' || word === 'VIEW' || word === 'STATISTICS' ? 'yes' : 'no'
    if (guarding.has(word)) facts.effect('conceal')
    if (word === 'OWNED') facts.effect('grant')
    if (node.behavior === 'DROP_CASCADE') facts.trait('cascade')
    if (node.concurrent === true) facts.trait('concurrently')
    const names = list(node.objects).map(nameOf)
    if (relationWords.has(word))
      for (const object of list(node.objects)) facts.names.drop(namePartsOf(tree(tree(object).List).items))
    if (node.missing_ok === true) facts.trait('if-exists')
    for (const name of names) {
      facts.resource(word.toLowerCase(), name)
      if (isAuditName(name)) {
        facts.trait('audit-table')
        facts.effect('conceal')
      }
    }
    if (names.length > 0 && names.every((name) => name.startsWith('pg_temp.'))) facts.trait('temporary')
  },
  TruncateStmt: (node, facts) => {
    facts.operation = 'TRUNCATE'
    facts.effect('delete', 'destroy')
    facts.unlimited()
    facts.reversible = 'no'
    const relations = list(node.relations).map((relation) => relationName(tree(relation).RangeVar))
    facts.objects = relations.length
    const cascade = node.behavior === 'DROP_CASCADE'
    for (const item of list(node.relations)) {
      const { schemaname, relname } = tree(tree(item).RangeVar)
      const relation = facts.names.relation([text(schemaname), text(relname)].slice(schemaname ? 0 : 1))
      if (relation === undefined) continue
      const more = cascade ? ({ cascade: true } as const) : {}
      facts.names.writes.push({ relation, use: 'truncate', unlimited: true, equalities: [], ...more })
    }
    for (const name of relations) {
      facts.resource('table', name)
      if (isAuditName(name)) {
        facts.trait('audit-table')
        facts.effect('conceal')
      }
    }
    if (node.behavior === 'DROP_CASCADE') facts.trait('cascade')
  },
  DropdbStmt: (node, facts) => {
    facts.operation = 'DROP DATABASE'
    facts.effect('destroy')
    facts.objects = 1
    facts.reversible = 'no'
    facts.resource('database', text(node.dbname))
  },
  DropOwnedStmt: (node, facts) => {
    facts.operation = 'DROP OWNED'
    facts.effect('destroy', 'grant')
    facts.reversible = 'no'
    for (const role of list(node.roles)) facts.resource('role', roleName(role))
    if (node.behavior === 'DROP_CASCADE') facts.trait('cascade')
  },
  DropTableSpaceStmt: (node, facts) => {
    facts.operation = 'DROP TABLESPACE'
    facts.effect('destroy')
    facts.objects = 1
    facts.reversible = 'no'
    facts.resource('tablespace', text(node.tablespacename))
  },
  DropUserMappingStmt: (node, facts) => {
    facts.operation = 'DROP USER MAPPING'
    facts.effect('destroy')
    facts.objects = 1
    facts.resource('server', text(node.servername))
  },
  DropSubscriptionStmt: (node, facts) => {
    facts.operation = 'DROP SUBSCRIPTION'
    facts.effect('destroy', 'conceal')
    facts.objects = 1
    facts.resource('subscription', text(node.subname))
  },
  DropRoleStmt: (node, facts) => {
    facts.operation = 'DROP ROLE'
    facts.effect('destroy', 'grant', 'disrupt')
    facts.reversible = 'no'
    facts.objects = list(node.roles).length
    for (const role of list(node.roles)) facts.resource('role', roleName(role))
  },
}
