import pg from 'pg'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { encodeBind, encodeExecute, encodeParse, flushMessage, syncMessage } from '../src/doors/postgres/wire/encode.ts'
import { CorpusDatabase, shippedRules } from './support/corpus.ts'
import { type Guard, type GuardedClient, judgeOf, startGuard } from './support/guard.ts'
import { availablePostgres, startTestPostgres, type TestPostgres } from './support/postgres.ts'
import { WireClient } from './support/wire-client.ts'

/** `allow`, or the SQLSTATE of the refusal or error. */
async function came(client: pg.Client, sql: string): Promise<string> {
  try {
    await client.query(sql)
    return 'allow'
  } catch (error) {
    if (error instanceof pg.DatabaseError) return error.code ?? ''
    throw error
  }
}

describe.each(availablePostgres().map((kind) => [kind.name, kind] as const))(
  'what only the catalog knows, %s',
  (_name, kind) => {
    let postgres: TestPostgres
    let database: CorpusDatabase
    let guard: Guard
    let client: GuardedClient
    let owner: pg.Client

    beforeAll(async () => {
      postgres = await startTestPostgres(kind)
      database = await CorpusDatabase.create(postgres, 'schema.sql', { analysed: true })
    })
    afterAll(async () => {
      await database?.close()
      await postgres?.stop()
    })
    beforeEach(async () => {
      guard = await startGuard(postgres, { ...shippedRules(), wait: 0 })
      client = await guard.connect({ user: 'app', password: 'app', database: database.name })
      owner = new pg.Client({ connectionString: postgres.url('app', 'app', database.name) })
      owner.on('error', () => undefined)
      await owner.connect()
    })
    afterEach(async () => {
      await owner.end()
      await guard.close()
      await database.reset()
    })

    const function_ = (name: string, body: string, more = '') =>
      `CREATE FUNCTION ${name} LANGUAGE plpgsql ${more} AS $$ ${body} $$`

    test.each([
      [
        'a function that reads into variables',
        function_(
          'f(a int) RETURNS int',
          'DECLARE v int; BEGIN SELECT total INTO v FROM orders WHERE id = a; RETURN v; END',
        ),
        'SELECT f(3)',
        'allow',
      ],
      [
        'a function that loops over rows and reads',
        function_(
          'f() RETURNS int',
          'DECLARE y customers%ROWTYPE; n int := 0; BEGIN FOR y IN SELECT * FROM customers LIMIT 3 LOOP n := n + y.id; END LOOP; RETURN n; END',
        ),
        'SELECT f()',
        'allow',
      ],
      [
        'a body in SQL-standard form',
        'CREATE FUNCTION f() RETURNS bigint LANGUAGE sql BEGIN ATOMIC SELECT count(*) FROM orders; END',
        'SELECT f()',
        'allow',
      ],
      [
        'a body in SQL-standard form that calls what deletes',
        'CREATE FUNCTION f() RETURNS int LANGUAGE sql RETURN purge_customers()',
        'SELECT f()',
        'SP001',
      ],
      [
        'a function that says it is immutable, and calls what deletes',
        function_('f() RETURNS int', 'BEGIN RETURN purge_customers(); END', 'IMMUTABLE'),
        'SELECT f()',
        'SP001',
      ],
      [
        'a function three calls deep',
        `${function_('a() RETURNS int', 'BEGIN RETURN purge_customers(); END')}; ${function_('b() RETURNS int', 'BEGIN RETURN a(); END')}; ${function_('c() RETURNS int', 'BEGIN RETURN b(); END')}`,
        'SELECT c()',
        'SP001',
      ],
      [
        'functions that call each other in a circle',
        `${function_('a(n int) RETURNS int', 'BEGIN IF n = 0 THEN RETURN 0; END IF; RETURN b(n - 1); END')}; ${function_('b(n int) RETURNS int', 'BEGIN RETURN a(n); END')}`,
        'SELECT a(3)',
        'allow',
      ],
      [
        'dynamic SQL',
        function_('f() RETURNS void', "BEGIN EXECUTE 'DEL' || 'ETE FROM orders'; END"),
        'SELECT f()',
        'SP001',
      ],
      [
        'the default of a parameter',
        'CREATE FUNCTION f(a int DEFAULT purge_customers()) RETURNS int LANGUAGE sql AS $$ SELECT a $$',
        'SELECT f()',
        'SP001',
      ],
      [
        'a search path of its own',
        `CREATE FUNCTION f() RETURNS bigint LANGUAGE sql SET search_path = evil AS $$ SELECT count_orders() $$`,
        'SELECT f()',
        'SP001',
      ],
      [
        'a namesake of a built-in function that fits better',
        function_('public.abs(a text) RETURNS int', 'BEGIN DELETE FROM public.customers; RETURN 1; END'),
        "SELECT abs('x'::text)",
        'SP001',
      ],
      [
        'an aggregate over a function that deletes',
        `${function_('step(int, int) RETURNS int', 'BEGIN DELETE FROM customers; RETURN 1; END')}; CREATE AGGREGATE agg(int) (SFUNC = step, STYPE = int)`,
        'SELECT agg(id) FROM tenants',
        'SP001',
      ],
      [
        'a trigger that changes one row by its key',
        `${function_('f() RETURNS trigger', 'BEGIN UPDATE tenants SET id = id WHERE id = NEW.id; RETURN NEW; END')}; CREATE TRIGGER t AFTER INSERT ON staging_tmp FOR EACH ROW EXECUTE FUNCTION f()`,
        'INSERT INTO staging_tmp VALUES (1)',
        'allow',
      ],
      [
        'a trigger that adds to the audit log',
        `${function_('f() RETURNS trigger', "BEGIN INSERT INTO audit_log(msg) VALUES ('x'); RETURN NEW; END")}; CREATE TRIGGER t AFTER UPDATE ON orders FOR EACH ROW EXECUTE FUNCTION f()`,
        'UPDATE orders SET total = 1 WHERE id = 1',
        'allow',
      ],
      [
        'a trigger that cleans the audit log',
        `${function_('f() RETURNS trigger', 'BEGIN DELETE FROM audit_log WHERE id = 1; RETURN NEW; END')}; CREATE TRIGGER t AFTER UPDATE ON orders FOR EACH ROW EXECUTE FUNCTION f()`,
        'UPDATE orders SET total = 1 WHERE id = 1',
        'SP002',
      ],
      [
        'a trigger of a table that a cascade reaches',
        'CREATE TRIGGER t AFTER DELETE ON orders FOR EACH ROW EXECUTE FUNCTION purge_trg()',
        'DELETE FROM customers WHERE id = 900',
        'SP001',
      ],
      ['a trigger that is switched off', 'ALTER TABLE ping DISABLE TRIGGER tg', 'INSERT INTO ping VALUES (1)', 'allow'],
      ['a trigger for another command', 'SELECT', 'DELETE FROM ping WHERE id = 1', 'allow'],
      [
        'a trigger of one partition',
        'CREATE TRIGGER t AFTER INSERT ON events_2024_01 FOR EACH ROW EXECUTE FUNCTION purge_trg()',
        "INSERT INTO events VALUES ('2024-01-06', 1)",
        'SP001',
      ],
      [
        'INSTEAD OF on a view',
        `CREATE VIEW v AS SELECT id FROM tenants; CREATE TRIGGER t INSTEAD OF INSERT ON v FOR EACH ROW EXECUTE FUNCTION purge_trg()`,
        'INSERT INTO v VALUES (9)',
        'SP001',
      ],
      ['a view of a view', 'CREATE VIEW v AS SELECT r FROM v_purge', 'SELECT * FROM v', 'SP001'],
      [
        'a materialized view that is read',
        'CREATE MATERIALIZED VIEW m AS SELECT op_purge(1, 2) AS r FROM tenants WITH NO DATA',
        'REFRESH MATERIALIZED VIEW m',
        'SP001',
      ],
      [
        'a check constraint',
        'ALTER TABLE staging_tmp ADD CONSTRAINT c CHECK (op_purge(id, 1)) NOT VALID',
        'INSERT INTO staging_tmp VALUES (1)',
        'SP001',
      ],
      [
        'a row security policy',
        'CREATE POLICY q ON tenants USING (op_purge(id, 1)); ALTER TABLE tenants ENABLE ROW LEVEL SECURITY',
        'SELECT * FROM tenants',
        'SP001',
      ],
      ['a column whose type is a domain', 'CREATE TABLE d (a boom)', "INSERT INTO d VALUES ('x')", 'SP001'],
      ['a domain over a domain', 'CREATE DOMAIN bang AS boom', "SELECT 'x'::bang", 'SP001'],
      [
        'a procedure that commits',
        'CREATE PROCEDURE p() LANGUAGE plpgsql AS $$ BEGIN INSERT INTO tenants VALUES (77); COMMIT; END $$',
        'CALL p()',
        'SP001',
      ],
      [
        'a function called for each row',
        'CREATE FUNCTION f(a int) RETURNS void LANGUAGE sql AS $$ DELETE FROM orders WHERE id = a $$',
        'SELECT f(id) FROM orders',
        'SP001',
      ],
    ])('%s', async (_what, setup, sql, verdict) => {
      await owner.query(setup)
      const before = await database.count('customers')
      expect(await came(client, sql)).toBe(verdict)
      if (verdict !== 'allow') expect(await database.count('customers')).toBe(before)
    })

    test('code that somebody changes past the door is soon seen anew', async () => {
      const other = await guard.connect({ user: 'app', password: 'app', database: database.name })
      expect(await came(other, 'SELECT count_orders()')).toBe('allow')
      await owner.query("CREATE FUNCTION later() RETURNS bigint LANGUAGE sql AS 'SELECT count(*) FROM orders'")
      expect(await came(other, 'SELECT later()')).toBe('allow')
      // DDL past the door: the server's own counters tell of it within seconds.
      await owner.query(
        'CREATE OR REPLACE FUNCTION later() RETURNS bigint LANGUAGE sql AS $$ SELECT purge_customers()::bigint $$',
      )
      await owner.query('SELECT pg_stat_force_next_flush()')
      // Asked for its plan only, the function runs neither before nor after the change is seen.
      await vi.waitFor(
        async () => {
          await other.query('EXPLAIN SELECT later()')
          expect(await came(other, 'SELECT 1 WHERE false AND later() = 0')).toBe('SP001')
        },
        { timeout: 15_000 },
      )
    })

    test('a temporary table hides the real one while it is there', async () => {
      await client.query('CREATE TEMP TABLE orders (id int)')
      await client.query('INSERT INTO orders SELECT generate_series(1, 5000)')
      expect(await came(client, 'DELETE FROM orders')).toBe('allow')
      expect(await came(client, 'DROP TABLE orders')).toBe('allow')
      expect(await came(client, 'DELETE FROM orders')).toBe('SP001')
      expect(await database.count('orders')).toBe(1500)
    })

    test('no name is trusted while a schema of somebody’s own stands before pg_catalog', async () => {
      await owner.query(
        "CREATE FUNCTION evil.lower(text) RETURNS text LANGUAGE plpgsql AS $$ BEGIN DELETE FROM public.customers; RETURN 'x'; END $$",
      )
      await client.query('SET search_path = evil, pg_catalog, public')
      expect(await came(client, "SELECT lower('X')")).toBe('SP001')
      await client.query('SET search_path = public')
      expect(await came(client, "SELECT lower('X')")).toBe('allow')
    })

    test.each([
      ['jit', 'on', 'off'],
      ['jit', 'off', 'on'],
      ['statement_timeout', '90s', '80s'],
    ])('asking leaves %s as it was', async (name, one, other) => {
      const shown = async () => Object.values((await client.query(`SHOW ${name}`)).rows[0] ?? {})[0]
      const before = await shown()
      await client.query('SELECT count(*) FROM orders WHERE id = 1')
      expect(await shown()).toBe(before)
      await client.query(`SET ${name} = '${one}'`)
      await client.query('BEGIN')
      await client.query(`SET LOCAL ${name} = '${other}'`)
      await client.query('SELECT count(*) FROM customers WHERE id = 1')
      expect(await shown()).toBe(other)
      await client.query('COMMIT')
      expect(await shown()).toBe(one)
      await client.query('BEGIN')
      await client.query(`SET ${name} = '${other}'`)
      await client.query('SELECT count(*) FROM products WHERE id = 1').catch(() => undefined)
      await client.query('ROLLBACK')
      expect(await shown()).toBe(one)
    })

    test('a question that fails ends no transaction', async () => {
      const judge = judgeOf(`  - { id: all, about: Everything passes, when: 'true', then: allow }`)
      const open = await startGuard(postgres, { wait: 0, unknown: 'allow', judge })
      const admin = await open.connect({ database: database.name })
      await admin.query('BEGIN')
      // The question itself takes small numbers for large ones.
      await admin.query('REVOKE EXECUTE ON FUNCTION int8(integer) FROM PUBLIC')
      await admin.query('SET SESSION AUTHORIZATION app')
      const refused = admin.query("SELECT '{1}'::int4[]::int8[] FROM orders WHERE id = 1")
      await expect(refused).rejects.toThrow('permission denied for function int8')
      await admin.query('ROLLBACK')
      await open.close()
    })

    test('asking waits for no lock that the statement would not wait for', async () => {
      await owner.query('BEGIN; LOCK TABLE orders IN ACCESS EXCLUSIVE MODE')
      // orders refers to customers.
      await client.query("SET statement_timeout = '2s'")
      expect(await came(client, 'SELECT email FROM customers WHERE id = 1')).toBe('allow')
      expect(await came(client, 'UPDATE customers SET note = 1 WHERE id = 1')).toBe('allow')
      await owner.query('ROLLBACK')
    })

    test('a pipeline that flushes is looked at like any other', async () => {
      const wire = new WireClient(client)
      const run = (text: string) => [encodeParse('', text), encodeBind('', ''), encodeExecute('')]
      wire.send(...run('UPDATE orders SET total = 2 WHERE id = 1'), flushMessage)
      await wire.seen('C UPDATE 1')
      wire.send(...run('INSERT INTO inbox VALUES (1)'), flushMessage, syncMessage)
      expect(await wire.ready()).toContain('E SP001')
      expect(await database.count('customers')).toBe(1000)
      wire.end()
    })
  },
)
