import type { FactsBuilder } from '../facts.ts'
import { list, nameOf, relationName, type Tree, text, tree } from '../tree.ts'
import { declares, type Handlers } from './handler.ts'
import { objectWord } from './objects.ts'

function temporary(relation: unknown, facts: FactsBuilder): void {
  const { relpersistence, schemaname } = tree(relation)
  if (relpersistence === 't' || schemaname === 'pg_temp') facts.trait('temporary')
  if (relpersistence === 'u') facts.trait('unlogged')
}

function created(relation: unknown, facts: FactsBuilder): void {
  const { schemaname, relname } = tree(relation)
  facts.names.create([text(schemaname), text(relname)].slice(schemaname ? 0 : 1))
}

export const creating: Handlers = {
  CreateStmt: (node, facts) => {
    facts.operation = 'CREATE TABLE'
    facts.effect('deploy')
    facts.objects = 1
    created(node.relation, facts)
    facts.resource('table', relationName(node.relation))
    temporary(node.relation, facts)
  },
  CreateTableAsStmt: (node, facts) => {
    const into = tree(tree(node.into).rel)
    facts.operation = `CREATE ${objectWord(node.objtype)}`
    facts.effect('deploy')
    facts.objects = 1
    facts.resource('table', relationName(into))
    if (node.objtype === 'OBJECT_TABLE') created(into, facts)
    temporary(into, facts)
    // What is put into a temporary table is gone with the session.
    if (!facts.traits.has('temporary')) facts.effect('write')
  },
  ViewStmt: (node, facts) => {
    facts.operation = 'CREATE VIEW'
    facts.effect('deploy')
    facts.objects = 1
    facts.resource('view', relationName(node.view))
    // What is there under the name changes for everybody who reads it.
    if (node.replace === true) facts.effect('execute')
    temporary(node.view, facts)
  },
  IndexStmt: (node, facts) => {
    facts.operation = 'CREATE INDEX'
    facts.effect('deploy')
    facts.objects = 1
    facts.resource('table', relationName(node.relation))
    // Without CONCURRENTLY writers wait until the index is built.
    if (node.concurrent === true) facts.trait('concurrently')
    else facts.effect('disrupt')
  },
  CreateSchemaStmt: (node, facts, context) => {
    facts.operation = 'CREATE SCHEMA'
    facts.effect('deploy')
    facts.objects = 1
    facts.resource('schema', text(node.schemaname))
    for (const element of list(node.schemaElts)) context.inside(element, facts)
    facts.operation = 'CREATE SCHEMA'
  },
  CreatedbStmt: (node, facts) => {
    facts.operation = 'CREATE DATABASE'
    facts.effect('deploy')
    facts.objects = 1
    facts.resource('database', text(node.dbname))
  },
  CreatePolicyStmt: declares('CREATE POLICY', ['grant', 'deploy'], 'policy', (node) => text(node.policy_name)),
  DefineStmt: (node, facts) => {
    facts.operation = `CREATE ${objectWord(node.kind)}`
    facts.effect('deploy')
    facts.objects = 1
    facts.resource(objectWord(node.kind).toLowerCase(), nameOf(node.defnames))
    // An operator or aggregate gives a function another name to be called by.
    if (node.kind === 'OBJECT_OPERATOR' || node.kind === 'OBJECT_AGGREGATE') facts.effect('execute')
  },
}

/** Statements that make something new, with nothing more to it. */
const plain: Readonly<Record<string, string>> = {
  CommentStmt: 'COMMENT',
  CompositeTypeStmt: 'CREATE TYPE',
  CreateAmStmt: 'CREATE ACCESS METHOD',
  CreateConversionStmt: 'CREATE CONVERSION',
  CreateDomainStmt: 'CREATE DOMAIN',
  CreateEnumStmt: 'CREATE TYPE',
  CreateOpClassStmt: 'CREATE OPERATOR CLASS',
  CreateOpFamilyStmt: 'CREATE OPERATOR FAMILY',
  CreateRangeStmt: 'CREATE TYPE',
  CreateSeqStmt: 'CREATE SEQUENCE',
  CreateStatsStmt: 'CREATE STATISTICS',
  CreateTableSpaceStmt: 'CREATE TABLESPACE',
  CreateTransformStmt: 'CREATE TRANSFORM',
}

export const creatingPlainly: Handlers = Object.fromEntries(
  Object.entries(plain).map(([kind, operation]) => [
    kind,
    (_node: Tree, facts: FactsBuilder) => {
      facts.operation = operation
      facts.effect('deploy')
      facts.objects = 1
    },
  ]),
)
