import { isAuditName } from '../audit.ts'
import { FactsBuilder } from '../facts.ts'
import { isOn, list, nameOf, option, relationName, roleName, type Tree, text, tree } from '../tree.ts'
import { walk } from '../walk.ts'
import { declares, type Handlers } from './handler.ts'
import { objectWord } from './objects.ts'

/** Subcommands of ALTER TABLE by what they do beyond changing structure (PostgreSQL source, AlterTableType). */
const concealing =
  /^AT_(DisableRowSecurity|NoForceRowSecurity|DisableTrig.*|DisableRule|EnableReplicaTrig|EnableReplicaRule|SetUnLogged|ReplicaIdentity)$/
const losing =
  /^AT_(DropColumn|DropConstraint|DropIdentity|DropExpression|AlterColumnType|DropOf|DropInherit|DetachPartition.*|DropCluster|SetExpression|SetAccessMethod)$/
const blocking =
  /^AT_(SetLogged|SetTableSpace|AddIndex|AddIndexConstraint|SetNotNull|ClusterOn|DetachPartition|AttachPartition|ValidateConstraint|AddIdentity)$/

function addSubcommand(command: Tree, facts: FactsBuilder): void {
  const subtype = text(command.subtype)
  const definition = tree(command.def)
  if (command.behavior === 'DROP_CASCADE') facts.trait('cascade')
  if (concealing.test(subtype)) facts.effect('conceal')
  if (losing.test(subtype)) {
    facts.effect('destroy')
    facts.reversible = 'no'
  }
  if (blocking.test(subtype)) facts.effect('disrupt')
  if (subtype === 'AT_DisableRowSecurity' || subtype === 'AT_NoForceRowSecurity') facts.trait('disable-row-security')
  if (/^AT_(DisableTrig|DisableRule|EnableReplica)/.test(subtype)) facts.trait('disable-trigger')
  if (subtype === 'AT_SetUnLogged') facts.trait('unlogged')
  if (subtype === 'AT_DropColumn') facts.trait('drop-column')
  if (subtype === 'AT_DropConstraint') facts.trait('drop-constraint')
  if (subtype === 'AT_AlterColumnType') {
    facts.trait('alter-column-type')
    facts.effect('disrupt')
  }
  if (subtype === 'AT_ChangeOwner') {
    facts.effect('grant')
    facts.trait('ownership')
  }
  if (subtype === 'AT_AddConstraint') addConstraint(tree(definition.Constraint), facts)
  if (subtype === 'AT_AddColumn') addColumn(tree(definition.ColumnDef), facts)
}

/** A constraint checked against what is there scans the table under a lock; NOT VALID leaves that for later. */
function addConstraint(constraint: Tree, facts: FactsBuilder): void {
  if (constraint.skip_validation === true) facts.trait('not-valid')
  else if (constraint.contype === 'CONSTR_FOREIGN' || constraint.contype === 'CONSTR_CHECK') facts.effect('disrupt')
}

/** A default that is volatile, or a generated column, rewrites the table under the strongest lock. */
function addColumn(column: Tree, facts: FactsBuilder): void {
  for (const item of list(column.constraints)) {
    const constraint = tree(tree(item).Constraint)
    const stored = constraint.contype === 'CONSTR_GENERATED' || constraint.contype === 'CONSTR_IDENTITY'
    const value = new FactsBuilder('DEFAULT')
    walk(constraint.raw_expr, value)
    if (stored || callsVolatile(constraint.raw_expr) || value.effects.size > 0) {
      facts.effect('disrupt')
      facts.trait('volatile-default')
    }
    if (constraint.contype === 'CONSTR_FOREIGN') addConstraint(constraint, facts)
  }
}

const volatileDefaults =
  /"sval":"(gen_random_uuid|uuidv4|uuidv7|uuid_generate_\w+|random|clock_timestamp|timeofday|nextval)"/

function callsVolatile(expression: unknown): boolean {
  return volatileDefaults.test(JSON.stringify(expression ?? null))
}

/** What gets another name or another schema. */
function addMoved(word: string, node: Tree, facts: FactsBuilder): void {
  const table = relationName(node.relation)
  facts.resource(word.toLowerCase(), table || nameOf(node.object) || text(node.subname))
  if (isAuditName(table)) facts.trait('audit-table')
}

export const altering: Handlers = {
  AlterTableStmt: (node, facts) => {
    const word = objectWord(node.objtype)
    facts.operation = `ALTER ${word}`
    facts.effect('deploy')
    facts.objects = 1
    facts.resource(word.toLowerCase(), relationName(node.relation))
    for (const command of list(node.cmds)) addSubcommand(tree(tree(command).AlterTableCmd), facts)
  },
  AlterTableMoveAllStmt: declares('ALTER TABLE', ['deploy', 'disrupt']),
  AlterObjectSchemaStmt: (node, facts) => {
    facts.operation = `ALTER ${objectWord(node.objectType)}`
    facts.effect('deploy', 'disrupt')
    facts.trait('rename')
    facts.objects = 1
    addMoved(objectWord(node.objectType), node, facts)
  },
  RenameStmt: (node, facts) => {
    const word = objectWord(node.renameType === 'OBJECT_COLUMN' ? node.relationType : node.renameType)
    facts.operation = `ALTER ${word}`
    facts.effect('deploy', 'disrupt')
    facts.trait('rename')
    facts.objects = 1
    facts.reversible = 'yes'
    addMoved(word, node, facts)
    if (word === 'ROLE') facts.effect('grant')
  },
  AlterOwnerStmt: (node, facts) => {
    const word = objectWord(node.objectType)
    facts.operation = `ALTER ${word}`
    facts.effect('grant')
    facts.trait('ownership')
    facts.objects = 1
    facts.resource(word.toLowerCase(), relationName(node.relation) || nameOf(node.object))
    facts.resource('role', roleName(node.newowner))
  },
  ReassignOwnedStmt: (node, facts) => {
    facts.operation = 'REASSIGN OWNED'
    facts.effect('grant')
    facts.trait('ownership')
    for (const role of list(node.roles)) facts.resource('role', roleName(role))
  },
  AlterDatabaseStmt: (node, facts) => {
    facts.operation = 'ALTER DATABASE'
    facts.effect('deploy', 'disrupt')
    facts.resource('database', text(node.dbname))
    const allowed = option(node.options, 'allow_connections')
    if ((allowed !== undefined && !isOn(allowed)) || option(node.options, 'connection_limit') === '0')
      facts.trait('nologin')
  },
  AlterTypeStmt: declares('ALTER TYPE', ['deploy'], 'type', (node) => nameOf(node.typeName)),
  AlterEventTrigStmt: (node, facts) => {
    facts.operation = 'ALTER EVENT TRIGGER'
    facts.effect('conceal')
    facts.trait('disable-trigger')
    facts.resource('event trigger', text(node.trigname))
  },
  AlterPolicyStmt: declares('ALTER POLICY', ['grant', 'conceal'], 'policy', (node) => text(node.policy_name)),
  AlterPublicationStmt: declares('ALTER PUBLICATION', ['conceal'], 'publication', (node) => text(node.pubname)),
  AlterSubscriptionStmt: declares('ALTER SUBSCRIPTION', ['conceal', 'export'], 'subscription', (node) =>
    text(node.subname),
  ),
}

/** Statements that change a definition in place, with nothing more to it. */
const plain: Readonly<Record<string, string>> = {
  AlterCollationStmt: 'ALTER COLLATION',
  AlterDatabaseRefreshCollStmt: 'ALTER DATABASE',
  AlterDomainStmt: 'ALTER DOMAIN',
  AlterEnumStmt: 'ALTER TYPE',
  AlterExtensionContentsStmt: 'ALTER EXTENSION',
  AlterExtensionStmt: 'ALTER EXTENSION',
  AlterFdwStmt: 'ALTER FOREIGN DATA WRAPPER',
  AlterForeignServerStmt: 'ALTER SERVER',
  AlterFunctionStmt: 'ALTER FUNCTION',
  AlterObjectDependsStmt: 'ALTER DEPENDS',
  AlterOpFamilyStmt: 'ALTER OPERATOR FAMILY',
  AlterOperatorStmt: 'ALTER OPERATOR',
  AlterSeqStmt: 'ALTER SEQUENCE',
  AlterStatsStmt: 'ALTER STATISTICS',
  AlterTSConfigurationStmt: 'ALTER TEXT SEARCH CONFIGURATION',
  AlterTSDictionaryStmt: 'ALTER TEXT SEARCH DICTIONARY',
  AlterTableSpaceOptionsStmt: 'ALTER TABLESPACE',
  AlterUserMappingStmt: 'ALTER USER MAPPING',
}

export const alteringPlainly: Handlers = Object.fromEntries(
  Object.entries(plain).map(([kind, operation]) => [
    kind,
    (node: Tree, facts: FactsBuilder) => {
      facts.operation = operation
      facts.effect('deploy')
      facts.objects = 1
      // SECURITY DEFINER can be given to a function that exists.
      if (kind === 'AlterFunctionStmt' && JSON.stringify(node.actions ?? []).includes('"defname":"security"')) {
        facts.effect('grant')
        facts.trait('security-definer')
      }
      if (/Fdw|Server|UserMapping/.test(kind)) facts.effect('export')
    },
  ]),
)
