import { addFunctionCall } from '../functions.ts'
import { constantOf, list, nameOf, option, relationName, stringOf, type Tree, text, tree } from '../tree.ts'
import type { Handlers } from './handler.ts'

/** Languages in which a function can do no more than SQL can. */
const trusted = new Set(['sql', 'plpgsql', 'plv8', 'plperl', 'pltcl', 'plrust', 'pllua'])

/** The source in the `AS` of a function: undefined for the object file form of C. */
function sourceOf(options: unknown): string | undefined {
  for (const item of list(options)) {
    const element = tree(tree(item).DefElem)
    if (element.defname !== 'as') continue
    const items = list(tree(tree(element.arg).List).items)
    if (items.length > 1) return undefined
    return items.length === 1 ? stringOf(items[0]) : constantOf(element.arg)
  }
  return undefined
}

export const code: Handlers = {
  DoStmt: (node, facts, context) => {
    facts.operation = 'DO'
    facts.effect('execute')
    const language = option(node.args, 'language') ?? 'plpgsql'
    context.code(language, sourceOf(node.args) ?? '', facts)
  },
  CallStmt: (node, facts) => {
    facts.operation = 'CALL'
    addFunctionCall(facts, tree(node.funccall))
  },
  CreateFunctionStmt: (node, facts) => {
    facts.operation = node.is_procedure === true ? 'CREATE PROCEDURE' : 'CREATE FUNCTION'
    facts.effect('deploy')
    facts.objects = 1
    facts.resource('function', nameOf(node.funcname))
    const language = (option(node.options, 'language') ?? 'sql').toLowerCase()
    if (language === 'c' || language === 'internal') {
      facts.effect('execute')
      facts.trait('language-c')
    } else if (!trusted.has(language)) {
      facts.effect('execute')
      facts.trait('language-untrusted')
    }
    if (option(node.options, 'security') === 'true') {
      facts.effect('grant')
      facts.trait('security-definer')
    }
    // What is there under the name changes its behaviour without anybody calling it differently.
    if (node.replace === true) facts.effect('execute')
  },
  CreateTrigStmt: (node, facts) => {
    facts.operation = 'CREATE TRIGGER'
    facts.effect('deploy', 'execute')
    facts.objects = 1
    facts.resource('table', relationName(node.relation))
  },
  CreateEventTrigStmt: (node, facts) => {
    facts.operation = 'CREATE EVENT TRIGGER'
    facts.effect('deploy', 'execute')
    facts.resource('event trigger', text(node.trigname))
  },
  RuleStmt: (node, facts) => {
    facts.operation = 'CREATE RULE'
    facts.effect('deploy', 'execute')
    facts.resource('table', relationName(node.relation))
  },
  CreatePLangStmt: (node, facts) => {
    facts.operation = 'CREATE LANGUAGE'
    facts.effect('deploy', 'execute')
    facts.resource('language', text(node.plname))
  },
  LoadStmt: (node, facts) => {
    facts.operation = 'LOAD'
    facts.effect('execute')
    facts.trait('language-c')
    facts.resource('file', text(node.filename))
  },
  CreateExtensionStmt: (node, facts) => {
    facts.operation = 'CREATE EXTENSION'
    facts.effect('deploy', 'execute')
    facts.resource('extension', text(node.extname))
  },
  CreateCastStmt: (_node, facts) => {
    facts.operation = 'CREATE CAST'
    facts.effect('deploy', 'execute')
  },
  CreateFdwStmt: (node, facts) => {
    facts.operation = 'CREATE FOREIGN DATA WRAPPER'
    facts.effect('deploy', 'execute', 'export')
    facts.resource('foreign data wrapper', text(node.fdwname))
  },
  CreateForeignServerStmt: (node, facts) => {
    facts.operation = 'CREATE SERVER'
    facts.effect('deploy', 'export')
    facts.resource('server', text(node.servername))
  },
  CreateForeignTableStmt: (node, facts) => {
    facts.operation = 'CREATE FOREIGN TABLE'
    facts.effect('deploy', 'export')
    facts.resource('foreign table', relationName(tree(node.base).relation))
  },
  ImportForeignSchemaStmt: (node, facts) => {
    facts.operation = 'IMPORT FOREIGN SCHEMA'
    facts.effect('deploy', 'export')
    facts.resource('server', text(node.server_name))
  },
  CreateUserMappingStmt: (node, facts) => {
    facts.operation = 'CREATE USER MAPPING'
    facts.effect('grant', 'export')
    facts.resource('server', text(node.servername))
  },
  CreateSubscriptionStmt: (node, facts) => {
    facts.operation = 'CREATE SUBSCRIPTION'
    facts.effect('deploy', 'export')
    facts.resource('subscription', text(node.subname))
  },
  CreatePublicationStmt: (node, facts) => {
    facts.operation = 'CREATE PUBLICATION'
    facts.effect('deploy', 'export')
    facts.resource('publication', text(node.pubname))
  },
  SecLabelStmt: (_node, facts) => {
    facts.operation = 'SECURITY LABEL'
    facts.effect('grant')
  },
  CopyStmt: (node, facts) => addCopy(node, facts),
}

function addCopy(node: Tree, facts: Parameters<Handlers[string]>[1]): void {
  const name = relationName(node.relation)
  const inbound = node.is_from === true
  const { schemaname, relname } = tree(node.relation)
  const relation = facts.names.relation([text(schemaname), text(relname)].slice(schemaname ? 0 : 1))
  if (relation !== undefined && inbound)
    facts.names.writes.push({ relation, use: 'insert', unlimited: false, equalities: [] })
  facts.resource('table', name)
  if (node.is_program === true) {
    facts.operation = 'COPY PROGRAM'
    facts.effect('execute', inbound ? 'write' : 'export')
    facts.trait('copy-program')
    return
  }
  facts.operation = inbound ? 'COPY FROM' : 'COPY TO'
  facts.effect(inbound ? 'write' : 'export')
  if (!inbound) facts.effect('read')
  if (node.filename !== undefined) {
    facts.effect('execute')
    facts.trait('server-file')
    facts.resource('file', text(node.filename))
  } else facts.copy = inbound ? 'in' : 'out'
  if (inbound && /^(pg_catalog\.)?pg_/.test(name)) {
    facts.effect('grant')
    facts.trait('catalog-write')
  }
}
