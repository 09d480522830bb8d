import type pg from 'pg'
import { describe, expect, test, vi } from 'vitest'
import type { HeldRows } from '../src/ledger/index.ts'
import { type Guard, judgeOf, startGuard } from './support/guard.ts'
import { availablePostgres } from './support/postgres.ts'
import { failure, testServer } from './support/test-server.ts'

const schema = `
DROP SCHEMA IF EXISTS shown CASCADE; CREATE SCHEMA shown;
CREATE TABLE shown.orders (id int PRIMARY KEY, customer int, note text);
CREATE TABLE shown.lines (order_id int, line int, PRIMARY KEY (order_id, line));
CREATE TABLE shown.log (at timestamptz, what text);
INSERT INTO shown.orders SELECT i, i % 10, 'n' || i FROM generate_series(1, 3000) i;
INSERT INTO shown.lines SELECT i, 1 FROM generate_series(1, 3000) i;
INSERT INTO shown.log SELECT now(), 'x' FROM generate_series(1, 2000);
ANALYZE shown.orders; ANALYZE shown.lines; ANALYZE shown.log;
`

/** What is about more than a thousand rows, or may be, is held. */
const rules = `
  - { id: mass, about: Many rows, when: '"delete" in effects && impact.rows > 1000', then: hold }
  - { id: change, about: Many rows, when: '"write" in effects && impact.rows > 1000', then: hold }
`

describe.each(availablePostgres().map((kind) => [kind.name, kind] as const))(
  'rows that a hold shows on %s',
  (_, kind) => {
    const server = testServer(kind)

    const start = async (options: Parameters<typeof startGuard>[1] = {}) => {
      await server.direct.query(schema)
      return startGuard(server.postgres, { judge: judgeOf(rules), ...options })
    }
    const connect = (guard: Guard) =>
      guard.connect({ user: server.postgres.superuser, password: server.postgres.password })

    /** Runs a statement that is held, and gives what reviewers were shown before they approved it. */
    async function shown(guard: Guard, query: string | pg.QueryConfig): Promise<readonly HeldRows[]> {
      const client = await connect(guard)
      const running = client.query(query)
      const hold = await vi.waitFor(
        () => {
          const [pending] = guard.holds.list('pending')
          if (pending === undefined || pending.samples.length === 0) throw new Error('nothing shown yet')
          return pending
        },
        { timeout: 10_000 },
      )
      await guard.holds.vote(hold.hold, 'rita', 'approve', 'seen')
      await running
      await client.end()
      return hold.samples
    }

    test('are those the statement picks, by their key, and it runs as it was', async () => {
      const guard = await start()
      const [sample, ...more] = await shown(guard, 'DELETE FROM shown.orders WHERE customer IN (1, 2, 3, 4)')
      expect(more).toEqual([])
      expect([sample?.table, sample?.columns, sample?.rows.length]).toEqual(['shown.orders', ['id'], 5])
      for (const [id] of sample?.rows ?? []) expect(['1', '2', '3', '4']).toContain(String(id).at(-1))
      const { rows } = await server.direct.query('SELECT count(*)::int AS n FROM shown.orders')
      expect(rows).toEqual([{ n: 1800 }])
      await guard.close()
    })

    test('mean its parameters, its joins and its common table expressions', async () => {
      const guard = await start({ sample: 3 })
      const parameters = await shown(guard, {
        text: 'UPDATE shown.orders SET note = $1 WHERE customer <> $2',
        values: ['y', 5],
      })
      expect(parameters[0]?.rows).toHaveLength(3)
      for (const [id] of parameters[0]?.rows ?? []) expect(String(id).at(-1)).not.toBe('5')
      const joined = await shown(
        guard,
        'WITH few AS (SELECT 1 AS one) DELETE FROM shown.lines l USING shown.orders o, few WHERE o.id = l.order_id AND o.customer > one',
      )
      expect(joined).toMatchObject([{ table: 'shown.lines', columns: ['order_id', 'line'] }])
      expect(new Set(joined[0]?.rows.map(([order]) => order)).size).toBe(3)
      await guard.close()
    })

    test('are shown also where it was measured first, and where nobody waits', async () => {
      const guard = await start({ wait: 0 })
      await server.direct.query(
        `CREATE FUNCTION shown.wipe() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN DELETE FROM shown.lines; RETURN NULL; END $$;
       CREATE TRIGGER wipe AFTER DELETE ON shown.orders FOR EACH STATEMENT EXECUTE FUNCTION shown.wipe()`,
      )
      const client = await connect(guard)
      expect(await failure(client.query('DELETE FROM shown.orders WHERE id = 7'))).toMatchObject({ code: 'SP001' })
      await vi.waitFor(
        () => {
          const [hold] = guard.holds.list('pending')
          expect(hold?.samples).toEqual([{ table: 'shown.orders', columns: ['id'], rows: [['7']] }])
        },
        { timeout: 10_000 },
      )
      expect((await client.query('SELECT count(*)::int AS n FROM shown.orders')).rows).toEqual([{ n: 3000 }])
      await client.end()
      await guard.close()
    })

    /** Sends statements one by one until COMMIT is held, and gives what reviewers were shown. */
    async function shownAtCommit(guard: Guard, client: pg.Client, ...statements: (string | pg.QueryConfig)[]) {
      for (const statement of statements) await client.query(statement)
      const refused = await failure(client.query('COMMIT'))
      expect(refused).toMatchObject({ code: 'SP001' })
      const [hold] = guard.holds.list('pending')
      return hold?.samples
    }

    test('are those that the first statement of a transaction picked, where it is held at its COMMIT', async () => {
      const guard = await start()
      const client = await connect(guard)
      await client.query('LISTEN told')
      expect(
        await shownAtCommit(
          guard,
          client,
          'BEGIN ISOLATION LEVEL REPEATABLE READ',
          { text: 'DELETE FROM shown.orders WHERE customer < $1 AND id > 100 AND id < 900', values: [9] },
          'DELETE FROM shown.orders WHERE id > 2000 AND id < 2800',
        ),
      ).toMatchObject([{ table: 'shown.orders', columns: ['id'], rows: { length: 5 } }])
      // To the client it is a failed transaction like any other, whatever was looked at meanwhile.
      expect(await failure(client.query('SELECT 1'))).toMatchObject({ code: '25P02' })
      expect((await client.query('ROLLBACK')).command).toBe('ROLLBACK')
      const { rows } = await client.query('SELECT count(*)::int AS n FROM shown.orders')
      expect(rows).toEqual([{ n: 3000 }])
      const [hold] = guard.holds.list('pending')
      await guard.holds.vote(hold?.hold ?? '', 'rita', 'approve', 'seen')
      await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ')
      await client.query({
        text: 'DELETE FROM shown.orders WHERE customer < $1 AND id > 100 AND id < 900',
        values: [9],
      })
      await client.query('DELETE FROM shown.orders WHERE id > 2000 AND id < 2800')
      await client.query('COMMIT')
      const left = await client.query('SELECT count(*)::int AS n FROM shown.orders')
      expect(left.rows[0]?.n).toBeLessThan(1600)
      await client.end()
      await guard.close()
    })

    test('are shown of a transaction in one message, too', async () => {
      const guard = await start()
      const client = await connect(guard)
      const sql = 'BEGIN; DELETE FROM shown.orders WHERE id < 700; DELETE FROM shown.orders WHERE id > 2000; COMMIT'
      expect(await failure(client.query(sql))).toMatchObject({ code: 'SP001' })
      expect(guard.holds.list('pending')).toMatchObject([{ samples: [{ rows: { length: 5 } }] }])
      for (const { samples } of guard.holds.list('pending'))
        for (const [id] of samples[0]?.rows ?? []) expect(Number(id)).toBeLessThan(700)
      await client.query('ROLLBACK')
      await client.end()
      await guard.close()
    })

    test.each([
      ['a savepoint, to which its client may go back', ['SAVEPOINT here'], 'ROLLBACK TO here'],
      ['a search path of its own', ['SET LOCAL search_path = shown'], 'ROLLBACK'],
      ['a table of its own', ['CREATE TABLE shown.fresh (id int PRIMARY KEY)'], 'ROLLBACK'],
    ])('are not shown of a transaction with %s', async (_, first, way) => {
      const guard = await start()
      const client = await connect(guard)
      const statements = ['DELETE FROM shown.orders WHERE id < 900', 'DELETE FROM shown.orders WHERE id > 2200']
      expect(await shownAtCommit(guard, client, 'BEGIN', ...first, ...statements)).toEqual([])
      expect((await client.query(way)).command).toBe('ROLLBACK')
      expect((await client.query('SELECT count(*)::int AS n FROM shown.orders')).rows).toEqual([{ n: 3000 }])
      await client.end()
      await guard.close()
    })

    test('are not shown where there is no key, no right to read, or nobody wants them; it is held all the same', async () => {
      for (const [options, sql, user] of [
        [{}, 'DELETE FROM shown.log', undefined],
        [{ sample: 0 }, 'DELETE FROM shown.orders', undefined],
        [{}, 'DELETE FROM shown.orders', 'shown_writer'],
      ] as const) {
        const guard = await start({ ...options, wait: 0 })
        await server.direct.query(
          `DO $$ BEGIN CREATE ROLE shown_writer LOGIN PASSWORD 'w'; EXCEPTION WHEN duplicate_object THEN NULL; END $$;
         GRANT USAGE ON SCHEMA shown TO shown_writer; GRANT DELETE ON shown.orders TO shown_writer`,
        )
        const client =
          user === undefined ? await connect(guard) : await guard.connect({ user, password: 'w', database: 'postgres' })
        expect(await failure(client.query(sql))).toMatchObject({ code: 'SP001' })
        expect(guard.holds.list('pending')).toMatchObject([{ samples: [] }])
        expect((await client.query('SELECT 1 AS one')).rows).toEqual([{ one: 1 }])
        await client.end()
        await guard.close()
      }
    })
  },
)
