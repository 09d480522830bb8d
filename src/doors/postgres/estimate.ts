import { z } from 'zod'
import { encodeBind, encodeClose, encodeExecute, encodeParse, syncMessage } from './wire/encode.ts'

/**
 * The planner's estimate for one statement, asked on the client's own server connection: only there do search path,
 * role, row security and temporary tables mean what they will mean when the statement runs.
 *
 * Prepared statements and portals carry names of the door's own, so that the client's unnamed ones survive.
 */
const names = { begin: '__sallyport_begin', explain: '__sallyport_explain', rollback: '__sallyport_rollback' } as const

function run(name: string, text: string | Buffer, parseTail?: Buffer, bindTail?: Buffer): Buffer[] {
  return [
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
  // The client's Bind asks for result formats of its own columns; a plan is one text column.
  const explain = run(
    names.explain,
    text,
    statement.parseTail,
    statement.bindTail && allTextResults(statement.bindTail),
  )
  if (inTransaction) return Buffer.concat([...explain, syncMessage])
  const begin = 'BEGIN ISOLATION LEVEL READ COMMITTED READ ONLY NOT DEFERRABLE'
  return Buffer.concat([...run(names.begin, begin), ...explain, ...run(names.rollback, 'ROLLBACK'), syncMessage])
}

/** After a failed EXPLAIN: end the door's own transaction, if there is one, and forget the door's statement. */
export function cleanUpMessages(ownTransaction: boolean): Buffer {
  return Buffer.concat([
    ...(ownTransaction ? run(names.rollback, 'ROLLBACK') : []),
    encodeClose('statement', names.begin),
    encodeClose('statement', names.explain),
    syncMessage,
  ])
}

/** A Parse that must fail, to put a transaction into the failed state (or end an implicit one) as a real error does. */
export const poisonMessages = Buffer.concat([
  encodeParse('__sallyport_refused', 'statement refused by sallyport'),
  syncMessage,
])

/** The tail of a Bind with its result formats replaced by none (all text). */
function allTextResults(tail: Buffer): Buffer {
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
  Plans?: PlanNode[] | undefined
}

const planNode: z.ZodType<PlanNode> = z.lazy(() =>
  z.object({
    'Node Type': z.string(),
    'Parent Relationship': z.string().optional(),
    'Plan Rows': z.number().optional(),
    Plans: z.array(planNode).optional(),
  }),
)
const explainOutput = z.array(z.object({ Plan: planNode.optional() })).min(1)

/**
 * Rows that the plan expects its ModifyTable nodes to touch, wherever they stand (data-modifying CTEs included).
 * The node itself reports 0 without RETURNING; what feeds it carries the estimate. null: not a plan that says so.
 */
export function rowsModified(json: string): number | null {
  let parsed: unknown
  try {
    parsed = JSON.parse(json)
  } catch {
    return null
  }
  const output = explainOutput.safeParse(parsed)
  if (!output.success) return null
  let rows = 0
  const visit = (node: PlanNode): void => {
    for (const child of node.Plans ?? []) {
      // CTEs and subqueries hang below as InitPlan or SubPlan; what is fed to the node is Outer (Member before 14).
      const feeds = child['Parent Relationship'] === 'Outer' || child['Parent Relationship'] === 'Member'
      if (node['Node Type'] === 'ModifyTable' && feeds) rows += child['Plan Rows'] ?? 0
      visit(child)
    }
  }
  for (const { Plan } of output.data) {
    if (Plan === undefined) return null
    visit(Plan)
  }
  return Math.round(rows)
}
