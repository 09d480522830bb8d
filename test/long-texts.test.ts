import { monitorEventLoopDelay } from 'node:perf_hooks'
import type pg from 'pg'
import { afterAll, beforeAll, describe, expect, type TestContext, test } from 'vitest'
import { type Guard, type GuardedClient, startGuard } from './support/guard.ts'
import { failure, testServer } from './support/test-server.ts'

// Texts as long as they may be, and longer: they are judged like any other, and other sessions feel nothing.

const ids = (count: number, from = 1) => Array.from({ length: count }, (_, i) => i + from).join(', ')
/** About 1 MB of numbers. */
const list = ids(130_000)

const server = testServer()
let guard: Guard
let bystander: GuardedClient

beforeAll(async () => {
  await server.direct.query('CREATE TABLE many (id int PRIMARY KEY, note text)')
  await server.direct.query('INSERT INTO many SELECT i FROM generate_series(1, 3000) i')
  await server.direct.query('ANALYZE many')
  guard = await startGuard(server.postgres, { wait: 0 })
  bystander = await guard.connect()
})
afterAll(async () => {
  await guard?.close()
})

/**
 * How often another session was answered while some work was under way. How long the event loop was kept (the clients'
 * own work is in it) is told by `npx vitest run --reporter=verbose test/long-texts.test.ts`.
 */
async function answeredDuring(work: Promise<unknown>, { annotate }: TestContext): Promise<number> {
  const delay = monitorEventLoopDelay({ resolution: 1 })
  delay.enable()
  let over = false
  const ended = work.finally(() => {
    over = true
  })
  let answered = 0
  while (!over) {
    expect((await bystander.query('SELECT 1 AS one')).rows).toEqual([{ one: 1 }])
    if (!over) answered += 1
  }
  await ended
  delay.disable()
  const [most, p99] = [delay.max, delay.percentile(99)].map((ns) => (ns / 1e6).toFixed(0))
  await annotate(`event loop kept for at most ${most} ms, p99 ${p99} ms; ${answered} answers to another session`)
  return answered
}

describe('a long text', () => {
  test('is judged by what it does, and others are answered while it is read', async (context) => {
    const client = await guard.connect()
    const reading = client.query(`SELECT count(*)::int AS n FROM many WHERE id IN (${list})`)
    expect(await answeredDuring(reading, context)).toBeGreaterThan(0)
    expect((await reading).rows).toEqual([{ n: 3000 }])
    const refused = failure(client.query(`DELETE FROM many WHERE id IN (${list})`))
    expect(await answeredDuring(refused, context)).toBeGreaterThan(0)
    expect(await refused).toMatchObject({
      code: 'SP001',
      detail: expect.stringContaining('Deleting more than 100 rows'),
    })
    await client.end()
  })

  test('of thousands of statements runs each of them', async (context) => {
    const client = await guard.connect()
    await server.direct.query('CREATE TABLE copied (id int, note text)')
    const inserts = Array.from({ length: 4_000 }, (_, i) => `INSERT INTO copied VALUES (${i}, 'note');`).join('\n')
    const running = client.query(inserts)
    await answeredDuring(running, context)
    const { rows } = await server.direct.query('SELECT count(*)::int AS n FROM copied')
    expect(rows).toEqual([{ n: 4_000 }])
    await client.end()
  })

  test('runs prepared, with parameters, and with text beyond ASCII', async () => {
    const client = await guard.connect()
    const text = `SELECT count(*)::int AS n, $1::text AS é FROM many WHERE id IN (${ids(20_000)})`
    for (const value of ['ü', 'ö']) {
      expect((await client.query({ name: 'long', text, values: [value] })).rows).toEqual([{ n: 3000, é: value }])
    }
    await client.end()
  })

  test('whose function is as long is read as well', async () => {
    const client = await guard.connect()
    const body = (last: string) => `BEGIN PERFORM 1 WHERE 1 IN (${ids(8_000)}); ${last} END`
    await server.direct.query(
      `CREATE FUNCTION reads_much() RETURNS void LANGUAGE plpgsql AS $$ ${body('')} $$;
       CREATE FUNCTION deletes_much() RETURNS void LANGUAGE plpgsql AS $$ ${body('DELETE FROM many;')} $$`,
    )
    await client.query('SELECT reads_much()')
    expect(await failure(client.query('SELECT deletes_much()'))).toMatchObject({ code: 'SP001' })
    await client.end()
  })
})

describe('a text made to hurt', () => {
  const attacks: [string, string][] = [
    ['a chain of 100,000 operators', `SELECT ${'1+'.repeat(100_000)}1`],
    ['a chain hidden behind commas', `SELECT ${"','||".repeat(100_000)}''`],
    ['casts of casts', `SELECT 1${'::int'.repeat(100_000)}`],
    ['nested parentheses', `SELECT ${'('.repeat(100_000)}1${')'.repeat(100_000)}`],
    ['nested sub-selects', `SELECT ${'(SELECT '.repeat(50_000)}1${')'.repeat(50_000)}`],
    ['joins of joins', `SELECT 1 FROM many ${'CROSS JOIN many '.repeat(50_000)}`],
    ['IS NULL IS NULL', `SELECT 1 ${'IS NULL '.repeat(100_000)}`],
    ['a text longer than is read', `SELECT 1 WHERE 1 IN (${ids(400_000)})`],
    ['100,000 statements', 'SELECT 1;'.repeat(100_000)],
  ]

  test.for(attacks)('is not understood, and stops nobody: %s', async ([_, sql], context) => {
    const client = await guard.connect()
    const refused = failure(client.query(sql))
    await answeredDuring(refused, context)
    expect(await refused).toMatchObject({ code: 'SP001' })
    expect((await client.query('SELECT 2 AS two')).rows).toEqual([{ two: 2 }])
    await client.end()
  })

  test('does no harm by the hundred, from several sessions at once', async (context) => {
    const clients = await Promise.all(Array.from({ length: 8 }, () => guard.connect()))
    const one = async (client: pg.Client, number: number) => {
      for (let i = 0; i < 3; i++) {
        const [, attack] = attacks[(i + number) % attacks.length] ?? ['', '']
        expect(await failure(client.query(attack))).toMatchObject({ code: 'SP001' })
        expect((await client.query(`SELECT count(*)::int AS n FROM many WHERE id IN (${list})`)).rows).toEqual([
          { n: 3000 },
        ])
      }
    }
    expect(await answeredDuring(Promise.all(clients.map(one)), context)).toBeGreaterThan(0)
    await Promise.all(clients.map((client) => client.end()))
    const fresh = await guard.connect()
    expect((await fresh.query('SELECT count(*)::int AS n FROM many')).rows).toEqual([{ n: 3000 }])
    expect(await failure(fresh.query('DELETE FROM many'))).toMatchObject({ code: 'SP001' })
    await fresh.end()
  }, 60_000)
})
