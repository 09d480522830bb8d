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
