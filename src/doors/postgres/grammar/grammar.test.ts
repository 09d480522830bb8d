import { existsSync, readFileSync } from 'node:fs'
import { beforeAll, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { templateOf } from './cache.ts'
import type { StatementFacts } from './facts.ts'
import { classifyToActions, type Grammar, loadGrammar, settingFacts } from './index.ts'

let grammar: Grammar
beforeAll(async () => {
  grammar = await loadGrammar(18)
})

function only(sql: string): StatementFacts {
  const understanding = grammar.understand(sql)
  if (understanding.kind !== 'understood') throw new Error(understanding.reason)
  const [facts] = understanding.statements
  if (facts === undefined) throw new Error('no statement')
  return facts
}

describe('a DELETE is seen wherever it hides', () => {
  test.each([
    'DELETE FROM t',
    'delete/**/from t -- WHERE id = 1',
    'WITH gone AS (DELETE FROM t RETURNING id) SELECT count(*) FROM gone',
    'WITH a AS (WITH b AS (DELETE FROM t RETURNING 1) SELECT * FROM b) SELECT * FROM a',
    'INSERT INTO archive SELECT * FROM (SELECT 1) s, LATERAL (SELECT 1) u UNION ALL SELECT 2; DELETE FROM t',
    'EXPLAIN ANALYZE DELETE FROM t',
    'EXPLAIN (VERBOSE, ANALYZE on) DELETE FROM t',
    'EXPLAIN (ANALYZE false, ANALYZE) DELETE FROM t',
    'COPY (DELETE FROM t RETURNING *) TO STDOUT',
    'MERGE INTO t USING s ON t.id = s.id WHEN MATCHED THEN DELETE',
    'DO $$ BEGIN IF true THEN DELETE FROM t; END IF; END $$',
    'DO $$ DECLARE r record; BEGIN FOR r IN DELETE FROM t RETURNING * LOOP END LOOP; END $$',
    "DO E'BEGIN \\x44ELETE FROM t; END'",
    'CREATE RULE r AS ON INSERT TO u DO INSTEAD DELETE FROM t',
    'CREATE SCHEMA s CREATE VIEW v AS WITH d AS (SELECT 1) SELECT * FROM d; DELETE FROM t',
    'DECLARE c CURSOR FOR SELECT 1; DELETE FROM t WHERE CURRENT OF c',
  ])('%s', (sql) => {
    const understanding = grammar.understand(sql)
    expect(understanding.kind).toBe('understood')
    const effects =
      understanding.kind === 'understood' ? understanding.statements.flatMap((facts) => facts.effects) : []
    expect(effects).toContain('delete')
  })

  test.each([
    'EXPLAIN DELETE FROM t',
    'EXPLAIN (ANALYZE off) DELETE FROM t',
    'SELECT 1 AS "DELETE FROM t"',
    "INSERT INTO log VALUES ('DELETE FROM t')",
    'SELECT "delete", "drop" FROM kw',
    '-- DELETE FROM t\nSELECT 1',
    'PREPARE p AS DELETE FROM t',
  ])('and not where it only seems to be: %s', (sql) => {
    expect(only(sql).effects).not.toContain('delete')
  })
})

describe('whether anything limits a write', () => {
  test.each([
    'DELETE FROM t',
    'DELETE FROM t WHERE true',
    'DELETE FROM t WHERE 1 = 1',
    'DELETE FROM t WHERE NOT false',
    'DELETE FROM t WHERE id = id',
    'DELETE FROM t WHERE id = 1 OR 2 > 1',
    "DELETE FROM t WHERE 'a' = 'a' AND true",
    "DELETE FROM t WHERE id = 1 OR note LIKE '%'",
    'DELETE FROM t WHERE (id = 1) IS NOT DISTINCT FROM (id = 1)',
    'DELETE FROM t WHERE 1 IS NOT NULL',
    "DELETE FROM t WHERE coalesce(note, '') = coalesce(note, '')",
    'DELETE FROM t USING u',
    'UPDATE t SET a = 1 WHERE true IS TRUE',
    'TRUNCATE t',
    'MERGE INTO t USING s ON true WHEN MATCHED THEN DELETE',
    'MERGE INTO t USING s ON t.id = s.id WHEN NOT MATCHED BY SOURCE THEN DELETE',
  ])('nothing: %s', (sql) => {
    expect(only(sql)).toMatchObject({ bounded: false, traits: expect.arrayContaining(['unconditional']) })
  })

  test.each([
    'DELETE FROM t WHERE id = 1',
    'DELETE FROM t WHERE id = $1',
    'DELETE FROM t WHERE id = 1 AND true',
    'DELETE FROM t WHERE false',
    'DELETE FROM t WHERE id BETWEEN 1 AND 2',
    "DELETE FROM t WHERE note LIKE 'a%'",
    'UPDATE t SET a = a WHERE id IN (1, 2)',
    'SELECT * FROM t',
    'INSERT INTO t SELECT * FROM u',
  ])('something: %s', (sql) => {
    expect(only(sql).bounded).toBe(true)
  })
})

const kinds: readonly [sql: string, operation: string, effects: readonly string[], traits?: readonly string[]][] = [
  ['SELECT * FROM t WHERE id = 1', 'SELECT', ['read']],
  ['INSERT INTO t VALUES (1), (2)', 'INSERT', ['write']],
  ['SELECT * INTO copy FROM t', 'SELECT', ['deploy', 'export', 'read', 'write']],
  ['SELECT * FROM t FOR UPDATE', 'SELECT', ['disrupt', 'read'], ['for-update']],
  ['SELECT * FROM t WHERE id = 1 FOR UPDATE', 'SELECT', ['read'], ['for-update']],
  ['SELECT purge()', 'SELECT', ['execute'], ['function-call']],
  ["SELECT pg_catalog.now(), count(*), nextval('s') FROM t", 'SELECT', ['read', 'write']],
  ['SELECT evil.now()', 'SELECT', ['execute'], ['function-call']],
  ['SELECT 1 WHERE 1 === 2', 'SELECT', ['execute'], ['user-operator']],
  ["SELECT query_to_xml('DELETE FROM t', true, false, '')", 'SELECT', ['execute'], ['dynamic-sql']],
  ["SELECT pg_read_file('/etc/passwd')", 'SELECT', ['execute', 'export', 'read'], ['server-file']],
  ['SELECT pg_terminate_backend(pid) FROM pg_stat_activity', 'SELECT', ['disrupt', 'read']],
  ["SELECT set_config('session_replication_role', 'replica', false)", 'SELECT', ['conceal'], ['replication-role']],
  ["SELECT set_config('a' || 'b', 'c', false)", 'SELECT', ['conceal', 'execute']],
  ['SELECT rolpassword FROM pg_authid', 'SELECT', ['export', 'read'], ['secret-catalog']],
  ["UPDATE pg_authid SET rolsuper = true WHERE rolname = 'x'", 'UPDATE', ['grant', 'write'], ['catalog-write']],
  ['TRUNCATE a, b CASCADE', 'TRUNCATE', ['delete', 'destroy'], ['cascade', 'unconditional']],
  ['DROP TABLE a, b CASCADE', 'DROP TABLE', ['destroy'], ['cascade']],
  ['DROP MATERIALIZED VIEW m', 'DROP MATERIALIZED VIEW', ['destroy']],
  ['DROP DATABASE shop', 'DROP DATABASE', ['destroy']],
  ['DROP OWNED BY x', 'DROP OWNED', ['destroy', 'grant']],
  ['DROP POLICY p ON t', 'DROP POLICY', ['conceal', 'destroy']],
  ['ALTER TABLE t ADD COLUMN a int DEFAULT 0', 'ALTER TABLE', ['deploy']],
  ['ALTER TABLE t ADD COLUMN a int, DROP COLUMN b', 'ALTER TABLE', ['deploy', 'destroy'], ['drop-column']],
  ['ALTER TABLE t DISABLE ROW LEVEL SECURITY', 'ALTER TABLE', ['conceal', 'deploy'], ['disable-row-security']],
  ['ALTER TABLE t DISABLE TRIGGER ALL', 'ALTER TABLE', ['conceal', 'deploy'], ['disable-trigger']],
  ['ALTER TABLE t OWNER TO x', 'ALTER TABLE', ['deploy', 'grant'], ['ownership']],
  ['ALTER TABLE t RENAME TO u', 'ALTER TABLE', ['deploy', 'disrupt'], ['rename']],
  ['ALTER ROLE x SUPERUSER', 'ALTER ROLE', ['grant'], ['superuser']],
  ['ALTER ROLE x NOSUPERUSER', 'ALTER ROLE', ['grant'], []],
  ['GRANT SELECT ON t TO PUBLIC', 'GRANT', ['grant'], ['grantee-public']],
  ['REVOKE SELECT ON t FROM x', 'REVOKE', ['disrupt']],
  ['GRANT dba TO x', 'GRANT ROLE', ['grant']],
  ['SET ROLE dba', 'SET', ['grant'], ['set-role']],
  ['RESET ROLE', 'RESET', [], ['set-role']],
  ['SET search_path = a, b', 'SET', []],
  ['SET statement_timeout = 0', 'SET', ['conceal'], ['safety-setting']],
  ["SET statement_timeout = '5s'", 'SET', [], ['safety-setting']],
  ['SET standard_conforming_strings = off', 'SET', ['unknown'], ['lexer-setting']],
  ['SET log_statement = none', 'SET', ['conceal'], ['audit-setting']],
  ['ALTER SYSTEM SET archive_mode = off', 'ALTER SYSTEM', ['conceal']],
  ["COPY t TO PROGRAM 'curl x'", 'COPY PROGRAM', ['execute', 'export'], ['copy-program']],
  ["COPY t FROM '/etc/passwd'", 'COPY FROM', ['execute', 'write'], ['server-file']],
  ['COPY t FROM STDIN', 'COPY FROM', ['write']],
  ['CALL p()', 'CALL', ['execute'], ['function-call']],
  ["CREATE FUNCTION f() RETURNS int LANGUAGE c AS 'a', 'b'", 'CREATE FUNCTION', ['deploy', 'execute'], ['language-c']],
  [
    "CREATE FUNCTION f() RETURNS int LANGUAGE sql SECURITY DEFINER AS 'SELECT 1'",
    'CREATE FUNCTION',
    ['deploy', 'grant'],
    ['security-definer'],
  ],
  ["LOAD '/tmp/x.so'", 'LOAD', ['execute'], ['language-c']],
  ["DO 'BEGIN EXECUTE ''DEL''||''ETE FROM t''; END'", 'DO', ['execute'], ['dynamic-sql']],
  ["DO LANGUAGE plpython3u 'x'", 'DO', ['execute', 'unknown']],
  ['VACUUM FULL t', 'VACUUM FULL', ['deploy', 'disrupt']],
  ['LOCK TABLE t', 'LOCK TABLE', ['disrupt']],
  ['CREATE INDEX CONCURRENTLY i ON t (a)', 'CREATE INDEX', ['deploy'], ['concurrently']],
  ["PREPARE TRANSACTION 'x'", 'PREPARE TRANSACTION', ['disrupt']],
  ['BEGIN', 'BEGIN', []],
  ['LISTEN x', 'LISTEN', []],
]

test.each(kinds)('%s', (sql, operation, effects, traits) => {
  const facts = only(sql)
  expect(facts.operation).toBe(operation)
  expect(facts.effects).toEqual(effects)
  if (traits !== undefined) expect(facts.traits.filter((trait) => trait !== 'full-table-read')).toEqual(traits)
})

describe('statements of one text', () => {
  test('each has its own text, also after characters of several bytes', () => {
    const understanding = grammar.understand("SELECT 'ünïcödé' ; DELETE FROM t WHERE id = 1;")
    expect(understanding.kind === 'understood' && understanding.statements.map((facts) => facts.text)).toEqual([
      "SELECT 'ünïcödé'",
      'DELETE FROM t WHERE id = 1',
    ])
  })

  test('an empty text and one of comments only do nothing', () => {
    for (const sql of ['', '  ', '-- nothing', '/* nothing */ ;']) {
      expect(grammar.understand(sql)).toEqual({ kind: 'understood', statements: [] })
    }
  })

  test('a text that does not parse is unknown, with the reason', () => {
    expect(grammar.understand('DELETE FORM t')).toMatchObject({
      kind: 'unknown',
      reason: expect.stringContaining('syntax error'),
    })
  })
})

describe('texts made to break the parser', () => {
  test.each([
    ['nested sub-selects', `SELECT ${'(SELECT '.repeat(20_000)}1${')'.repeat(20_000)}`],
    ['a chain of operators', `SELECT 1${'+1'.repeat(60_000)}`],
    ['a chain of NOT', `SELECT ${'NOT '.repeat(60_000)}true`],
    ['a zero byte', 'SELECT 1\0; DELETE FROM t'],
    ['more than is read', `SELECT '${'x'.repeat(2_000_000)}'`],
  ])('%s is unknown, not passed on', (_what, sql) => {
    expect(grammar.understand(sql).kind).toBe('unknown')
  })

  test('after hundreds of the deepest texts that are still parsed, ordinary ones parse as ever', async () => {
    for (let i = 0; i < 80; i++) {
      const depth = 100 + 4 * i
      grammar.understand(`SELECT ${i}, ${'(SELECT '.repeat(depth)}1${')'.repeat(depth)}`)
      grammar.understand(`SELECT ${i}${'+1'.repeat(3_900)}`)
      grammar.understand(`SELECT ${i}, ${'CASE WHEN true THEN '.repeat(depth)}1${' END'.repeat(depth)}`)
      grammar.understand(`SELECT ${i}, ${'- '.repeat(3_900)}1`)
    }
    await new Promise((resolve) => setImmediate(resolve))
    for (let i = 0; i < 50; i++) expect(only(`DELETE FROM t${i}`).bounded).toBe(false)
  })
})

describe('the cache', () => {
  test('a read found by its template keeps its own text', () => {
    const facts = [1, 2, 3].map((id) => only(`SELECT * FROM t WHERE id = ${id}`))
    expect(facts.map((each) => each.text)).toEqual([1, 2, 3].map((id) => `SELECT * FROM t WHERE id = ${id}`))
  })

  test('a literal that matters is never taken out: writes are looked at each time', () => {
    expect(only('DELETE FROM t WHERE 2 = 1').bounded).toBe(true)
    expect(only('DELETE FROM t WHERE 1 = 1').bounded).toBe(false)
  })

  test.each([
    "SELECT E'\\'; DELETE FROM t; --'",
    'SELECT $$ 1 $$',
    'SELECT 1 -- 2',
    'SELECT /* 1 */ 2',
    "SELECT U&'x'",
    "SELECT 'it''s'",
    'SELECT "a 1"',
    "SELECT b'1'",
  ])('no template is made of text in which a literal may not be what it looks like: %s', (sql) => {
    expect(templateOf(sql)).toBeUndefined()
  })
})

test('a startup parameter is judged like SET', () => {
  expect(settingFacts('session_replication_role', 'replica').effects).toEqual(['conceal'])
  expect(settingFacts('application_name', 'x').effects).toEqual([])
})

test('EXECUTE, PREPARE and DEALLOCATE name what they are about', () => {
  expect(only('PREPARE p AS DELETE FROM t').prepares).toMatchObject({
    name: 'p',
    statement: { operation: 'DELETE', bounded: false },
  })
  expect(only('EXECUTE p(1)').executes).toBe('p')
  expect(only('EXPLAIN ANALYZE EXECUTE p(1)').executes).toBe('p')
  expect(only('DEALLOCATE p').deallocates).toBe('p')
  expect(only('DISCARD ALL').deallocates).toBe('ALL')
})

test('what cannot be understood is classified as unknown', () => {
  expect(classifyToActions('SELEC 1', grammar)).toMatchObject([{ effects: ['unknown'], impact: { bounded: false } }])
})

test.each([15, 16, 17, 18])('the grammar of version %s reads what all versions share', async (major) => {
  const other = await loadGrammar(major)
  expect(other.major).toBe(major)
  expect(other.understand('DELETE FROM t; DROP TABLE u; SELECT 1')).toMatchObject({
    kind: 'understood',
    statements: [{ operation: 'DELETE', bounded: false }, { operation: 'DROP TABLE' }, { operation: 'SELECT' }],
  })
})

const corpus = new URL('../../../../../shared/corpus/postgres/statements.json', import.meta.url)
const statements = existsSync(corpus)
  ? z
      .array(z.object({ id: z.string(), class: z.string(), expect: z.string(), sql: z.string() }))
      .parse(JSON.parse(readFileSync(corpus, 'utf8')))
  : []

/** What the text alone cannot tell: it takes the catalog, or the rows. */
const needsMoreThanText = new Set([
  'P009',
  'P010',
  'P014',
  'P015',
  'P018',
  'P020',
  'P022',
  'P031',
  'P036',
  'P055',
  'P056',
  'P057',
  'P059',
  'P070',
  'P071',
  'P111',
  'P175',
  'P177',
  'P179',
  'P190',
  'P204',
])

describe.runIf(statements.length > 0)('the shared corpus', () => {
  test.each(statements.map((statement) => [statement.id, statement] as const))('%s', (id, statement) => {
    const understanding = grammar.understand(statement.sql)
    if (understanding.kind !== 'understood') throw new Error(understanding.reason)
    const effects = new Set(understanding.statements.flatMap((facts) => facts.effects))
    const unbounded = understanding.statements.some((facts) => !facts.bounded)
    const grave = ['destroy', 'grant', 'conceal', 'export', 'execute', 'unknown', 'disrupt'].some((effect) =>
      [...effects].some((found) => found === effect),
    )
    if (statement.expect === 'allow') {
      expect(unbounded).toBe(false)
      expect(grave).toBe(false)
    } else if (!needsMoreThanText.has(id)) expect(unbounded || grave).toBe(true)
  })
})

if (statements.length === 0) {
  test.skip('the shared corpus (not run: ../shared/corpus/postgres/statements.json is not there)', () => undefined)
}
