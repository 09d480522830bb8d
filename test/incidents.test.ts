import { readFileSync } from 'node:fs'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { CorpusDatabase, shippedJudge } from './support/corpus.ts'
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
      judge: shippedJudge(),
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
