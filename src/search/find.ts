import type { Action } from '../action/index.ts'
import type { ActionFilter, ActionPage, ActionRecord } from './action-record.ts'
import type { Db } from './database.ts'
import { minuteOf, type Tag, tagName } from './tables.ts'
import { textQuery } from './text-query.ts'

type Value = string | number

/** Filters that are looked up by tag, those that leave the least first: the first with one value leads the search. */
const tagged = ['hold', 'session', 'rule', 'resource', 'actor', 'operation', 'verdict', 'outcome', 'effect'] as const

/** Values that nearly every action has: not tagged, but looked at in the row. */
const untagged: ReadonlySet<string> = new Set(['verdict:allow', 'verdict:none', 'outcome:completed', 'outcome:open'])

/** A page of actions, newest first. */
export function findActions(db: Db, filter: ActionFilter, { limit, before }: ActionPage): ActionRecord[] {
  const where: string[] = []
  const values: Value[] = []
  let from = 'actions a'
  let order = 'a.idx'
  const add = (sql: string, ...more: Value[]) => {
    where.push(sql)
    values.push(...more)
  }
  if (filter.text !== undefined) {
    from = 'words JOIN actions a ON a.idx = words.rowid'
    order = 'words.rowid'
    add('words MATCH ?', textQuery(filter.text))
  }
  for (const tag of tagged) {
    const wanted = filter[tag]
    if (wanted === undefined || wanted.length === 0) continue
    if (wanted.some((value) => untagged.has(`${tag}:${value}`))) {
      addColumn(tag, wanted, add)
      continue
    }
    const names = wanted.map((value) => nameId(db, tag, value)).filter((id) => id !== undefined)
    if (names.length === 0) return []
    const [only] = names
    if (order === 'a.idx' && names.length === 1 && only !== undefined) {
      from = 'tags t CROSS JOIN actions a ON a.idx = t.idx'
      order = 't.idx'
      add('t.tag = ?', only)
    } else {
      add(`EXISTS (SELECT 1 FROM tags o WHERE o.tag IN (${marks(names)}) AND o.idx = a.idx)`, ...names)
    }
  }
  if (filter.door !== undefined && filter.door.length > 0) add(`a.door IN (${marks(filter.door)})`, ...filter.door)
  addTimes(db, filter, order, add)
  if (before !== undefined) add(`${order} < ?`, before)
  const condition = where.length === 0 ? '' : `WHERE ${where.join(' AND ')}`
  const found = db
    .prepare(`SELECT a.idx FROM ${from} ${condition} ORDER BY ${order} DESC LIMIT ?`)
    .all(...values, limit)
  const one = db.prepare(`${recordSql} WHERE a.idx = ?`)
  return found.flatMap((row) => toRecord(one.get(number(row, 'idx'))))
}

/** @returns undefined where no such action is known */
export function findAction(db: Db, id: string): ActionRecord | undefined {
  return toRecord(db.prepare(`${recordSql} WHERE a.id = ?`).get(id))[0]
}

/** Where on the ledger entries stand that speak of an action, in order. */
export function entriesOf(db: Db, index: number): number[] {
  const rows = db
    .prepare(
      `SELECT idx AS entry FROM actions WHERE idx = ?1
       UNION SELECT ended FROM actions WHERE idx = ?1 AND ended IS NOT NULL
       UNION SELECT entry FROM further WHERE idx = ?1
       UNION SELECT h.entry FROM tags t JOIN names n ON n.id = t.tag JOIN of_hold h ON h.hold = substr(n.name, 6)
         WHERE t.idx = ?1 AND n.name >= 'hold:' AND n.name < 'hold;'
       ORDER BY 1`,
    )
    .all(index)
  return rows.map((row) => number(row, 'entry'))
}

function addColumn(tag: Tag, wanted: readonly string[], add: (sql: string, ...more: Value[]) => void): void {
  const column = tag === 'verdict' ? 'a.verdict' : 'a.outcome'
  const some = wanted.filter((value) => value !== 'none' && value !== 'open')
  const choices: string[] = []
  if (some.length > 0) choices.push(`${column} IN (${marks(some)})`)
  if (some.length < wanted.length) choices.push(`${column} IS NULL`)
  add(`(${choices.join(' OR ')})`, ...some)
}

/** Times bound the places on the ledger first, so that nothing outside of them is read. */
function addTimes(
  db: Db,
  { since, until }: ActionFilter,
  order: string,
  add: (sql: string, ...more: Value[]) => void,
): void {
  if (since !== undefined) {
    const ms = Date.parse(since)
    const [row] = db.prepare('SELECT min(low) AS low FROM minutes WHERE minute >= ?').all(minuteOf(ms))
    add(`a.at >= ? AND ${order} >= ?`, ms, number(row, 'low'))
  }
  if (until !== undefined) {
    const ms = Date.parse(until)
    const [row] = db.prepare('SELECT max(high) AS high FROM minutes WHERE minute <= ?').all(minuteOf(ms))
    add(`a.at < ? AND ${order} <= ?`, ms, number(row, 'high'))
  }
}

function nameId(db: Db, tag: Tag, value: string): number | undefined {
  const row = db.prepare('SELECT id FROM names WHERE name = ?').get(tagName(tag, value))
  return row === undefined ? undefined : number(row, 'id')
}

const recordSql = `
  SELECT a.idx, a.at, a.verdict, a.rule, a.outcome, a.hold, a.row_count, a.ended_at,
         d.action, d.cut, d.reason, d.rule_set, d.message
  FROM actions a JOIN details d ON d.idx = a.idx`

interface StoredRecord {
  readonly idx: number
  readonly at: number
  readonly verdict: ActionRecord['verdict']
  readonly rule: string | null
  readonly outcome: ActionRecord['outcome']
  readonly hold: string | null
  readonly row_count: number | null
  readonly ended_at: number | null
  readonly action: string
  readonly cut: number
  readonly reason: string
  readonly rule_set: string | null
  readonly message: string | null
}

function toRecord(found: unknown): ActionRecord[] {
  if (!isStored(found)) return []
  const action: Action = JSON.parse(found.action)
  const { idx, at, verdict, rule, outcome, hold, row_count, ended_at, cut, reason, rule_set, message } = found
  return [
    {
      index: idx,
      at: new Date(at).toISOString(),
      action,
      cut: cut === 1,
      verdict,
      rule,
      reason,
      ruleSet: rule_set,
      outcome,
      rows: row_count,
      endedAt: ended_at === null ? null : new Date(ended_at).toISOString(),
      ...(message === null ? {} : { message }),
      ...(hold === null ? {} : { hold }),
    },
  ]
}

/** The tables are this room's own: whoever finds the row finds its columns. */
function isStored(found: unknown): found is StoredRecord {
  return typeof found === 'object' && found !== null && 'idx' in found
}

function number(row: unknown, column: string): number {
  return Number(Reflect.get(Object(row), column) ?? 0)
}

function marks(values: readonly unknown[]): string {
  return values.map(() => '?').join(', ')
}
