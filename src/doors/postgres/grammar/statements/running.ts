import type { TransactionControl } from '../facts.ts'
import { isOn, list, option, relationName, text, tree } from '../tree.ts'
import { declares, type Handlers } from './handler.ts'

const transactions: Readonly<Record<string, readonly [string, TransactionControl]>> = {
  TRANS_STMT_BEGIN: ['BEGIN', 'begin'],
  TRANS_STMT_START: ['BEGIN', 'begin'],
  TRANS_STMT_COMMIT: ['COMMIT', 'commit'],
  TRANS_STMT_ROLLBACK: ['ROLLBACK', 'rollback'],
  TRANS_STMT_SAVEPOINT: ['SAVEPOINT', 'savepoint'],
  TRANS_STMT_RELEASE: ['RELEASE SAVEPOINT', 'release'],
  TRANS_STMT_ROLLBACK_TO: ['ROLLBACK TO SAVEPOINT', 'rollback-to'],
  TRANS_STMT_PREPARE: ['PREPARE TRANSACTION', 'prepare'],
  TRANS_STMT_COMMIT_PREPARED: ['COMMIT PREPARED', 'commit-prepared'],
  TRANS_STMT_ROLLBACK_PREPARED: ['ROLLBACK PREPARED', 'rollback-prepared'],
}

/** What runs, controls or maintains, without defining anything. */
export const running: Handlers = {
  SelectStmt: (_node, facts) => {
    facts.operation = 'SELECT'
  },
  InsertStmt: (node, facts) => {
    facts.operation = 'INSERT'
    facts.reversible = 'yes'
    const values = list(tree(tree(node.selectStmt).SelectStmt).valuesLists)
    // With ON CONFLICT an inserted row may change one that is there: still one row for each.
    if (values.length > 0) facts.maxRows = values.length
    else if (node.selectStmt === undefined) facts.maxRows = 1
  },
  UpdateStmt: (_node, facts) => {
    facts.operation = 'UPDATE'
    facts.reversible = 'no'
  },
  DeleteStmt: (_node, facts) => {
    facts.operation = 'DELETE'
    facts.reversible = 'no'
  },
  MergeStmt: (_node, facts) => {
    facts.operation = 'MERGE'
    facts.reversible = 'no'
  },
  ExplainStmt: (node, facts, context) => {
    if (isOn(option(node.options, 'analyze'))) {
      context.inside(node.query, facts)
      return
    }
    facts.operation = 'EXPLAIN'
    facts.effect('read')
    facts.reversible = 'yes'
  },
  PrepareStmt: (node, facts, context) => {
    facts.operation = 'PREPARE'
    facts.reversible = 'yes'
    facts.prepares = { name: text(node.name), statement: context.apart(node.query) }
  },
  ExecuteStmt: (node, facts) => {
    facts.operation = 'EXECUTE'
    facts.executes = text(node.name)
  },
  DeallocateStmt: (node, facts) => {
    facts.operation = 'DEALLOCATE'
    facts.deallocates = node.isall === true || node.name === undefined ? 'ALL' : text(node.name)
  },
  DiscardStmt: (node, facts) => {
    facts.operation = 'DISCARD'
    if (node.target === undefined || node.target === 'DISCARD_ALL') {
      facts.deallocates = 'ALL'
      facts.settings.push({ name: 'all', value: null })
    }
  },
  TransactionStmt: (node, facts) => {
    const [operation, control] = transactions[text(node.kind)] ?? ['TRANSACTION', null]
    facts.operation = operation
    facts.transaction = control
    facts.reversible = 'yes'
    // A prepared transaction keeps its locks, with nobody there, until somebody ends it.
    if (control === 'prepare') facts.effect('disrupt')
    if (control === null) facts.effect('unknown')
  },
  DeclareCursorStmt: declares('SELECT', ['read']),
  FetchStmt: declares('FETCH', ['read']),
  ClosePortalStmt: (_node, facts) => {
    facts.operation = 'CLOSE'
  },
  VariableShowStmt: declares('SHOW', ['read']),
  ListenStmt: (_node, facts) => {
    facts.operation = 'LISTEN'
  },
  UnlistenStmt: (_node, facts) => {
    facts.operation = 'UNLISTEN'
  },
  NotifyStmt: (_node, facts) => {
    facts.operation = 'NOTIFY'
    facts.effect('write')
    facts.maxRows = 0
  },
  ConstraintsSetStmt: (_node, facts) => {
    facts.operation = 'SET CONSTRAINTS'
  },
  CheckPointStmt: declares('CHECKPOINT', ['disrupt']),
  LockStmt: (node, facts) => {
    facts.operation = 'LOCK TABLE'
    facts.objects = list(node.relations).length
    for (const relation of list(node.relations)) facts.resource('table', relationName(tree(relation).RangeVar))
    // Modes up to ROW EXCLUSIVE (3) are what ordinary statements take themselves.
    if (Number(node.mode ?? 0) > 3) facts.effect('disrupt')
    else facts.effect('read')
  },
  VacuumStmt: (node, facts) => {
    const vacuum = node.is_vacuumcmd === true
    facts.operation = vacuum ? (isOn(option(node.options, 'full')) ? 'VACUUM FULL' : 'VACUUM') : 'ANALYZE'
    facts.effect('deploy')
    if (facts.operation === 'VACUUM FULL') facts.effect('disrupt')
    for (const item of list(node.rels)) facts.resource('table', relationName(tree(tree(item).VacuumRelation).relation))
  },
  ClusterStmt: declares('CLUSTER', ['deploy', 'disrupt'], 'table', (node) => relationName(node.relation)),
  ReindexStmt: (node, facts) => {
    facts.operation = 'REINDEX'
    facts.effect('deploy')
    if (isOn(option(node.params, 'concurrently'))) facts.trait('concurrently')
    else facts.effect('disrupt')
    facts.resource('index', relationName(node.relation) || text(node.name))
  },
  RefreshMatViewStmt: (node, facts) => {
    facts.operation = 'REFRESH MATERIALIZED VIEW'
    facts.effect('write')
    facts.maxRows = 0
    if (node.concurrent === true) facts.trait('concurrently')
    else facts.effect('disrupt')
    facts.resource('materialized view', relationName(node.relation))
    const { schemaname, relname } = tree(node.relation)
    const relation = facts.names.relation([text(schemaname), text(relname)].slice(schemaname ? 0 : 1))
    if (relation !== undefined) facts.names.writes.push({ relation, use: 'insert', unlimited: false, equalities: [] })
  },
}
