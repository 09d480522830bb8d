import { z } from 'zod'
import type { Selection } from '../grammar/index.ts'
import type { Cascade } from './info.ts'

/** Rows are counted up to here: beyond it how many more does not matter, and the server need not go through them. */
export const countedUpTo = 10_001

const answer = z.object({ rows: z.number().nullable(), total: z.number().nullable(), others: z.array(z.number()) })

/** Rows that a statement touches, counted before it runs. */
export interface Counted {
  readonly rows: number | null
  /** Rows of the table, where that was asked. */
  readonly total: number | null
  readonly others: readonly number[]
}

export function readCounted(json: string): Counted | undefined {
  try {
    return answer.parse(JSON.parse(json))
  } catch {
    return undefined
  }
}

const count = (query: string) => `(SELECT pg_catalog.count(*) FROM (${query} LIMIT ${countedUpTo}) AS counted)`

/** The rows that a statement picks of one table. */
export interface Picked {
  readonly selection: Selection
  /** What the table is called in it. */
  readonly alias: string
  /** The table's oid. */
  readonly root: number
  /** The table, as anybody would call it. */
  readonly table: string
}

/**
 * A query that counts the rows a DELETE or UPDATE picks, and those that foreign keys take along, as they are now.
 * The statement's own text picks them, so its parameters mean the same.
 */
export function countingQuery(picked: Picked, cascades: readonly Cascade[], total: boolean): string {
  const { alias, selection } = picked
  const { head, from, joined } = selection
  // With a join a row may be met several times, and counts once.
  const rows = count(`${head} SELECT ${joined ? `DISTINCT ${alias}.tableoid, ${alias}.ctid` : '1'} ${from}`)
  const others = cascades.map((edge) =>
    count(`SELECT 1 FROM ${edge.table} AS child WHERE ${childOf(edge, cascades, picked, 0)}`),
  )
  return answerQuery(rows, others, total ? count(`SELECT 1 FROM ${picked.table}`) : 'NULL') + typed(selection.unused)
}

const sample = z.array(z.array(z.string().nullable()))

/** Longest value that is shown, in characters. */
const longestShown = 200

/** A query for the keys of some rows that a DELETE or UPDATE picks. The statement's own text picks them. */
export function samplingQuery(
  { alias, selection }: Pick<Picked, 'alias' | 'selection'>,
  key: readonly string[],
  most: number,
): string {
  const { head, from, joined } = selection
  const values = key.map(
    (column, i) => `pg_catalog.left(${alias}.${identifier(column)}::pg_catalog.text, ${longestShown}) AS k${i}`,
  )
  const names = key.map((_, i) => `picked.k${i}`).join(', ')
  const rows = `SELECT ${joined ? 'DISTINCT ' : ''}${values.join(', ')} ${from} LIMIT ${most}`
  return `${head} SELECT pg_catalog.json_agg(pg_catalog.json_build_array(${names})) FROM (${rows}) AS picked${typed(selection.unused).replace(' FROM', ',')}`
}

/** What a sampling query answered; none where it is something else. */
export function readSample(json: string): z.infer<typeof sample> {
  try {
    return sample.safeParse(JSON.parse(json)).data ?? []
  } catch {
    return []
  }
}

/** A parameter that stands nowhere has no type, and the server refuses it; as text it takes what drivers send. */
function typed(unused: readonly number[]): string {
  if (unused.length === 0) return ''
  return ` FROM (SELECT ${unused.map((parameter) => `$${parameter}::pg_catalog.text`).join(', ')}) AS unused`
}

/** A query that counts the rows another one gives. */
export function readingQuery(text: string): string {
  return answerQuery(count(`SELECT 1 FROM (${text.replace(/[;\s]+$/, '')}\n) AS asked`), [])
}

/** A query that counts the rows of tables that are to be emptied. */
export function emptyingQuery(tables: readonly string[]): string {
  const [own, ...others] = tables.map((table) => count(`SELECT 1 FROM ${table}`))
  return answerQuery(own ?? 'NULL', others)
}

function answerQuery(rows: string, others: readonly string[], total: string = 'NULL'): string {
  const list = others.length === 0 ? "'[]'::pg_catalog.json" : `pg_catalog.json_build_array(${others.join(', ')})`
  return `SELECT pg_catalog.json_build_object('rows', ${rows}, 'total', ${total}, 'others', ${list})`
}

/** Deepest chain of foreign keys that is counted through; what hangs deeper is left to the server's own figures. */
const deepestChain = 4

function childOf(edge: Cascade, all: readonly Cascade[], picked: Picked, depth: number): string {
  const { alias, selection, root } = picked
  const columns = `(${edge.columns.map((column) => `child.${identifier(column)}`).join(', ')})`
  const keys = (of: string) => edge.keys.map((key) => `${of}.${identifier(key)}`).join(', ')
  const parents = edge.parent === root ? [`${selection.head} SELECT ${keys(alias)} ${selection.from}`] : []
  if (depth < deepestChain) {
    for (const parent of all) {
      if (parent === edge || parent.child !== edge.parent || parent.onDelete !== 'c') continue
      const inner = childOf(parent, all, picked, depth + 1)
      parents.push(`SELECT ${keys('child')} FROM ${parent.table} AS child WHERE ${inner}`)
    }
  }
  return parents.length === 0 ? 'false' : `${columns} IN (${parents.map((query) => `(${query})`).join(' UNION ')})`
}

export function identifier(name: string): string {
  return `"${name.replaceAll('"', '""')}"`
}
