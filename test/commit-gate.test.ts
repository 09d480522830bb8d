import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import {
  encodeBind,
  encodeExecute,
  encodeMessage,
  encodeParse,
  flushMessage,
  syncMessage,
} from '../src/doors/postgres/wire/encode.ts'
import { type Guard, type GuardedClient, judgeOf, startGuard } from './support/guard.ts'
import { availablePostgres } from './support/postgres.ts'
import { failure, testServer } from './support/test-server.ts'
import { WireClient } from './support/wire-client.ts'

/** By numbers only: what no statement's text gives away. */
const rules = `
  - { id: no-destroy, about: Nothing is dropped here, when: '"destroy" in effects', then: block }
  - id: mass-delete
    about: Deleting more than 100 rows needs a second pair of eyes
    when: '"delete" in effects && impact.rows != null && impact.rows > 100 || impact.cascades.exists(c, c.rows > 100)'
    then: { hold: { approvals: 1, from: [dba], within: 30m } }
`

const schema = `
  DROP TABLE IF EXISTS items, orders, log, plain CASCADE;
  CREATE TABLE orders (id int PRIMARY KEY, note text DEFAULT 'n');
  CREATE TABLE items (id int PRIMARY KEY, order_id int REFERENCES orders ON DELETE CASCADE);
  CREATE TABLE plain (id int PRIMARY KEY, note text);
  CREATE TABLE log (at text);
  INSERT INTO orders SELECT g FROM generate_series(1, 50) g;
  INSERT INTO items SELECT g, 1 + g % 2 FROM generate_series(1, 600) g;
  INSERT INTO plain SELECT g, 'n' FROM generate_series(1, 1000) g;
  CREATE OR REPLACE FUNCTION purge() RETURNS int LANGUAGE plpgsql AS $$
    BEGIN EXECUTE 'DEL' || 'ETE FROM plain WHERE id > 500'; RETURN 1; END $$;
  CREATE OR REPLACE FUNCTION wipe() RETURNS int LANGUAGE plpgsql AS $$
    BEGIN EXECUTE 'TRUN' || 'CATE plain'; RETURN 1; END $$;
  ANALYZE;
`

describe.each(availablePostgres().map((kind) => [kind.name, kind] as const))('the commit gate, %s', (_name, kind) => {
  const server = testServer(kind)
  let guard: Guard
  let client: GuardedClient

  beforeEach(async () => {
    await server.direct.query(schema)
    guard = await startGuard(server.postgres, { judge: judgeOf(rules), unknown: 'allow', wait: 0 })
    client = await guard.connect()
  })
  afterEach(async () => {
    await guard?.close()
  })

  async function rowsOf(table: string): Promise<number> {
    const { rows } = await server.direct.query<{ n: number }>(`SELECT count(*)::int AS n FROM ${table}`)
    return rows[0]?.n ?? -1
  }

  async function approve(): Promise<void> {
    const [pending] = guard.holds.list('pending')
    await guard.holds.vote(pending?.hold ?? '', 'rita', 'approve', '')
  }

  const cascading = [
    ['a simple query', (text: string) => client.query(text)],
    ['an extended query', (text: string) => client.query({ text, values: [], name: 'a' })],
  ] as const

  test.each(cascading)('%s that deletes one row, and hundreds by cascade, is taken back and held', async (_, run) => {
    const held = await failure(run('DELETE FROM orders WHERE id = 1'))
    expect(held).toMatchObject({ code: 'SP001' })
    expect([await rowsOf('orders'), await rowsOf('items')]).toEqual([50, 600])
    const [hold] = guard.holds.list('pending')
    expect(hold?.actions[0]?.impact).toMatchObject({
      rows: 1,
      exact: true,
      cascades: [{ table: 'public.items', rows: 300 }],
    })
    await approve()
    expect((await run('DELETE FROM orders WHERE id = 1')).rowCount).toBe(1)
    expect([await rowsOf('orders'), await rowsOf('items')]).toEqual([49, 300])
  })

  test('a client may wait: nothing is locked meanwhile, and the same bytes run once approved', async () => {
    await guard.close()
    guard = await startGuard(server.postgres, { judge: judgeOf(rules), unknown: 'allow', wait: 20_000 })
    client = await guard.connect()
    const opened = guard.nextHold()
    const deleted = client.query({ name: 'kept', text: 'DELETE FROM orders WHERE id = $1', values: [1] })
    const hold = await opened
    await server.direct.query('UPDATE orders SET note = $1 WHERE id = 1', ['not locked'])
    expect(await rowsOf('items')).toBe(600)
    await guard.holds.vote(hold, 'rita', 'approve', '')
    expect((await deleted).rowCount).toBe(1)
    expect(await rowsOf('items')).toBe(300)
    expect((await client.query({ name: 'kept', text: 'DELETE FROM orders WHERE id = $1', values: [9] })).rowCount).toBe(
      1,
    )
  })

  test('what was approved may not touch more rows when it runs', async () => {
    await failure(client.query('DELETE FROM orders WHERE id = 1'))
    await approve()
    await server.direct.query('INSERT INTO items SELECT g, 1 FROM generate_series(1001, 1010) g')
    expect(await failure(client.query('DELETE FROM orders WHERE id = 1'))).toMatchObject({ code: 'SP001' })
    expect(await rowsOf('items')).toBe(610)
  })

  test('a function that deletes by dynamic SQL is measured too', async () => {
    expect(await failure(client.query('SELECT purge()'))).toMatchObject({ code: 'SP001' })
    expect(await rowsOf('plain')).toBe(1000)
    expect(guard.holds.list('pending')[0]?.actions[0]).toMatchObject({
      operation: 'SELECT',
      effects: expect.arrayContaining(['delete']),
      impact: { rows: 500, exact: true },
    })
  })

  test('so is one that truncates, by the lock it takes', async () => {
    expect(await failure(client.query('SELECT wipe()'))).toMatchObject({ code: 'SP002' })
    expect(await rowsOf('plain')).toBe(1000)
    expect(await failure(client.query("DO $$ BEGIN EXECUTE 'DROP TABLE log'; END $$"))).toMatchObject({ code: 'SP002' })
    expect(await rowsOf('log')).toBe(0)
  })

  test('a transaction is judged by everything it did: small bites add up', async () => {
    const purge = async () => {
      await client.query('BEGIN')
      await client.query('DELETE FROM plain WHERE id <= 60')
      await client.query('DELETE FROM plain WHERE id BETWEEN 61 AND 120')
    }
    await purge()
    expect(await failure(client.query('COMMIT'))).toMatchObject({ code: 'SP001' })
    expect(await failure(client.query('SELECT 1'))).toMatchObject({ code: '25P02' })
    await client.query('ROLLBACK')
    expect(await rowsOf('plain')).toBe(1000)
    expect(guard.holds.list('pending')[0]?.actions[0]).toMatchObject({ operation: 'COMMIT', impact: { rows: 120 } })
    await approve()
    await purge()
    await client.query('COMMIT')
    expect(await rowsOf('plain')).toBe(880)
  })

  test('an approval of one transaction is none for another', async () => {
    await client.query('BEGIN')
    await client.query('DELETE FROM plain WHERE id <= 75')
    await client.query('DELETE FROM plain WHERE id BETWEEN 76 AND 150')
    await failure(client.query('COMMIT'))
    await client.query('ROLLBACK')
    await approve()
    await client.query('BEGIN')
    await client.query('DELETE FROM plain WHERE id > 925')
    await client.query('DELETE FROM plain WHERE id BETWEEN 850 AND 925')
    expect(await failure(client.query('COMMIT'))).toMatchObject({ code: 'SP001' })
    await client.query('ROLLBACK')
    expect(await rowsOf('plain')).toBe(1000)
  })

  test('BEGIN and COMMIT in one message do not hide it', async () => {
    expect(await failure(client.query('BEGIN; DELETE FROM plain WHERE id <= 150; COMMIT'))).toMatchObject({
      code: 'SP001',
    })
    await client.query('ROLLBACK')
    expect(await rowsOf('plain')).toBe(1000)
    expect(await failure(client.query('DELETE FROM plain WHERE id <= 150; COMMIT'))).toMatchObject({ code: 'SP001' })
    expect(await rowsOf('plain')).toBe(1000)
    const several = 'BEGIN; DELETE FROM plain WHERE id = 1; COMMIT; BEGIN; DELETE FROM plain WHERE id <= 150; COMMIT'
    guard.use(judgeOf(`${rules}\n  - { id: unclear, about: u, when: '"unknown" in effects', then: hold }`))
    expect(await failure(client.query(several))).toMatchObject({ code: 'SP001' })
    expect(await rowsOf('plain')).toBe(1000)
  })

  test('what a batch did before a Flush is measured when its Sync comes', async () => {
    const wire = new WireClient(client)
    const run = (text: string) => [encodeParse('', text), encodeBind('', ''), encodeExecute('')]
    wire.send(...run('DELETE FROM plain WHERE id <= 60'), flushMessage)
    await wire.seen('C DELETE 60')
    wire.send(...run('DELETE FROM plain WHERE id <= 120'), flushMessage, syncMessage)
    expect(await wire.ready()).toEqual(['C DELETE 60', 'C DELETE 60', 'E SP001', 'Z I'])
    expect(await rowsOf('plain')).toBe(1000)
    wire.send(...run('DELETE FROM plain WHERE id = 1'), flushMessage, syncMessage)
    expect((await wire.ready(2)).slice(-2)).toEqual(['C DELETE 1', 'Z I'])
    wire.send(...run('DELETE FROM plain WHERE id BETWEEN 2 AND 60'), flushMessage)
    await wire.seen('C DELETE 59')
    wire.send(...run('DELETE FROM plain WHERE id BETWEEN 61 AND 120'), flushMessage)
    wire.send(encodeMessage('Q', 'SELECT 1'))
    expect((await wire.ready(3)).slice(-2)).toEqual(['E SP001', 'Z I'])
    expect(await rowsOf('plain')).toBe(999)
    wire.end()
  })

  test('COMMIT in the middle of a batch waits for what came before it', async () => {
    const wire = new WireClient(client)
    const run = (text: string) => [encodeParse('', text), encodeBind('', ''), encodeExecute('')]
    wire.send(...run('BEGIN'), ...run('DELETE FROM orders WHERE id = 1'), ...run('COMMIT'), syncMessage)
    expect(await wire.ready()).toEqual(['E SP001', 'Z E'])
    wire.send(...run('ROLLBACK'), ...run('DELETE FROM plain WHERE id = 1'), syncMessage)
    expect((await wire.ready(2)).slice(2)).toEqual(['C ROLLBACK', 'C DELETE 1', 'Z I'])
    expect(await rowsOf('plain')).toBe(999)
    wire.end()
  })

  test('work that was rolled back is not laid to the next transaction', async () => {
    for (let round = 0; round < 3; round++) {
      await client.query('BEGIN')
      await client.query('DELETE FROM plain WHERE id <= 90')
      await client.query('ROLLBACK')
      await client.query('DELETE FROM plain WHERE id = $1', [1000 - round])
    }
    expect(await rowsOf('plain')).toBe(997)
  })

  test('what passes has its numbers on the record', async () => {
    await client.query('INSERT INTO items VALUES (9001, 3), (9002, 3)')
    await client.query('DELETE FROM orders WHERE id = 3')
    const settled = await guard.entries('action.settled')
    expect(settled.at(-1)?.body).toMatchObject({
      outcome: 'completed',
      rows: 1,
      measured: expect.arrayContaining([
        { table: 'public.items', deleted: 2, inserted: 0, updated: 0 },
        { table: 'public.orders', deleted: 1, inserted: 0, updated: 0 },
      ]),
    })
  })

  test('a simple query looks to the client as ever', async () => {
    const several = await client.query("INSERT INTO log VALUES ('a') RETURNING at; SELECT 7 AS seven; DELETE FROM log")
    expect(several).toMatchObject([
      { command: 'INSERT', rowCount: 1, rows: [{ at: 'a' }] },
      { command: 'SELECT', rows: [{ seven: 7 }] },
      { command: 'DELETE', rowCount: 1 },
    ])
    const text = "INSERT INTO log VALUES ('ö'); /* c */ DELETE FROM log WHERE nope"
    const error = await failure(client.query(text))
    expect([error.code, error.position]).toEqual(['42703', String(text.indexOf('nope') + 1)])
    expect(await rowsOf('log')).toBe(0)
    const constraint = await failure(client.query("INSERT INTO log VALUES ('x'); INSERT INTO orders VALUES (1)"))
    expect(constraint.code).toBe('23505')
    expect(await rowsOf('log')).toBe(0)
    expect((await client.query('SELECT count(*)::int AS n FROM pg_prepared_statements')).rows).toEqual([{ n: 0 }])
  })

  test('rows beside other statements, where nothing can be measured in between, are for the door to decide', async () => {
    const wire = new WireClient(client)
    guard.use(judgeOf(`${rules}\n  - { id: unclear, about: u, when: '"unknown" in effects', then: hold }`))
    wire.send(encodeMessage('Q', 'DELETE FROM plain WHERE id = 1; COPY log FROM STDIN'))
    expect(await wire.ready()).toEqual(['E SP001', 'Z I'])
    expect(await rowsOf('plain')).toBe(1000)
    wire.end()
  })

  test('a server that does not count leaves it to the door to decide', async () => {
    await client.query('SET track_counts = off')
    guard.use(judgeOf(`${rules}\n  - { id: unclear, about: u, when: '"unknown" in effects', then: hold }`))
    expect(await failure(client.query('DELETE FROM plain WHERE id = 1'))).toMatchObject({ code: 'SP001' })
    expect(await rowsOf('plain')).toBe(1000)
  })

  test('what runs at the commit itself still fails it', async () => {
    await server.direct.query('ALTER TABLE items ALTER CONSTRAINT items_order_id_fkey DEFERRABLE INITIALLY DEFERRED')
    const error = await failure(client.query('INSERT INTO items VALUES (9999, 9999)'))
    expect(error.code).toBe('23503')
    expect(await rowsOf('items')).toBe(600)
    // The driver hears of the error before the door has heard of the end.
    await vi.waitFor(async () => {
      expect((await guard.entries('action.settled')).at(-1)?.body).toMatchObject({ code: '23503', outcome: 'failed' })
    })
  })

  test('names that hide the counters do not blind it', async () => {
    await server.direct.query(`CREATE SCHEMA IF NOT EXISTS evil;
      CREATE OR REPLACE FUNCTION evil.pg_stat_get_xact_tuples_deleted(oid) RETURNS bigint LANGUAGE sql AS 'SELECT 0::bigint';
      DROP OPERATOR IF EXISTS evil.> (bigint, int);
      CREATE OR REPLACE FUNCTION evil.never(bigint, int) RETURNS boolean LANGUAGE sql AS 'SELECT false';
      CREATE OPERATOR evil.> (FUNCTION = evil.never, LEFTARG = bigint, RIGHTARG = int)`)
    await client.query('SET search_path = evil, public, pg_catalog')
    await client.query('CREATE TEMP TABLE pg_class (oid oid)')
    expect(await failure(client.query('DELETE FROM public.orders WHERE id = 1'))).toMatchObject({ code: 'SP001' })
    expect(await rowsOf('items')).toBe(600)
  })

  test('switched off, what is counted beforehand decides', async () => {
    await guard.close()
    guard = await startGuard(server.postgres, { judge: judgeOf(rules), unknown: 'allow', wait: 0, commitGate: false })
    client = await guard.connect()
    await expect(client.query('DELETE FROM orders WHERE id = 1')).rejects.toMatchObject({ code: 'SP001' })
    expect((await client.query('DELETE FROM plain WHERE id = 1')).rowCount).toBe(1)
    expect(await rowsOf('orders')).toBe(50)
  })

  test('lets notices through while a statement runs, also of one that is taken back', async () => {
    await server.direct.query('SELECT pg_advisory_lock(7)')
    const told = new Promise<string | undefined>((resolve) => client.once('notice', ({ message }) => resolve(message)))
    const refused = failure(
      client.query(`DO $$ BEGIN RAISE NOTICE 'begun'; PERFORM pg_advisory_xact_lock(7); DELETE FROM plain; END $$`),
    )
    expect(await told).toBe('begun')
    await server.direct.query('SELECT pg_advisory_unlock(7)')
    expect(await refused).toMatchObject({ code: 'SP001' })
    expect(await rowsOf('plain')).toBe(1000)
  })
})
