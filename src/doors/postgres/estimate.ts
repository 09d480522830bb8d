import { z } from 'zod'
import { encodeBind, encodeClose, encodeExecute, encodeParse, flushMessage, syncMessage } from './wire/encode.ts'

/**
 * The planner's estimate for one statement, asked on the client's own server connection: only there do search path,
 * role, row security and temporary tables mean what they will mean when the statement runs.
 *
 * Prepared statements and portals carry names of the door's own, so that the client's unnamed ones survive.
 */
const names = {
  begin: '__sallyport_begin',
  explain: '__sallyport_explain',
  ask: '__sallyport_ask',
  rollback: '__sallyport_rollback',
  release: '__sallyport_release',
} as const

/**
 * One statement of the door's own, from Parse to the closing of everything it made. What an earlier one left behind
 * when it failed is closed first: closing what is not there is no error.
 */
export function privateStatement(name: string, text: string | Buffer, parseTail?: Buffer, bindTail?: Buffer): Buffer[] {
  return [
    encodeClose('statement', name),
    encodeParse(name, text, parseTail),
    encodeBind(name, name, bindTail),
    encodeExecute(name),
    encodeClose('portal', name),
    encodeClose('statement', name),
  ]
}

const explainPrefix = 'EXPLAIN (FORMAT JSON, COSTS ON, ANALYZE OFF) '

/** Characters that the door put in front of the statement, so that error positions can be moved back. */
export const explainPrefixLength = explainPrefix.length

/** A statement to be explained: its text, and for the extended protocol the tails of Parse and Bind. */
export interface Explainable {
  readonly text: Buffer
  readonly parseTail?: Buffer
  readonly bindTail?: Buffer
}

/**
 * EXPLAIN as messages ending in Sync. Outside a transaction it runs in a read-only transaction that is rolled back:
 * planning may evaluate functions that claim to be immutable, and nothing of that may stay.
 */
export function explainMessages(statement: Explainable, inTransaction: boolean): Buffer {
  const text = Buffer.concat([Buffer.from(explainPrefix, 'latin1'), statement.text])
  const explain = privateStatement(names.explain, text, statement.parseTail, textResults(statement.bindTail))
  if (inTransaction) return Buffer.concat([...explain, syncMessage])
  return Buffer.concat([...begin, ...explain, ...rollback, syncMessage])
}

const begin = privateStatement(names.begin, 'BEGIN ISOLATION LEVEL READ COMMITTED READ ONLY NOT DEFERRABLE')
const rollback = privateStatement(names.rollback, 'ROLLBACK')

/**
 * A question of the door's own about the statement's rows, with the statement's parameters. Whatever becomes of it,
 * the client's transaction goes on as it was: it runs in a read-only transaction or a savepoint of its own.
 */
export function countMessages(query: string, { parseTail, bindTail }: Explainable, inTransaction: boolean): Buffer {
  const ask = privateStatement(names.ask, query, parseTail, textResults(bindTail))
  if (!inTransaction) return Buffer.concat([...begin, ...ask, ...rollback, syncMessage])
  return Buffer.concat([...savepoint, ...ask, ...rollbackToSavepoint, syncMessage])
}

/** A question that may take no longer than two seconds, outside a transaction, with the statement's parameters. */
export function briefMessages(query: string, { parseTail, bindTail }: Explainable): Buffer {
  const ask = privateStatement(names.ask, query, parseTail, textResults(bindTail))
  return Buffer.concat([...begin, ...brief, ...ask, ...rollback, syncMessage])
}

const brief = privateStatement(names.release, 'SET LOCAL statement_timeout = 2000')

const savepoint = privateStatement(names.begin, 'SAVEPOINT __sallyport')
const rollbackToSavepoint = [
  ...privateStatement(names.rollback, 'ROLLBACK TO SAVEPOINT __sallyport'),
  ...privateStatement(names.release, 'RELEASE SAVEPOINT __sallyport'),
]

/**
 * Settings of the session that would make a question to the catalog fail, or slow: a statement timeout is meant for the
 * client's own statements, and where a session has forbidden itself ways of planning (`enable_seqscan` and the like)
 * PostgreSQL before 18 adds so much to the cost of others that it compiles every query, for seconds. Answers null.
 */
const ownSettings = privateStatement(
  names.explain,
  `SELECT CASE WHEN pg_catalog.concat(pg_catalog.set_config('jit', 'off', true),
    pg_catalog.set_config('statement_timeout', '10s', true)) IS NULL THEN '' END`,
)

/** Where a question to the catalog is asked: outside a transaction, in one, or in an implicit one that stays open. */
export type AskedWhere = 'idle' | 'transaction' | 'open'

/** Close messages of one statement of the door's own: how many a question has that is asked where one stays open. */
export const askCloses = 3

/**
 * A question to the catalog, with parameters as text. In a transaction it has a savepoint of its own, so that neither
 * its settings nor its failure are the transaction's; where an implicit one stays open there can be none, and it ends in
 * Flush.
 */
export function askMessages(query: string, parameters: readonly (string | null)[], where: AskedWhere): Buffer {
  const values = parameters.map((value) => {
    if (value === null) return Buffer.from([0xff, 0xff, 0xff, 0xff])
    const bytes = Buffer.from(value, 'utf8')
    const length = Buffer.alloc(4)
    length.writeInt32BE(bytes.length)
    return Buffer.concat([length, bytes])
  })
  const head = Buffer.alloc(4)
  head.writeInt16BE(parameters.length, 2)
  const bindTail = Buffer.concat([head, ...values, Buffer.alloc(2)])
  const ask = privateStatement(names.ask, query, undefined, bindTail)
  switch (where) {
    case 'idle':
      return Buffer.concat([...ownSettings, ...ask, syncMessage])
    case 'transaction':
      return Buffer.concat([...savepoint, ...ownSettings, ...ask, ...rollbackToSavepoint, syncMessage])
    case 'open':
      return Buffer.concat([...ask, flushMessage])
  }
}

/** After a failed question: end the door's own transaction or savepoint, if there is one. */
export function cleanUpMessages(own: 'transaction' | 'savepoint' | undefined): Buffer {
  return Buffer.concat([
    ...(own === undefined ? [] : own === 'transaction' ? rollback : rollbackToSavepoint),
    ...[names.begin, names.explain].map((name) => encodeClose('statement', name)),
    syncMessage,
  ])
}

/** A Parse that must fail, to put a transaction into the failed state (or end an implicit one) as a real error does. */
export const poisonMessages = Buffer.concat([
  encodeParse('__sallyport_refused', 'statement refused by sallyport'),
  syncMessage,
])

/** Ends a failed transaction. */
export const endFailedMessages = Buffer.concat([...rollback, syncMessage])

/** Begins a transaction and has it fail. */
export const failedMessages = Buffer.concat([...privateStatement(names.begin, 'BEGIN'), poisonMessages])

/**
 * The tail of a Bind with its result formats replaced by none: the client asks for formats of its own columns, the
 * door's questions answer with one text column.
 */
function textResults(tail: Buffer | undefined): Buffer | undefined {
  if (tail === undefined) return undefined
  let at = 2 + 2 * tail.readUInt16BE(0)
  const values = tail.readUInt16BE(at)
  at += 2
  for (let i = 0; i < values; i++) at += 4 + Math.max(0, tail.readInt32BE(at))
  return Buffer.concat([tail.subarray(0, at), Buffer.alloc(2)])
}

interface PlanNode {
  'Node Type': string
  'Parent Relationship'?: string | undefined
  'Plan Rows'?: number | undefined
  'Total Cost'?: number | undefined
  Plans?: PlanNode[] | undefined
}

const planNode: z.ZodType<PlanNode> = z.lazy(() =>
  z.object({
    'Node Type': z.string(),
    'Parent Relationship': z.string().optional(),
    'Plan Rows': z.number().optional(),
    'Total Cost': z.number().optional(),
    Plans: z.array(planNode).optional(),
  }),
)
const explainOutput = z.array(z.object({ Plan: planNode.optional() })).min(1)

/** What a plan says. */
export interface PlanFigures {
  /**
   * Rows that its ModifyTable nodes are expected to touch, wherever they stand (data-modifying CTEs included). The
   * node itself reports 0 without RETURNING; what feeds it carries the estimate.
   */
  readonly modified: number
  /** Rows that come out at the top. */
  readonly returned: number
  /** Rows of the node that has most. */
  readonly most: number
  /** In the planner's own unit: about one page read in sequence. */
  readonly cost: number
}

/** undefined: not a plan that says so. */
export function planFigures(json: string): PlanFigures | undefined {
  let parsed: unknown
  try {
    parsed = JSON.parse(json)
  } catch {
    return undefined
  }
  const output = explainOutput.safeParse(parsed)
  if (!output.success) return undefined
  let modified = 0
  let returned = 0
  let most = 0
  let cost = 0
  const visit = (node: PlanNode): void => {
    most = Math.max(most, node['Plan Rows'] ?? 0)
    for (const child of node.Plans ?? []) {
      // CTEs and subqueries hang below as InitPlan or SubPlan; what is fed to the node is Outer (Member before 14).
      const feeds = child['Parent Relationship'] === 'Outer' || child['Parent Relationship'] === 'Member'
      if (node['Node Type'] === 'ModifyTable' && feeds) modified += child['Plan Rows'] ?? 0
      visit(child)
    }
  }
  for (const { Plan } of output.data) {
    if (Plan === undefined) return undefined
    returned += Plan['Plan Rows'] ?? 0
    cost += Plan['Total Cost'] ?? 0
    visit(Plan)
  }
  return { modified: Math.round(modified), returned: Math.round(returned), most: Math.round(most), cost }
}
