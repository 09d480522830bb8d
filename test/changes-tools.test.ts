import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { drizzle } from 'drizzle-orm/node-postgres'
import { migrate } from 'drizzle-orm/node-postgres/migrator'
import { runner } from 'node-pg-migrate'
import type pg from 'pg'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type ChangeDoor, changeRules, startChangeDoor } from './support/change-door.ts'
import { judgeOf } from './support/guard.ts'
import { testServer } from './support/test-server.ts'

const server = testServer()
let door: ChangeDoor
let folder: string

/** What tools write down of what they have run, by ordinary rules: as docs/guides/changes.md shows it. */
const bookkeeping = `!(size(resources) > 0 && resources.all(r, r.name in ["public.pgmigrations", "pgmigrations"]))`
const judge = judgeOf(changeRules.replace('!(has(change.id)', `${bookkeeping} && !(has(change.id)`))

beforeEach(async () => {
  await server.direct.query('DROP SCHEMA public CASCADE; CREATE SCHEMA public; DROP SCHEMA IF EXISTS drizzle CASCADE')
  folder = await mkdtemp(join(tmpdir(), 'sallyport-tools-'))
  door = await startChangeDoor(server.postgres, { judge })
})
afterEach(async () => {
  await door.close()
  await rm(folder, { recursive: true, force: true })
})

const steps = ['CREATE TABLE orders (id int PRIMARY KEY)', 'ALTER TABLE orders ADD COLUMN note text']

async function columns(): Promise<number> {
  const found = await server.direct.query(`SELECT FROM information_schema.columns WHERE table_name = 'orders'`)
  return found.rowCount ?? 0
}

async function holds(): Promise<string[]> {
  return (await door.guard.entries('hold.opened')).map(({ body }) => body.actions[0]?.operation ?? '')
}

describe('drizzle-orm, whose bookkeeping is listed in the change', () => {
  /** What the migrator sends before the migrations. */
  const journal = [
    'CREATE SCHEMA IF NOT EXISTS "drizzle"',
    'CREATE TABLE IF NOT EXISTS "drizzle"."__drizzle_migrations" ( id SERIAL PRIMARY KEY, hash text NOT NULL, created_at bigint )',
  ]
  const file = (statements: readonly string[]) => statements.join(';--> statement-breakpoint\n')

  async function put(statements: readonly string[]): Promise<void> {
    await mkdir(join(folder, 'meta'), { recursive: true })
    const entries = [{ idx: 0, version: '7', when: 1, tag: '0000_orders', breakpoints: true }]
    await writeFile(
      join(folder, 'meta/_journal.json'),
      JSON.stringify({ version: '7', dialect: 'postgresql', entries }),
    )
    await writeFile(join(folder, '0000_orders.sql'), file(statements))
  }

  const up = (client: pg.Client) => migrate(drizzle({ client }), { migrationsFolder: folder })

  test('passes once it is approved, and has nothing to do the second time', async () => {
    await put(steps)
    const { change, secret } = await door.open([...journal, file(steps)].join(';\n'))
    await up(await door.run(secret))
    expect([await columns(), door.changes.get(change)?.state, await holds()]).toEqual([2, 'done', []])
  })

  test('is held from a laptop, and with another migration than was approved', async () => {
    await put(steps)
    await expect(up(await door.guard.connect())).rejects.toThrow()
    const { secret } = await door.open([...journal, file(steps)].join(';\n'))
    await put([...steps.slice(0, 1), 'ALTER TABLE orders ADD COLUMN note varchar(9)'])
    await expect(up(await door.run(secret))).rejects.toThrow()
    expect([await columns(), await holds()]).toEqual([0, ['CREATE SCHEMA', 'ALTER TABLE']])
    // Its bookkeeping ran outside the transaction that was rolled back, and is used: what was listed passes once.
    await put(steps)
    await expect(up(await door.run(secret))).rejects.toThrow()
    expect(await columns()).toBe(0)
  })
})

describe('node-pg-migrate, whose bookkeeping is allowed by ordinary rules', () => {
  async function put(statements: readonly string[]): Promise<void> {
    for (const [i, sql] of statements.entries()) await writeFile(join(folder, `${i + 1}_orders.sql`), `${sql};\n`)
  }

  const logger = { info: () => undefined, warn: () => undefined, error: () => undefined }

  /** It holds an advisory lock until its connection ends. */
  async function up(dbClient: pg.Client) {
    try {
      return await runner({ dbClient, dir: folder, direction: 'up', migrationsTable: 'pgmigrations', logger })
    } finally {
      await dbClient.end()
    }
  }

  test('passes once it is approved, and has nothing to do the second time', async () => {
    await put(steps)
    const { change, secret } = await door.open(steps.join(';'))
    expect((await up(await door.run(secret))).map(({ name }) => name)).toEqual(['1_orders', '2_orders'])
    expect([await columns(), door.changes.get(change)?.state, await holds()]).toEqual([2, 'done', []])
    expect(await up(await door.run(secret))).toEqual([])
  })

  test('is held from a laptop; a run that fails halfway is run again', async () => {
    await put(steps)
    const { change, secret } = await door.open(steps.join(';'))
    await expect(up(await door.guard.connect())).rejects.toThrow()
    expect(await holds()).toEqual(['CREATE TABLE'])
    await put([steps[0] ?? '', 'ALTER TABLE missing ADD COLUMN note text'])
    await expect(up(await door.run(secret))).rejects.toThrow()
    await put(steps)
    await up(await door.run(secret))
    expect([await columns(), door.changes.get(change)?.state]).toEqual([2, 'done'])
  })
})
