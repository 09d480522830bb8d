import pg from 'pg'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { type Guard, type GuardedClient, judgeOf, startGuard, testRules } from './support/guard.ts'
import { MemoryLedger } from './support/memory-ledger.ts'
import { availablePostgres, unavailablePostgres } from './support/postgres.ts'
import { failure, testServer } from './support/test-server.ts'

describe.each(availablePostgres().map((kind) => [kind.name, kind] as const))(
  'the door in front of %s',
  (_name, kind) => {
    const server = testServer(kind)
    let guard: Guard

    afterEach(async () => {
      await guard?.close()
      await server.direct.query('DROP TABLE IF EXISTS orders, other')
    })

    async function setUp(options: Parameters<typeof startGuard>[1] = {}): Promise<GuardedClient> {
      await server.direct.query('CREATE TABLE orders (id int PRIMARY KEY, note text)')
      await server.direct.query("INSERT INTO orders SELECT g, 'n' FROM generate_series(1, 1000) g")
      await server.direct.query('ANALYZE orders')
      guard = await startGuard(server.postgres, options)
      return guard.connect()
    }

    async function rowsLeft(): Promise<number> {
      const { rows } = await server.direct.query<{ n: number }>('SELECT count(*)::int AS n FROM orders')
      return rows[0]?.n ?? -1
    }

    describe('what is routine passes', () => {
      test('reads and writes, simple and extended, with the rows that came of it on the record', async () => {
        const client = await setUp()
        expect((await client.query('SELECT count(*)::int AS n FROM orders')).rows).toEqual([{ n: 1000 }])
        expect((await client.query('DELETE FROM orders WHERE id = 1')).rowCount).toBe(1)
        expect((await client.query('DELETE FROM orders WHERE id = ANY($1::int[])', [[2, 3]])).rowCount).toBe(2)
        expect(
          (await client.query({ name: 'one', text: 'SELECT note FROM orders WHERE id = $1', values: [4] })).rowCount,
        ).toBe(1)
        expect(
          (await client.query({ name: 'one', text: 'SELECT note FROM orders WHERE id = $1', values: [5] })).rowCount,
        ).toBe(1)
        expect(await rowsLeft()).toBe(997)

        const requested = await guard.entries('action.requested')
        const settled = await guard.entries('action.settled')
        const deletes = requested.filter(({ body }) => body.action.operation === 'DELETE')
        expect(deletes.map(({ body }) => body.action.request.parameters)).toEqual([undefined, ['{"2","3"}']])
        const rows = deletes.map(({ body }) => settled.find((end) => end.body.action === body.action.id)?.body.rows)
        expect(rows).toEqual([1, 2])
        expect(settled).toHaveLength(requested.length)
      })

      test('several statements in one message, COPY both ways, LISTEN and NOTIFY', async () => {
        const client = await setUp()
        const results = await client.query('SELECT 1; INSERT INTO orders VALUES (2001), (2002); SELECT 2')
        expect(Array.isArray(results) ? results.map((result) => result.command) : []).toEqual([
          'SELECT',
          'INSERT',
          'SELECT',
        ])

        const heard = new Promise((resolve) => client.once('notification', resolve))
        await client.query('LISTEN ring')
        await client.query("NOTIFY ring, 'bell'")
        expect(await heard).toMatchObject({ channel: 'ring', payload: 'bell' })
      })

      test('an error of the server leaves the session as the server leaves it', async () => {
        const client = await setUp()
        expect(await failure(client.query('SELECT nothing FROM orders'))).toMatchObject({ code: '42703' })
        expect(await failure(client.query('DELETE FROM ordesr WHERE id = 1'))).toMatchObject({
          code: '42P01',
          position: '13',
        })
        expect(await failure(client.query('DELETE FROM ordesr WHERE id = $1', [1]))).toMatchObject({ code: '42P01' })
        await client.query('BEGIN')
        expect(await failure(client.query('DELETE FROM ordesr WHERE id = 1'))).toMatchObject({ code: '42P01' })
        expect(await failure(client.query('SELECT 1'))).toMatchObject({ code: '25P02' })
        await client.query('ROLLBACK')
        expect((await client.query('SELECT 1 AS one')).rows).toEqual([{ one: 1 }])
      })

      test('a wrong password is refused by the server', async () => {
        await setUp()
        await expect(guard.connect({ password: 'wrong' })).rejects.toMatchObject({ code: '28P01' })
      })
    })

    describe('what a rule blocks', () => {
      test('fails with SP002, changes nothing, and leaves the session usable', async () => {
        const client = await setUp()
        for (const statement of [
          client.query('DROP TABLE orders'),
          client.query({ text: 'DROP TABLE orders', values: [] }),
        ]) {
          const error = await failure(statement)
          expect(error).toMatchObject({ code: 'SP002', severity: 'ERROR' })
          expect(error.message).toContain('no-drop')
          expect(error.detail).toContain(guard.ledger.head.size > 0 ? 'rule set' : '')
          expect(error.hint).toBeTruthy()
        }
        expect(await rowsLeft()).toBe(1000)
        expect((await client.query('SELECT 1 AS one')).rows).toEqual([{ one: 1 }])
      })

      test('inside a transaction makes the transaction fail, as any error does', async () => {
        const client = await setUp()
        await client.query('BEGIN')
        await client.query('DELETE FROM orders WHERE id = 1')
        expect(await failure(client.query('DROP TABLE orders'))).toMatchObject({ code: 'SP002' })
        expect(await failure(client.query('SELECT 1'))).toMatchObject({ code: '25P02' })
        expect((await client.query('COMMIT')).command).toBe('ROLLBACK')
        expect(await rowsLeft()).toBe(1000)
      })

      test('takes the whole message with it', async () => {
        const client = await setUp()
        expect(await failure(client.query('DELETE FROM orders WHERE id = 1; DROP TABLE orders'))).toMatchObject({
          code: 'SP002',
        })
        expect(await rowsLeft()).toBe(1000)
      })
    })

    describe('what a rule holds', () => {
      test('waits with a NOTICE, runs the same bytes once approved, and the tag is the real one', async () => {
        const client = await setUp()
        const opened = guard.nextHold()
        const deleting = client.query('DELETE FROM orders')
        const hold = await opened
        await vi.waitFor(() => expect(client.notices).toHaveLength(1))
        expect(client.notices[0]?.message).toContain(hold)
        expect(client.notices[0]?.detail).toContain('mass-delete')
        expect(client.notices[0]?.hint).toContain(`http://console.test/holds/${hold}`)
        expect(await rowsLeft()).toBe(1000)
        const locks = await server.direct.query("SELECT 1 FROM pg_locks WHERE relation = 'orders'::regclass")
        expect(locks.rowCount).toBe(0)
        expect(guard.door.waiting).toBe(1)
        await guard.holds.vote(hold, 'rita', 'approve', 'agreed')
        expect((await deleting).rowCount).toBe(1000)
        expect(guard.door.waiting).toBe(0)
      })

      test('also through the extended protocol, with its parameters before the reviewer', async () => {
        const client = await setUp()
        const opened = guard.nextHold()
        const deleting = client.query('DELETE FROM orders WHERE id > $1', [10])
        const hold = guard.holds.get(await opened)
        expect(hold?.actions[0]).toMatchObject({
          impact: { rows: 990, exact: false },
          request: { statement: 'DELETE FROM orders WHERE id > $1', parameters: ['10'] },
        })
        await guard.holds.vote(hold?.hold ?? '', 'rita', 'approve', '')
        expect((await deleting).rowCount).toBe(990)
      })

      test('a rejection reaches the client as SP003 with the reason, and the session goes on', async () => {
        const client = await setUp()
        const opened = guard.nextHold()
        const deleting = failure(client.query('DELETE FROM orders'))
        await guard.holds.vote(await opened, 'rita', 'reject', 'use the archive job')
        expect(await deleting).toMatchObject({ code: 'SP003', message: expect.stringContaining('use the archive job') })
        expect(await rowsLeft()).toBe(1000)
        expect((await client.query('SELECT 1 AS one')).rows).toEqual([{ one: 1 }])
      })

      test('inside a transaction it is refused at once, and the approved retry goes through', async () => {
        const client = await setUp()
        await client.query('BEGIN')
        expect(await failure(client.query('DELETE FROM orders'))).toMatchObject({ code: 'SP001' })
        await client.query('ROLLBACK')
        const [pending] = guard.holds.list('pending')
        await guard.holds.vote(pending?.hold ?? '', 'rita', 'approve', '')
        await client.query('BEGIN')
        expect((await client.query('DELETE FROM orders')).rowCount).toBe(1000)
        await client.query('COMMIT')
        expect(await rowsLeft()).toBe(0)
      })

      test('an approval is for the parameters it was given for', async () => {
        const client = await setUp({ wait: 0 })
        expect(await failure(client.query('DELETE FROM orders WHERE id > $1', [10]))).toMatchObject({ code: 'SP001' })
        await guard.holds.vote(guard.holds.list('pending')[0]?.hold ?? '', 'rita', 'approve', '')
        expect(await failure(client.query('DELETE FROM orders WHERE id > $1', [0]))).toMatchObject({ code: 'SP001' })
        expect((await client.query('DELETE FROM orders WHERE id > $1', [10])).rowCount).toBe(990)
      })

      test('an approval given under one search_path is not valid under another', async () => {
        const client = await setUp({ wait: 0 })
        expect(await failure(client.query('DELETE FROM orders'))).toMatchObject({ code: 'SP001' })
        await guard.holds.vote(guard.holds.list('pending')[0]?.hold ?? '', 'rita', 'approve', '')
        await client.query('SET search_path = public, pg_catalog')
        expect(await failure(client.query('DELETE FROM orders'))).toMatchObject({ code: 'SP001' })
        expect(await rowsLeft()).toBe(1000)
      })

      test('a client that disconnects withdraws its hold, and nothing runs afterwards', async () => {
        const client = await setUp()
        const opened = guard.nextHold()
        client.query('DELETE FROM orders').catch(() => undefined)
        const hold = await opened
        const over = new Promise<void>((resolve) => {
          guard.holds.subscribe((change) => {
            if (change.hold === hold && change.state === 'withdrawn') resolve()
          })
        })
        client.connection.stream.destroy()
        await over
        await expect(guard.holds.vote(hold, 'rita', 'approve', '')).rejects.toMatchObject({ code: 'conflict' })
        expect(await rowsLeft()).toBe(1000)
      })

      test('a cancel request withdraws it with 57014, and the session goes on', async () => {
        const client = await setUp()
        const opened = guard.nextHold()
        const deleting = failure(client.query('DELETE FROM orders'))
        const hold = await opened
        const canceller = new pg.Client({ host: guard.door.address.host, port: guard.door.address.port })
        const query = Reflect.get(client, 'activeQuery') ?? Reflect.get(client, '_activeQuery')
        Reflect.apply(Reflect.get(canceller, 'cancel'), canceller, [client, query])
        expect(await deleting).toMatchObject({ code: '57014' })
        expect(guard.holds.get(hold)?.state).toBe('withdrawn')
        expect((await client.query('SELECT 1 AS one')).rows).toEqual([{ one: 1 }])
      })
    })

    describe('what cannot be understood', () => {
      test.each([
        ['text that does not parse', 'SELEC 1'],
        ['a DO block', 'DO $$ BEGIN DELETE FROM orders; END $$'],
      ])('%s is not let through by default', async (_what, statement) => {
        const client = await setUp({
          wait: 0,
          judge: judgeOf(
            `${testRules}  - { id: opaque, about: Opaque code, when: '"execute" in effects', then: hold }\n`,
          ),
        })
        expect(await failure(client.query(statement))).toMatchObject({ code: 'SP001' })
        expect(await rowsLeft()).toBe(1000)
      })

      test('with standard_conforming_strings off, a backslash may hide another statement: held, nothing deleted', async () => {
        const client = await setUp({
          wait: 0,
          unknown: 'hold',
          judge: judgeOf(`  - { id: set, about: Settings pass, when: 'operation == "SET"', then: allow }\n`),
        })
        await client.query('SET standard_conforming_strings = off')
        expect(await failure(client.query("select '\\'' ; delete from orders; --'"))).toMatchObject({ code: 'SP001' })
        expect(await rowsLeft()).toBe(1000)
      })

      test('a multi-byte client encoding in which a byte looks like a backslash: held, nothing deleted', async () => {
        const client = await setUp({
          wait: 0,
          judge: judgeOf(`  - { id: set, about: Settings pass, when: 'operation == "SET"', then: allow }\n`),
        })
        await client.query("SET client_encoding = 'SJIS'")
        const text = Buffer.concat([
          Buffer.from("select E'"),
          Buffer.from([0x83, 0x5c]),
          Buffer.from("' ; delete from orders; --'"),
        ])
        const stream = client.connection.stream
        const answered = new Promise<string>((resolve) => stream.on('data', (data) => resolve(data.toString('latin1'))))
        const message = Buffer.concat([Buffer.from('Q'), Buffer.alloc(4), text, Buffer.alloc(1)])
        message.writeUInt32BE(message.length - 1, 1)
        client.on('error', () => undefined)
        stream.write(message)
        expect(await answered).toContain('SP001')
        expect(await rowsLeft()).toBe(1000)
      })

      test('a startup parameter cannot smuggle in a setting that SET could not', async () => {
        await setUp({
          judge: judgeOf(`  - { id: replica, about: No replica role, when: '"conceal" in effects', then: block }\n`),
        })
        await expect(guard.connect({ options: '-c session_replication_role=replica' })).rejects.toMatchObject({
          code: 'SP002',
        })
      })
    })

    describe('names do not lie', () => {
      test('a Parse that fails does not change what the door takes a name for', async () => {
        const client = await setUp({ wait: 0 })
        await client.query('PREPARE x AS SELECT 1')
        await client.query('DEALLOCATE x')
        await client.query('PREPARE x AS DELETE FROM orders')
        expect(await failure(client.query('PREPARE x AS SELECT 1'))).toMatchObject({ code: '42P05' })
        expect(await failure(client.query('EXECUTE x'))).toMatchObject({ code: 'SP001' })
        expect(await rowsLeft()).toBe(1000)
      })

      test('PREPARE with the danger in the parameter is judged at EXECUTE', async () => {
        const client = await setUp({ wait: 0 })
        await client.query('PREPARE x(int) AS DELETE FROM orders WHERE id >= $1')
        expect((await client.query('EXECUTE x(1000)')).rowCount).toBe(1)
        expect(await failure(client.query('EXECUTE x(0)'))).toMatchObject({ code: 'SP001' })
        expect(await rowsLeft()).toBe(999)
      })
    })

    test('rules change on a live connection, between two statements', async () => {
      const client = await setUp()
      expect((await client.query('SELECT 1 AS one')).rows).toEqual([{ one: 1 }])
      guard.use(judgeOf(`  - { id: closed, about: Closed for maintenance, when: 'true', then: block }\n`))
      expect(await failure(client.query('SELECT 1'))).toMatchObject({
        code: 'SP002',
        message: expect.stringContaining('closed'),
      })
      guard.use(judgeOf(testRules))
      expect((await client.query('SELECT 1 AS one')).rows).toEqual([{ one: 1 }])
    })

    test('when the record cannot be written, statements fail with SP005 and nothing changes', async () => {
      const ledger = new MemoryLedger()
      const client = await setUp({ ledger })
      ledger.fail()
      expect(await failure(client.query('DELETE FROM orders WHERE id = 1'))).toMatchObject({ code: 'SP005' })
      expect(await failure(client.query('SELECT 1'))).toMatchObject({ code: 'SP005' })
      expect(await rowsLeft()).toBe(1000)
    })
  },
)

for (const { name, reason } of unavailablePostgres()) {
  test.skip(`the door in front of ${name} (not run: ${reason})`, () => undefined)
}
