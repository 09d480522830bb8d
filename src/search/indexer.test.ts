import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { MemoryLedger } from '../../test/support/memory-ledger.ts'
import { type ActionInput, completeAction, type Effect, type Outcome, outcomes } from '../action/index.ts'
import type { Settlement } from '../ledger/index.ts'
import type { ActionFilter } from './index.ts'
import { Indexer } from './indexer.ts'
import { matches } from './matches.ts'

let ledger: MemoryLedger
let now: number
let dropped: string[]
let folder: string

beforeEach(() => {
  now = Date.parse('2026-01-01T00:00:00.000Z')
  ledger = new MemoryLedger({ now: () => now })
  dropped = []
  folder = mkdtempSync(join(tmpdir(), 'sallyport-index-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const judgedAs = (verdict: Outcome, rule: string | null = null) =>
  ({ verdict, ruleSet: 'v1', rule, reason: `because of ${rule}`, matched: [], shadow: [] }) as const

function request(id: string, input: ActionInput = {}, verdict: Outcome = 'allow', rule: string | null = null): void {
  ledger.append('action.requested', { action: completeAction({ id, ...input }), judged: judgedAs(verdict, rule) })
}

function settle(action: string, outcome: Settlement = 'completed'): void {
  ledger.append('action.settled', { action, outcome, rows: 3 })
}

const open = (file = ':memory:', from: MemoryLedger = ledger) =>
  Indexer.open({ file, read: (at) => from.entries(at), onDropped: (reason) => dropped.push(reason) })

async function built(file?: string): Promise<Indexer> {
  await ledger.flush()
  const indexer = await open(file)
  await indexer.catchUp(ledger.durableEntries.length)
  return indexer
}

const ids = async (indexer: Indexer, filter: ActionFilter = {}, limit = 100) =>
  (await indexer.find(filter, { limit })).map(({ action }) => action.id)

describe('an action in the index', () => {
  test('gathers its verdict, its hold and its end', async () => {
    const action = completeAction({ id: 'a' })
    ledger.append('action.requested', { action, judged: judgedAs('hold', 'r') })
    ledger.append('action.released', { action: 'a', hold: 'H', ruleSet: 'v1' })
    now += 5_000
    ledger.append('action.settled', { action: 'a', outcome: 'failed', rows: null, code: '42P01', message: 'no table' })
    const [record] = await (await built()).find({}, { limit: 1 })
    expect(record).toEqual({
      index: 0,
      at: '2026-01-01T00:00:00.000Z',
      action,
      cut: false,
      verdict: 'hold',
      rule: 'r',
      reason: 'because of r',
      ruleSet: 'v1',
      hold: 'H',
      outcome: 'failed',
      rows: null,
      endedAt: '2026-01-01T00:00:05.000Z',
      message: 'no table',
    })
  })

  test('takes a later verdict in place of the first, for finding and for counting', async () => {
    request('a', {}, 'hold', 'old')
    ledger.append('action.judged', { action: 'a', ...judgedAs('block', 'new') })
    const indexer = await built()
    expect(await ids(indexer, { verdict: ['hold'] })).toEqual([])
    expect(await ids(indexer, { rule: ['old'] })).toEqual([])
    expect(await ids(indexer, { verdict: ['block'], rule: ['new'] })).toEqual(['a'])
    const { series } = await indexer.counts({ by: 'verdict', since: now, until: now + 60_000, step: 1 })
    expect(series).toEqual([{ value: 'block', total: 1, counts: [1] }])
  })

  test('has a story of every entry that speaks of it, the ones of its holds too, and of no other', async () => {
    request('other')
    request('a', {}, 'hold', 'r')
    ledger.append('hold.voted', { hold: 'H', by: 'rick', decision: 'approve', reason: '' })
    ledger.append('hold.voted', { hold: 'X', by: 'rick', decision: 'approve', reason: '' })
    ledger.append('action.judged', { action: 'a', ...judgedAs('hold', 'r') })
    ledger.append('hold.released', { hold: 'H', nonce: 'n', actions: ['a'] })
    ledger.append('action.released', { action: 'a', hold: 'H', ruleSet: 'v1' })
    settle('other')
    settle('a')
    const story = await (await built()).story('a')
    expect(story?.entries.map(({ index }) => index)).toEqual([1, 2, 4, 5, 6, 8])
    expect(await (await built()).story('nobody')).toBeNull()
  })

  test('that is very long is cut in lists, whole in its story, and found by its beginning', async () => {
    const statement = `SELECT marker ${'x'.repeat(300_000)}`
    request('long', { request: { statement, parameters: ['p'.repeat(100_000)] } })
    const indexer = await built()
    const [record] = await indexer.find({ text: 'marker' }, { limit: 1 })
    expect(record?.cut).toBe(true)
    expect(JSON.stringify(record).length).toBeLessThan(20_000)
    expect((await indexer.story('long'))?.record.action.request.statement).toBe(statement)
  })
})

describe('finding', () => {
  test('goes by each filter, by any of its values, and by several at once', async () => {
    const del = { effects: ['delete'], operation: 'DELETE', door: 'shop' } satisfies ActionInput
    request(
      'a',
      { ...del, actor: { id: 'shop:alice', name: 'Alice' }, resources: [{ name: 'public.orders' }] },
      'hold',
      'r1',
    )
    request('b', {
      ...del,
      actor: { id: 'shop:bob', client: { session: 's9' } },
      resources: [{ name: 'public.carts' }],
    })
    request('c', { effects: ['read'], door: 'lake' }, 'flag', 'r2')
    ledger.append('action.requested', { action: completeAction({ id: 'd' }), judged: null })
    settle('a', 'refused')
    settle('b')
    const indexer = await built()
    const cases: [ActionFilter, string[]][] = [
      [{ actor: ['shop:alice'] }, ['a']],
      [{ actor: ['Alice', 'shop:bob'] }, ['b', 'a']],
      [{ effect: ['delete'] }, ['b', 'a']],
      [{ effect: ['delete', 'read'] }, ['c', 'b', 'a']],
      [{ verdict: ['hold', 'flag'] }, ['c', 'a']],
      [{ verdict: ['allow'] }, ['b']],
      [{ verdict: ['none', 'hold'] }, ['d', 'a']],
      [{ rule: ['r2'] }, ['c']],
      [{ door: ['lake'] }, ['c']],
      [{ resource: ['public.orders'] }, ['a']],
      [{ operation: ['DELETE'] }, ['b', 'a']],
      [{ outcome: ['open'] }, ['d', 'c']],
      [{ outcome: ['completed', 'refused'] }, ['b', 'a']],
      [{ outcome: ['refused'] }, ['a']],
      [{ session: ['s9'] }, ['b']],
      [{ effect: ['delete'], resource: ['public.carts'], door: ['shop'], outcome: ['completed'] }, ['b']],
      [{ actor: ['nobody else'] }, []],
      [{ effect: ['delete'], text: 'orders' }, ['a']],
    ]
    for (const [filter, found] of cases) expect([filter, await ids(indexer, filter)]).toEqual([filter, found])
  })

  test('goes by time, though the clock was set back in between', async () => {
    for (const [id, minutes] of [
      ['a', 0],
      ['b', 10],
      ['c', 5],
      ['d', 20],
    ] as const) {
      now = Date.parse('2026-01-01T00:00:00.000Z') + minutes * 60_000
      request(id)
    }
    const indexer = await built()
    const at = (minutes: number) => new Date(Date.parse('2026-01-01T00:00:00.000Z') + minutes * 60_000).toISOString()
    expect(await ids(indexer, { since: at(5), until: at(20) })).toEqual(['c', 'b'])
    expect(await ids(indexer, { since: at(20) })).toEqual(['d'])
    expect(await ids(indexer, { until: at(5) })).toEqual(['a'])
    expect(await ids(indexer, { since: at(30) })).toEqual([])
    expect(await ids(indexer, { until: at(-5) })).toEqual([])
  })

  test('goes page by page without gaps or repetition, while new actions arrive', async () => {
    const all: string[] = []
    for (let i = 0; i < 60; i++) {
      request(`a${i}`, { effects: ['delete'] })
      all.unshift(`a${i}`)
    }
    const indexer = await built()
    for (const filter of [{}, { effect: ['delete'] satisfies Effect[] }, { text: 'unknown' }]) {
      const seen: string[] = []
      let before: number | undefined
      for (;;) {
        const page = await indexer.find(filter, { limit: 7, ...(before === undefined ? {} : { before }) })
        if (page.length === 0) break
        seen.push(...page.map(({ action }) => action.id))
        before = page.at(-1)?.index
        request(`late${seen.length}${JSON.stringify(filter)}`, { effects: ['delete'] })
        await ledger.flush()
        await indexer.catchUp(ledger.durableEntries.length)
      }
      expect(seen.filter((id) => !id.startsWith('late'))).toEqual(all)
    }
  })

  test('by text knows words, phrases, beginnings and accents, in statement, parameters, names and reasons', async () => {
    request('a', { request: { statement: 'DELETE FROM customer_orders WHERE note = $1', parameters: ['Café 4711'] } })
    request(
      'b',
      { actor: { id: 'x', name: 'Jörg' }, request: { statement: 'SELECT orders FROM customer' } },
      'hold',
      'slow-purge',
    )
    const indexer = await built()
    expect(await ids(indexer, { text: 'orders customer' })).toEqual(['b', 'a'])
    expect(await ids(indexer, { text: 'customer_orders' })).toEqual(['a'])
    expect(await ids(indexer, { text: '"customer orders"' })).toEqual(['a'])
    expect(await ids(indexer, { text: 'cust* 4711' })).toEqual(['a'])
    expect(await ids(indexer, { text: 'cafe' })).toEqual(['a'])
    expect(await ids(indexer, { text: 'jorg' })).toEqual(['b'])
    expect(await ids(indexer, { text: 'slow-purge' })).toEqual(['b'])
  })

  test('by text is never a syntax error nor an operator, whatever is typed', async () => {
    request('a', { request: { statement: 'SELECT one AND two NOT three' } })
    const indexer = await built()
    expect(await ids(indexer, { text: 'one NOT three' })).toEqual(['a'])
    expect(await ids(indexer, { text: 'nothing OR one' })).toEqual([])
    expect(await ids(indexer, { text: 'text:one' })).toEqual([])
    await fc.assert(
      fc.asyncProperty(
        fc.oneof(fc.string({ unit: 'binary' }), fc.string({ unit: fc.constantFrom(...'a"*()^:+-{}\0 NEAROT') })),
        async (text) => {
          const answer = await indexer.find({ text }, { limit: 1 }).catch((error: unknown) => error)
          if (!Array.isArray(answer)) expect(answer).toMatchObject({ code: 'invalid_request' })
        },
      ),
      { numRuns: 500 },
    )
  })

  test('by values that look like SQL finds what is called so, and harms nothing', async () => {
    const name = `'; DROP TABLE actions; --`
    request('a', { actor: { id: name }, resources: [{ name }], door: name, operation: name })
    const indexer = await built()
    expect(await ids(indexer, { actor: [name], resource: [name], door: [name], operation: [name] })).toEqual(['a'])
    expect(await ids(indexer, { actor: ["' OR '1'='1"] })).toEqual([])
    expect(await ids(indexer)).toEqual(['a'])
  })

  test('says the same as looking at every action, whatever happened and whatever is asked', async () => {
    const pick = <T>(...values: T[]) => fc.constantFrom(...values)
    const step = fc.record({
      actor: pick('x', 'y'),
      door: pick('d1', 'd2'),
      effects: fc.uniqueArray(pick<Effect>('read', 'delete', 'grant')),
      verdict: pick(...outcomes),
      rule: pick(null, 'r1', 'r2'),
      outcome: pick<Settlement | null>(null, 'completed', 'failed'),
    })
    const filters = fc.record(
      {
        actor: fc.uniqueArray(pick('x', 'y'), { minLength: 1 }),
        door: fc.uniqueArray(pick('d1', 'd2'), { minLength: 1 }),
        effect: fc.uniqueArray(pick<Effect>('read', 'delete', 'grant'), { minLength: 1 }),
        verdict: fc.uniqueArray(pick<Outcome | 'none'>(...outcomes, 'none'), { minLength: 1 }),
        rule: fc.uniqueArray(pick('r1', 'r2'), { minLength: 1 }),
        outcome: fc.uniqueArray(pick<Settlement | 'open'>('open', 'completed', 'failed'), { minLength: 1 }),
      },
      { requiredKeys: [] },
    )
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 12 }), filters, async (steps, filter) => {
        ledger = new MemoryLedger()
        for (const [i, { actor, door, effects, verdict, rule, outcome }] of steps.entries()) {
          request(`${i}`, { actor: { id: actor }, door, effects }, verdict, rule)
          if (outcome !== null) settle(`${i}`, outcome)
        }
        const indexer = await built()
        const fits = <T>(wanted: readonly T[] | undefined, ...has: T[]) =>
          wanted?.some((one) => has.includes(one)) ?? true
        const expected = steps.flatMap((one, i) =>
          fits(filter.actor, one.actor) &&
          fits(filter.door, one.door) &&
          fits(filter.effect, ...one.effects) &&
          fits<Outcome | 'none'>(filter.verdict, one.verdict) &&
          fits(filter.rule, ...(one.rule === null ? [] : [one.rule])) &&
          fits<Settlement | 'open'>(filter.outcome, one.outcome ?? 'open')
            ? [`${i}`]
            : [],
        )
        expect(await ids(indexer, filter)).toEqual(expected.reverse())
        const fit = (await indexer.find({}, { limit: 100 })).filter((record) =>
          matches(filter, { ...record, hold: record.hold ?? null }),
        )
        expect(fit.map(({ action }) => action.id)).toEqual(expected)
        indexer.close()
      }),
      { numRuns: 150 },
    )
  })
})

describe('a filter on one action', () => {
  test('says of any text what the index says', async () => {
    const word = fc.constantFrom(
      'one',
      'ONE',
      'two',
      'Café',
      'cafe',
      'o_n',
      'o',
      'n',
      '4711',
      '"',
      '*',
      '(',
      '.',
      'one*',
      '"one two"',
    )
    const line = fc.array(word, { minLength: 1, maxLength: 4 }).map((words) => words.join(' '))
    await fc.assert(
      fc.asyncProperty(line, line, async (statement, text) => {
        ledger = new MemoryLedger()
        const action = completeAction({ id: 'a', request: { statement } })
        ledger.append('action.requested', { action, judged: null })
        const indexer = await built()
        const one = { action, at: '', verdict: null, rule: null, reason: '', outcome: null, hold: null }
        const found = await ids(indexer, { text }).catch(() => 'refused')
        const said = (() => {
          try {
            return matches({ text }, one) ? ['a'] : []
          } catch {
            return 'refused'
          }
        })()
        indexer.close()
        expect([statement, text, said]).toEqual([statement, text, found])
      }),
      { numRuns: 200 },
    )
  })
})

describe('counting', () => {
  test('puts actions into buckets without gaps, most frequent value first, and rare ones together', async () => {
    const start = now
    for (let i = 0; i < 40; i++) {
      now = start + i * 60_000
      request(`a${i}`, { actor: { id: i % 2 === 0 ? 'busy' : `once${i}` } })
    }
    const indexer = await built()
    const counts = await indexer.counts({ by: 'actor', since: start, until: start + 60 * 60_000, step: 20 })
    expect(counts.times).toEqual(['2026-01-01T00:00:00.000Z', '2026-01-01T00:20:00.000Z', '2026-01-01T00:40:00.000Z'])
    expect(counts.series[0]).toEqual({ value: 'busy', total: 20, counts: [10, 10, 0] })
    expect(counts.series.reduce((sum, { total }) => sum + total, 0)).toBe(40)
    expect((await indexer.counts({ by: 'actor', since: start, until: start + 1, step: 1 })).series).toEqual([
      { value: 'busy', total: 1, counts: [1] },
    ])
  })
})

describe('the file of the index', () => {
  const file = () => join(folder, 'index.db')

  test('goes on where it was, entry by entry, whatever the batches were', async () => {
    for (let i = 0; i < 10; i++) request(`a${i}`)
    ;(await built(file())).close()
    for (let i = 10; i < 20; i++) request(`a${i}`)
    await ledger.flush()
    const again = await open(file())
    expect(again.indexed).toBe(10)
    for (const to of [12, 15, 3, 20]) await again.catchUp(to)
    expect(again.indexed).toBe(20)
    expect(await ids(again)).toHaveLength(20)
    expect(dropped).toEqual([])
    again.close()
  })

  test('that is damaged, or of another version, is made anew, and said so', async () => {
    for (let i = 0; i < 50; i++) request(`a${i}`)
    const damages: ((path: string) => void)[] = [
      (path) => writeFileSync(path, 'not a database at all, but long enough to look at'.repeat(100)),
      (path) => {
        const bytes = readFileSync(path)
        bytes.fill(0x5a, 100, 4096)
        writeFileSync(path, bytes)
      },
      (path) => {
        const bytes = readFileSync(path)
        // The user version, big endian (https://sqlite.org/fileformat.html, 1.3).
        bytes.writeUInt32BE(9_999, 60)
        writeFileSync(path, bytes)
      },
    ]
    for (const [i, damage] of damages.entries()) {
      ;(await built(file())).close()
      damage(file())
      dropped = []
      const again = await built(file())
      expect([i, dropped.length]).toEqual([i, 1])
      expect(await ids(again)).toHaveLength(50)
      again.close()
      expect(existsSync(file())).toBe(true)
    }
  })

  test('that is damaged while it is in use is made anew', async () => {
    for (let i = 0; i < 500; i++) request(`a${i}`, { request: { statement: `SELECT ${'x'.repeat(500)}` } })
    ;(await built(file())).close()
    const bytes = readFileSync(file())
    bytes.fill(0x5a, 3 * 4096)
    writeFileSync(file(), bytes)
    dropped = []
    const indexer = await open(file())
    await indexer.find({}, { limit: 500 }).catch(() => undefined)
    await indexer.catchUp(ledger.durableEntries.length)
    expect(dropped).toHaveLength(1)
    expect(await ids(indexer, {}, 500)).toHaveLength(500)
    indexer.close()
  })

  test('never keeps what is not on the ledger: one that was put back to an older state, or is another, is indexed anew', async () => {
    for (let i = 0; i < 10; i++) request(`a${i}`)
    ;(await built(file())).close()
    const older = new MemoryLedger()
    older.append('action.requested', { action: completeAction({ id: 'a0' }), judged: null })
    await older.flush()
    const shorter = await open(file(), older)
    await shorter.catchUp(1)
    expect(await ids(shorter)).toEqual(['a0'])
    shorter.close()

    const other = new MemoryLedger()
    other.append('action.requested', { action: completeAction({ id: 'z' }), judged: null })
    await other.flush()
    other.durableEntries.splice(0, 1, ...other.durableEntries.map((entry) => ({ ...entry, hash: 'f'.repeat(64) })))
    const another = await open(file(), other)
    await another.catchUp(1)
    expect(await ids(another)).toEqual(['z'])
    expect(dropped).toHaveLength(2)
    another.close()
  })
})
