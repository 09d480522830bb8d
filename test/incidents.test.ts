import { readFileSync } from 'node:fs'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { CorpusDatabase, shippedRules } from './support/corpus.ts'
import { type Guard, startGuard } from './support/guard.ts'
import { startTestPostgres, type TestPostgres } from './support/postgres.ts'

/** Public incidents that came through a database, as the statements that did it. */
const replays = z
  .array(
    z.object({
      incident: z.string(),
      actor: z.enum(['human', 'agent']),
      sql: z.array(z.string()).min(1),
      verdict: z.enum(['hold', 'block']),
      /** The rule that stops the first of them. */
      rule: z.string(),
      /** What looks like it and is done every day. */
      twin: z.array(z.string()).min(1),
      twinActor: z.enum(['human', 'agent']).optional(),
      routine: z.string(),
    }),
  )
  .parse(JSON.parse(readFileSync(new URL('./corpus/incident-replays.json', import.meta.url), 'utf8')))

const table = readFileSync(new URL('../docs/incidents.md', import.meta.url), 'utf8')

async function failure(work: Promise<unknown>): Promise<pg.DatabaseError> {
  try {
    await work
  } catch (error) {
    if (error instanceof pg.DatabaseError) return error
    throw error
  }
  throw new Error('the statement was let through')
}

function codeOf(error: unknown): string {
  return error instanceof pg.DatabaseError ? String(error.code) : String(error)
}

describe('incidents that came through a database, replayed against the shipped rules', () => {
  let postgres: TestPostgres
  let database: CorpusDatabase
  let guard: Guard
  let before: string

  beforeAll(async () => {
    postgres = await startTestPostgres()
    database = await CorpusDatabase.create(postgres, 'incidents.sql', { name: 'incidents' })
    // The agent has all the rights of the application, as in the incidents.
    await database.direct.query("CREATE ROLE robot LOGIN PASSWORD 'robot' IN ROLE app")
    before = await database.fingerprint()
    guard = await startGuard(postgres, {
      ...shippedRules(),
      wait: 0,
      identify: (id) => ({ kind: id.endsWith(':robot') ? 'agent' : 'human' }),
    })
  })
  afterAll(async () => {
    await guard?.close()
    await database?.close()
    await postgres?.stop()
  })

  async function as(
    actor: 'human' | 'agent',
    statements: readonly string[],
    work: (done: Promise<unknown>, at: number) => Promise<void>,
  ) {
    const user = actor === 'agent' ? 'robot' : 'app'
    const client = await guard.connect({ user, password: user, database: 'incidents' })
    try {
      for (const [at, statement] of statements.entries()) await work(client.query(statement), at)
    } finally {
      await client.end()
    }
  }

  test.each(replays.map((replay) => [replay.incident, replay] as const))(
    '%s is stopped by the right rule before a row is gone',
    async (_name, { actor, sql, verdict, rule }) => {
      const from = guard.ledger.head.size
      await as(actor, sql, async (done) => {
        const error = await failure(done)
        expect(['SP001', 'SP002']).toContain(error.code)
      })
      expect(await database.fingerprint()).toBe(before)
      const requested = (await guard.entries('action.requested')).filter(({ index }) => index >= from)
      const [first] = requested.map(({ body }) => body.judged).filter((judged) => judged?.matched.length !== 0)
      expect(first).toMatchObject({ verdict, matched: expect.arrayContaining([rule]) })
    },
  )

  test.each(replays.map((replay) => [replay.incident, replay] as const))(
    'the routine twin of %s passes',
    async (_name, { actor, twin, twinActor }) => {
      await as(twinActor ?? actor, twin, async (done) => {
        await done
      })
      await database.reset()
    },
  )

  test('neetodeploy-2023, a loop that deletes one application after the other, is stopped after a few', async () => {
    const from = guard.ledger.head.size
    const client = await guard.connect({ user: 'app', password: 'app', database: 'incidents' })
    const stopped: unknown[] = []
    for (let id = 1; id <= 100; id++) {
      await client.query('DELETE FROM apps WHERE id = $1', [id]).catch((error: unknown) => stopped.push(error))
    }
    expect(stopped).toHaveLength(80)
    for (const error of stopped) expect(error).toMatchObject({ code: 'SP001' })
    const { rows } = await database.direct.query('SELECT count(*)::int AS n FROM apps')
    expect(rows).toEqual([{ n: 1_500 - 20 }])
    const judged = (await guard.entries('action.requested')).filter(({ index }) => index >= from).at(-1)?.body.judged
    expect(judged).toMatchObject({ verdict: 'hold', rule: 'delete-loop-entities' })
    await client.end()
    await database.reset()
  })

  test('the routine twin of neetodeploy-2023, the few applications of closed pull requests, passes', async () => {
    const client = await guard.connect({ user: 'app', password: 'app', database: 'incidents' })
    for (let id = 1; id <= 12; id++) await client.query('DELETE FROM apps WHERE id = $1', [id])
    const { rows } = await database.direct.query('SELECT count(*)::int AS n FROM apps')
    expect(rows).toEqual([{ n: 1_500 - 12 }])
    await client.end()
    await database.reset()
  })

  test('a purge of a large table in slices of 500 is held when it comes to 5,000 within ten minutes', async () => {
    const client = await guard.connect({ user: 'app', password: 'app', database: 'incidents' })
    await database.direct.query('INSERT INTO comments SELECT g, 1, $1 FROM generate_series(4001, 40000) g', ['c'])
    await database.direct.query('ANALYZE comments')
    const outcomes: string[] = []
    for (let slice = 0; slice < 15; slice++) {
      const sql = 'DELETE FROM comments WHERE id IN (SELECT id FROM comments WHERE id > 4000 ORDER BY id LIMIT 400)'
      outcomes.push(await client.query(sql).then(({ rowCount }) => String(rowCount), codeOf))
    }
    // The few rows that the tests before have deleted count too.
    const passed = outcomes.indexOf('SP001')
    expect(passed).toBeGreaterThanOrEqual(11)
    expect(outcomes).toEqual(outcomes.map((_, slice) => (slice < passed ? '400' : 'SP001')))
    const judged = (await guard.entries('action.requested')).at(-1)?.body.judged
    expect(judged).toMatchObject({ rule: 'slow-purge' })
    await client.end()
    await database.reset()
  })

  test.each(replays.map((replay) => [replay.incident, replay] as const))(
    '%s stands in the table of docs/incidents.md',
    (_name, { incident, rule, verdict }) => {
      const row = table.split('\n').find((line) => line.includes(`| ${incident} |`))
      expect(row, incident).toBeDefined()
      expect(row).toContain(`\`${rule}\``)
      expect(row).toContain(` ${verdict} `)
    },
  )
})
