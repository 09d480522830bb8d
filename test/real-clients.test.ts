import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import postgres from 'postgres'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type Guard, startGuard } from './support/guard.ts'
import { availablePostgres } from './support/postgres.ts'
import { runToEnd } from './support/run-to-end.ts'
import { testServer } from './support/test-server.ts'

// Drivers of other languages, as Debian has them, each with a program of its own (test/clients/).

const python = '/usr/bin/python3'
const driver = '/usr/share/java/postgresql.jar'

function whyNot(command: string, args: readonly string[], install: string): string {
  const { status } = spawnSync(command, args, { stdio: 'ignore' })
  return status === 0 ? '' : ` (not run: apt-get install ${install})`
}
const noPsycopg3 = whyNot(python, ['-c', 'import psycopg'], 'python3-psycopg')
const noPsycopg2 = whyNot(python, ['-c', 'import psycopg2'], 'python3-psycopg2')
const noJdbc = existsSync(driver)
  ? whyNot('java', ['--describe-module', 'jdk.compiler'], 'openjdk-17-jdk-headless')
  : ' (not run: apt-get install libpostgresql-jdbc-java openjdk-17-jdk-headless)'

const program = (name: string) => fileURLToPath(new URL(`./clients/${name}`, import.meta.url))

describe.each(availablePostgres().map((kind) => [kind.name, kind] as const))('through the door to %s', (_, kind) => {
  const server = testServer(kind)
  let guard: Guard

  beforeEach(async () => {
    await server.direct.query(`DROP TABLE IF EXISTS kept, added;
      CREATE TABLE kept (id int PRIMARY KEY, note text); CREATE TABLE added (id int);
      INSERT INTO kept SELECT i, 'n' FROM generate_series(1, 500) i; ANALYZE kept`)
    guard = await startGuard(server.postgres, { wait: 0, unknown: 'allow' })
  })
  afterEach(async () => {
    await guard?.close()
  })

  /** What a program that connects to the door says of itself. */
  async function came(command: string, ...args: readonly string[]): Promise<unknown> {
    const { host, port } = guard.door.address
    const { superuser, password } = server.postgres
    const { code, out, err } = await runToEnd(command, [...args, host, String(port), superuser, password])
    expect(code, err).toBe(0)
    return JSON.parse(out)
  }

  test.skipIf(noPsycopg3 !== '')(`psycopg 3${noPsycopg3}`, async () => {
    expect(await came(python, program('with_psycopg3.py'))).toEqual({
      simple: 1,
      extended: 42,
      binary: '00ff',
      prepared: 1,
      executemany: 50,
      copy: 3050,
      notify: 'this',
      cancel: '57014',
      'after cancel': 3,
      refused: 'SP001',
      'after refusal': 500,
      pipeline: 1,
      'refused in a pipeline': 'SP001',
      'left of that pipeline': 0,
      'refused in a transaction': 'SP001',
      transaction: 'INERROR',
      'in the failed transaction': '25P02',
      'rolled back': 'p2',
      'refused in a savepoint': 'SP001',
      'server-side cursor': 500,
      committed: 'after',
    })
  })

  test.skipIf(noPsycopg2 !== '')(`psycopg 2${noPsycopg2}`, async () => {
    expect(await came(python, program('with_psycopg2.py'))).toEqual({
      simple: 2,
      values: "a'bé",
      rows: 50,
      copy: 3050,
      prepared: 1,
      notify: 'this',
      cancel: '57014',
      refused: 'SP001',
      'in the failed transaction': '25P02',
      'rolled back': 'p',
      'refused in a savepoint': 'SP001',
      committed: 'after',
      'server-side cursor': 500,
      'refused by itself': 'SP001',
      'after refusal': 500,
    })
  })

  test('postgres.js, which pipelines what it is given at once', async () => {
    const { host, port } = guard.door.address
    const { superuser: user, password } = server.postgres
    const sql = postgres({ host, port, user, pass: password, database: 'postgres', max: 2, onnotice: () => undefined })
    const code = (work: Promise<unknown>) =>
      work.then(
        () => 'ok',
        (error: unknown) => (error instanceof postgres.PostgresError ? error.code : String(error)),
      )
    const answers = await Promise.all([1, 2, 3, 4].map((n) => sql<{ n: number }[]>`SELECT ${n}::int AS n`))
    expect(answers.map(([row]) => row?.n)).toEqual([1, 2, 3, 4])
    expect(await code(sql`DELETE FROM kept`)).toBe('SP001')
    const told = new Promise<string>(
      (resolve) => void sql.listen('told', resolve, () => void sql.notify('told', 'this')),
    )
    expect(await told).toBe('this')
    const inside: string[] = []
    const transaction = sql.begin(async (within) => {
      await within`UPDATE kept SET note = 'x' WHERE id = 1`
      inside.push(await code(within.savepoint((deeper) => deeper`DELETE FROM kept`)))
      inside.push(await code(within`UPDATE kept SET note = 'after' WHERE id = 2`))
    })
    expect([await code(transaction), ...inside]).toEqual(['ok', 'SP001', 'ok'])
    expect(await code(sql.begin((within) => within`DELETE FROM kept`))).toBe('SP001')
    expect([...(await sql`SELECT note FROM kept WHERE id < 3 ORDER BY id`)]).toEqual([{ note: 'x' }, { note: 'after' }])
    const slow = sql`SELECT pg_sleep(20)`
    const cancelled = code(slow)
    await expect
      .poll(async () => {
        const { rows } = await server.direct.query(`SELECT 1 FROM pg_stat_activity WHERE query = 'SELECT pg_sleep(20)'`)
        return rows.length
      })
      .toBe(1)
    slow.cancel()
    expect(await cancelled).toBe('57014')
    await sql.end()
  })

  test.skipIf(noJdbc !== '')(
    `JDBC${noJdbc}`,
    async () => {
      expect(await came('java', '-cp', driver, program('Jdbc.java'))).toEqual({
        prepared: 1,
        'server-side prepared': 1,
        batch: 500,
        'copy in': 2500,
        'copy out': 3000,
        notify: 'this',
        cancel: '57014',
        refused: 'SP001',
        'after refusal': 500,
        'refused in a transaction': 'SP001',
        'in the failed transaction': '25P02',
        'refused in a savepoint': 'SP001',
        committed: 'x after',
        'too much by its sum, at COMMIT': 'SP001',
        'left of that': 500,
        cursor: 500,
      })
    },
    60_000,
  )
})
