import pg from 'pg'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { CorpusDatabase, type CorpusStatement, readCorpus, shippedRules } from './support/corpus.ts'
import { full } from './support/full.ts'
import { type Guard, startGuard } from './support/guard.ts'
import { availablePostgres, startTestPostgres, type TestPostgres } from './support/postgres.ts'

const statements = [...readCorpus('statements.json'), ...readCorpus('further.json')]

/** What came of a text sent through the door: the rows, or the SQLSTATE it failed with. */
type Came = { readonly results: readonly Result[] } | { readonly code: string; readonly message: string }
interface Result {
  readonly command: string
  readonly rowCount: number | null
  readonly rows: readonly unknown[]
}

async function send(client: pg.Client, query: string | { text: string; queryMode?: string }): Promise<Came> {
  try {
    const came: pg.QueryResult | pg.QueryResult[] = await client.query(query)
    const results = Array.isArray(came) ? came : [came]
    return { results: results.map(({ command, rowCount, rows }) => ({ command, rowCount, rows })) }
  } catch (error) {
    if (error instanceof pg.DatabaseError) return { code: error.code ?? '', message: error.message }
    throw error
  }
}

/** Each statement by each protocol and on each server; both protocols on all servers in a full run. */
const servers = availablePostgres().map((kind, index, all) => {
  const one: 'simple' | 'extended' = index % 2 === 0 ? 'simple' : 'extended'
  return [kind.name, kind, full || all.length === 1 ? (['simple', 'extended'] as const) : [one]] as const
})

describe.each(servers)(
  'the statement corpus on %s, through the door with the shipped rules, as the owner of the tables',
  (_name, kind, protocols) => {
    let postgres: TestPostgres
    let database: CorpusDatabase
    let guard: Guard
    let before: string

    beforeAll(async () => {
      postgres = await startTestPostgres(kind)
      // On one server the planner knows the tables, on the other nobody has analysed them.
      database = await CorpusDatabase.create(postgres, 'schema.sql', { analysed: kind.name !== 'embedded-18' })
      before = await database.fingerprint()
      guard = await startGuard(postgres, { ...shippedRules(), wait: 0 })
    })
    afterAll(async () => {
      await guard?.close()
      await database?.close()
      await postgres?.stop()
    })

    async function through(statement: CorpusStatement, mode: 'simple' | 'extended'): Promise<Came> {
      const client = await guard.connect({ user: 'app', password: 'app', database: database.name })
      try {
        const { sql } = statement
        return await send(client, mode === 'simple' ? sql : { text: sql, queryMode: 'extended' })
      } finally {
        await client.end()
      }
    }

    /** The worst verdict that the record has of what was asked since `from`. */
    async function verdicts(from: number) {
      const entries = await guard.entries('action.requested')
      return entries.filter(({ index }) => index >= from).map(({ body }) => body.judged)
    }

    const stopped = statements.filter(({ expect }) => expect === 'hold' || expect === 'block')
    const passing = statements.filter(({ expect }) => expect === 'allow' || expect === 'flag')
    // Several statements in one text go by the simple protocol only.
    const modes = ({ sql }: CorpusStatement) => (/;\s*\S/.test(sql) ? (['simple'] as const) : protocols)
    const cases = (of: readonly CorpusStatement[]) =>
      of.flatMap((statement) =>
        modes(statement).map((mode) => [`${statement.id} ${statement.sql} (${mode})`, statement, mode] as const),
      )

    test.each(cases(stopped))('stopped: %s', async (_title, statement, mode) => {
      const came = await through(statement, mode)
      const after = await database.fingerprint()
      if (after !== before) await database.reset()
      expect(after).toBe(before)
      expect(came).toMatchObject({ code: statement.expect === 'block' ? 'SP002' : 'SP001' })
    })

    test.each(cases(passing))('let through: %s', async (_title, statement, mode) => {
      await database.direct.query('BEGIN')
      const alone = await send(database.direct, statement.sql)
      await database.direct.query('ROLLBACK')
      const from = guard.ledger.head.size
      const came = await through(statement, mode)
      try {
        expect(came).not.toHaveProperty('code')
        // What cannot run inside a transaction has no result to compare with.
        if (!('code' in alone)) expect(came).toEqual(alone)
        for (const [table, counts] of Object.entries(statement.effect ?? {}))
          if (Array.isArray(counts)) expect([table, await database.count(table)]).toEqual([table, counts[1]])
      } finally {
        if ((await database.fingerprint()) !== before) await database.reset()
      }
      const judged = (await verdicts(from)).map((judgement) => judgement?.verdict)
      expect(judged).toContain(statement.expect)
    })
  },
)
