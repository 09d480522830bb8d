import { addFunctionCall } from '../functions.ts'
import { constantOf, list, nameOf, option, relationName, stringOf, type Tree, text, tree } from '../tree.ts'
import { declares, type Handlers } from './handler.ts'

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
  CreateEventTrigStmt: declares('CREATE EVENT TRIGGER', ['deploy', 'execute'], 'event trigger', (node) =>
    text(node.trigname),
  ),
  RuleStmt: declares('CREATE RULE', ['deploy', 'execute'], 'table', (node) => relationName(node.relation)),
  CreatePLangStmt: declares('CREATE LANGUAGE', ['deploy', 'execute'], 'language', (node) => text(node.plname)),
  LoadStmt: (node, facts) => {
    facts.operation = 'LOAD'
    facts.effect('execute')
    facts.trait('language-c')
    facts.resource('file', text(node.filename))
  },
  CreateExtensionStmt: declares('CREATE EXTENSION', ['deploy', 'execute'], 'extension', (node) => text(node.extname)),
  CreateCastStmt: declares('CREATE CAST', ['deploy', 'execute']),
  CreateFdwStmt: declares(
    'CREATE FOREIGN DATA WRAPPER',
    ['deploy', 'execute', 'export'],
    'foreign data wrapper',
    (node) => text(node.fdwname),
  ),
  CreateForeignServerStmt: declares('CREATE SERVER', ['deploy', 'export'], 'server', (node) => text(node.servername)),
  CreateForeignTableStmt: declares('CREATE FOREIGN TABLE', ['deploy', 'export'], 'foreign table', (node) =>
    relationName(tree(node.base).relation),
  ),
  ImportForeignSchemaStmt: declares('IMPORT FOREIGN SCHEMA', ['deploy', 'export'], 'server', (node) =>
    text(node.server_name),
  ),
  CreateUserMappingStmt: declares('CREATE USER MAPPING', ['grant', 'export'], 'server', (node) =>
    text(node.servername),
  ),
  CreateSubscriptionStmt: declares('CREATE SUBSCRIPTION', ['deploy', 'export'], 'subscription', (node) =>
    text(node.subname),
  ),
  CreatePublicationStmt: declares('CREATE PUBLICATION', ['deploy', 'export'], 'publication', (node) =>
    text(node.pubname),
  ),
  SecLabelStmt: declares('SECURITY LABEL', ['grant']),
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
