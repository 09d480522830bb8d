import type { Action } from '../action/index.ts'
import type { Entry, EntryOf, Judged } from '../ledger/index.ts'
import { Counter } from './counter.ts'
import { keptAction, wordsOf } from './cut-action.ts'
import type { Db } from './database.ts'
import { minuteOf, type Tag, tagName } from './tables.ts'

/** Names that are kept in memory with their ids. */
const namesKept = 50_000

interface Row {
  readonly idx: number
  readonly at: number
  readonly verdict: string | null
  readonly rule: string | null
  readonly outcome: string | null
}

/** Folds entries into the tables. The one who calls begins and ends the transaction. */
export class IndexWriter {
  readonly #counter = new Counter()
  readonly #minutes = new Map<number, { low: number; high: number }>()
  readonly #names = new Map<string, number>()
  /** Rows to be written with one statement each: calls from here into SQLite cost more than what they do there. */
  #tags: [tag: number, idx: number][] = []
  #words: [idx: number, text: string][] = []
  /** How actions end that the entries at hand speak of: most begin there too, and are written once, with their end. */
  readonly #endings = new Map<string, EntryOf<'action.settled'> | undefined>()
  /** Which of them are written already, by their place. */
  readonly #written = new Set<number>()
  readonly #sql: ReturnType<typeof statements>

  constructor(db: Db) {
    this.#sql = statements(db)
  }

  /** A transaction was rolled back: nothing that was gathered for it stays. */
  forget(): void {
    this.#tags = []
    this.#words = []
    for (const _ of this.#counter.take());
    this.#minutes.clear()
    this.#names.clear()
  }

  entries(entries: readonly Entry[]): void {
    this.#endings.clear()
    this.#written.clear()
    for (const entry of entries) {
      if (entry.kind !== 'action.settled') continue
      const { action } = entry.body
      this.#endings.set(action, this.#endings.has(action) ? undefined : entry)
    }
    for (const entry of entries) this.#entry(entry)
  }

  #entry(entry: Entry): void {
    switch (entry.kind) {
      case 'action.requested':
        return this.#requested(entry)
      case 'action.judged':
        return this.#judged(entry)
      case 'action.released': {
        const row = this.#row(entry.body.action)
        if (row === undefined) return
        this.#held(row.idx, entry.body.hold)
        this.#sql.further.run(row.idx, entry.index)
        return
      }
      case 'action.settled':
        return this.#settled(entry)
      case 'hold.opened':
        this.#sql.ofHold.run(entry.body.hold, entry.index)
        for (const { id } of entry.body.actions) {
          const row = this.#row(id)
          if (row !== undefined) this.#held(row.idx, entry.body.hold)
        }
        return
      case 'hold.voted':
      case 'hold.closed':
      case 'hold.released':
        this.#sql.ofHold.run(entry.body.hold, entry.index)
        return
      default:
        return
    }
  }

  /** Writes what gathered over a batch, and how far the index is. */
  finish(next: number, hash: string): void {
    this.#write()
    for (const { dimension, minute, value, n } of this.#counter.take()) {
      if (n !== 0) this.#sql.count.run(dimension, minute, this.#name(value), n)
    }
    for (const [minute, { low, high }] of this.#minutes) this.#sql.minute.run(minute, low, high)
    this.#minutes.clear()
    this.#sql.position.run(next, hash)
  }

  #requested({ index, at, body: { action, judged } }: EntryOf<'action.requested'>): void {
    const ms = Date.parse(at)
    const { id, door, operation, actor, effects } = action
    const ending = this.#endings.get(id)
    const ended = ending !== undefined && ending.index > index ? ending : undefined
    const added = this.#sql.action.run(
      index,
      id,
      ms,
      door,
      effects.join(','),
      actor.id,
      operation,
      judged?.verdict ?? null,
      judged?.rule ?? null,
      ended?.body.outcome ?? null,
      ended?.body.rows ?? null,
      ended?.index ?? null,
      ended === undefined ? null : Date.parse(ended.at),
    )
    // An id that is there already: what comes under it belongs to the first.
    if (added.changes === 0) {
      const first = this.#row(id)
      if (first !== undefined) this.#sql.further.run(first.idx, index)
      return
    }
    const { json, cut } = keptAction(action)
    this.#sql.details.run(
      index,
      json,
      cut ? 1 : 0,
      judged?.reason ?? '',
      judged?.ruleSet ?? null,
      ended?.body.message ?? null,
    )
    this.#words.push([index, wordsOf(action, judged?.rule ?? '', judged?.reason ?? '')])
    for (const name of tagsOf(action)) this.#tag(index, name)
    this.#count(ms, action, judged)
    this.#judgedTags(index, judged)
    if (ended !== undefined) {
      this.#ended(index, ms, ended.body)
      this.#endings.delete(id)
      this.#written.add(ended.index)
    }
    const minute = minuteOf(ms)
    const reach = this.#minutes.get(minute)
    if (reach === undefined) this.#minutes.set(minute, { low: index, high: index })
    else reach.high = index
  }

  #count(at: number, { actor, door, operation, effects }: Action, judged: Judged | null): void {
    this.#counter.add('verdict', at, judged?.verdict ?? 'none')
    this.#counter.add('rule', at, judged?.rule ?? null)
    this.#counter.add('actor', at, actor.id)
    this.#counter.add('door', at, door)
    this.#counter.add('operation', at, operation)
    for (const effect of new Set(effects)) this.#counter.add('effect', at, effect)
  }

  #judged({ index, body }: EntryOf<'action.judged'>): void {
    const row = this.#row(body.action)
    if (row === undefined) return
    this.#counter.add('verdict', row.at, row.verdict ?? 'none', -1)
    this.#counter.add('verdict', row.at, body.verdict)
    this.#counter.add('rule', row.at, row.rule, -1)
    this.#counter.add('rule', row.at, body.rule)
    if (row.verdict !== null) this.#untag(row.idx, tagName('verdict', row.verdict))
    if (row.rule !== null) this.#untag(row.idx, tagName('rule', row.rule))
    this.#judgedTags(row.idx, body)
    this.#sql.judged.run(body.verdict, body.rule, row.idx)
    this.#sql.reason.run(body.reason, body.ruleSet, row.idx)
    this.#sql.further.run(row.idx, index)
  }

  #judgedTags(idx: number, judged: Pick<Judged, 'verdict' | 'rule'> | null): void {
    if (judged === null) return
    if (judged.verdict !== 'allow') this.#tag(idx, tagName('verdict', judged.verdict))
    if (judged.rule !== null) this.#tag(idx, tagName('rule', judged.rule))
  }

  #ended(idx: number, at: number, { outcome }: { readonly outcome: string }): void {
    this.#counter.add('outcome', at, outcome)
    if (outcome !== 'completed') this.#tag(idx, tagName('outcome', outcome))
  }

  #settled({ index, at, body }: EntryOf<'action.settled'>): void {
    if (this.#written.delete(index)) return
    const row = this.#row(body.action)
    if (row === undefined) return
    if (row.outcome !== null) {
      // Settled twice: the last word counts, and the first stays in the story.
      this.#sql.keepEnding.run(row.idx)
      this.#counter.add('outcome', row.at, row.outcome, -1)
      this.#untag(row.idx, tagName('outcome', row.outcome))
    }
    this.#ended(row.idx, row.at, body)
    this.#sql.settled.run(body.outcome, body.rows, index, Date.parse(at), row.idx)
    if (body.message !== undefined) this.#sql.message.run(body.message, row.idx)
  }

  #held(idx: number, hold: string): void {
    this.#sql.held.run(hold, idx)
    this.#tag(idx, tagName('hold', hold))
  }

  #write(): void {
    if (this.#tags.length > 0) this.#sql.tags.run(JSON.stringify(this.#tags))
    if (this.#words.length > 0) this.#sql.words.run(JSON.stringify(this.#words))
    this.#tags = []
    this.#words = []
  }

  #row(id: string): Row | undefined {
    const [row] = this.#sql.row.all(id)
    return isRow(row) ? row : undefined
  }

  #tag(idx: number, name: string): void {
    this.#tags.push([this.#name(name), idx])
  }

  #untag(idx: number, name: string): void {
    this.#write()
    this.#sql.untag.run(this.#name(name), idx)
  }

  #name(name: string): number {
    const known = this.#names.get(name)
    if (known !== undefined) return known
    if (this.#names.size >= namesKept) this.#names.clear()
    const found: unknown = this.#sql.findName.get(name)
    const id = Number(
      found === undefined ? this.#sql.addName.run(name).lastInsertRowid : Reflect.get(Object(found), 'id'),
    )
    this.#names.set(name, id)
    return id
  }
}

function* tagsOf(action: Action): Generator<string> {
  const tag = (kind: Tag, value: string) => tagName(kind, value)
  yield tag('actor', action.actor.id)
  if (action.actor.name !== action.actor.id) yield tag('actor', action.actor.name)
  yield tag('operation', action.operation)
  if (action.actor.client.session !== '') yield tag('session', action.actor.client.session)
  for (const effect of new Set(action.effects)) yield tag('effect', effect)
  for (const name of new Set(action.resources.map((resource) => resource.name))) yield tag('resource', name)
}

function isRow(row: unknown): row is Row {
  return typeof row === 'object' && row !== null && 'idx' in row
}

function statements(db: Db) {
  return {
    action: db.prepare(
      `INSERT INTO actions
       (idx, id, at, door, effects, actor, operation, verdict, rule, outcome, row_count, ended, ended_at)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`,
    ),
    details: db.prepare('INSERT INTO details (idx, action, cut, reason, rule_set, message) VALUES (?, ?, ?, ?, ?, ?)'),
    words: db.prepare('INSERT INTO words (rowid, text) SELECT value ->> 0, value ->> 1 FROM json_each(?)'),
    row: db.prepare('SELECT idx, at, verdict, rule, outcome FROM actions WHERE id = ?'),
    judged: db.prepare('UPDATE actions SET verdict = ?, rule = ? WHERE idx = ?'),
    reason: db.prepare('UPDATE details SET reason = ?, rule_set = ? WHERE idx = ?'),
    settled: db.prepare('UPDATE actions SET outcome = ?, row_count = ?, ended = ?, ended_at = ? WHERE idx = ?'),
    keepEnding: db.prepare(
      'INSERT OR IGNORE INTO further SELECT idx, ended FROM actions WHERE idx = ? AND ended IS NOT NULL',
    ),
    message: db.prepare('UPDATE details SET message = ? WHERE idx = ?'),
    held: db.prepare('UPDATE actions SET hold = ? WHERE idx = ?'),
    further: db.prepare('INSERT OR IGNORE INTO further VALUES (?, ?)'),
    ofHold: db.prepare('INSERT OR IGNORE INTO of_hold VALUES (?, ?)'),
    tags: db.prepare(
      'INSERT OR IGNORE INTO tags SELECT value ->> 0 AS tag, value ->> 1 AS idx FROM json_each(?) ORDER BY tag, idx',
    ),
    untag: db.prepare('DELETE FROM tags WHERE tag = ? AND idx = ?'),
    findName: db.prepare('SELECT id FROM names WHERE name = ?'),
    addName: db.prepare('INSERT INTO names (name) VALUES (?)'),
    minute: db.prepare(
      `INSERT INTO minutes VALUES (?, ?, ?)
       ON CONFLICT (minute) DO UPDATE SET low = min(low, excluded.low), high = max(high, excluded.high)`,
    ),
    count: db.prepare(
      'INSERT INTO counts VALUES (?, ?, ?, ?) ON CONFLICT (dimension, minute, name) DO UPDATE SET n = n + excluded.n',
    ),
    position: db.prepare('UPDATE position SET next = ?, hash = ?'),
  }
}
