import type pg from 'pg'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type ChangeDoor, startChangeDoor } from './support/change-door.ts'
import { failure, testServer } from './support/test-server.ts'

/** On a busy machine. */
const soon = { timeout: 20_000 }

const server = testServer()
let door: ChangeDoor
let time: number

beforeEach(async () => {
  time = Date.now()
  await server.direct.query('DROP SCHEMA public CASCADE; CREATE SCHEMA public')
  await server.direct.query('CREATE TABLE orders (id int PRIMARY KEY, note text)')
  await server.direct.query('INSERT INTO orders SELECT generate_series(1, 1000)')
  await server.direct.query('ANALYZE orders')
  door = await startChangeDoor(server.postgres, { now: () => time })
})
afterEach(() => door.close())

const held = { code: 'SP001' }

async function exists(name: string): Promise<boolean> {
  return (await server.direct.query('SELECT to_regclass($1) IS NOT NULL AS is', [name])).rows[0]?.is === true
}

async function used(): Promise<number[]> {
  return (await door.guard.entries('change.used')).flatMap(({ body }) => body.actions.map((_, i) => body.from + i))
}

async function restored(): Promise<number[]> {
  return (await door.guard.entries('change.restored')).map(({ body }) => body.from)
}

/** Cuts the connection under a client, as a network does. */
function cut(client: pg.Client): void {
  const connection: unknown = Reflect.get(client, 'connection')
  Object(connection).stream.destroy()
}

/** Resolves when the door knows that this client is gone. */
async function gone(sessions: number): Promise<void> {
  await expect.poll(() => door.guard.door.sessions, soon).toBe(sessions)
}

test('the statements of an approved change pass once, in order; the record names the change', async () => {
  const { change, secret } = await door.open('CREATE TABLE a (id int); -- first\n CREATE TABLE b (id int)')
  const client = await door.run(secret)
  await client.query('CREATE  TABLE a /* the first */ (id int);')
  await client.query('CREATE TABLE b (id int)')
  expect(await exists('a')).toBe(true)
  expect(door.changes.get(change)?.state).toBe('done')
  const requested = await door.guard.entries('action.requested')
  const creates = requested.filter(({ body }) => body.action.operation === 'CREATE TABLE')
  expect(creates.map(({ body }) => [body.action.change?.id, body.action.change?.verified])).toEqual([
    [change, true],
    [change, true],
  ])
  expect(await used()).toEqual([0, 1])
  // A second time it is a statement as any other.
  expect(await failure(client.query('CREATE TABLE b (id int)'))).toMatchObject(held)
})

describe('is held as any other statement:', () => {
  const ddl = 'CREATE TABLE a (id int)'

  test('the same from a laptop', async () => {
    await door.open(ddl)
    const laptop = await door.guard.connect()
    expect(await failure(laptop.query(ddl))).toMatchObject(held)
    expect(await exists('a')).toBe(false)
  })

  test('one that is not due yet', async () => {
    const { secret } = await door.open('CREATE TABLE a (id int); CREATE TABLE b (id int)')
    const client = await door.run(secret)
    expect(await failure(client.query('CREATE TABLE b (id int)'))).toMatchObject(held)
    await client.query(ddl)
    await client.query('CREATE TABLE b (id int)')
  })

  test.each(['CREATE TABLE a (id bigint)', 'CREATE TABLE A (id int)', 'CREATE TABLE a (id int); CREATE TABLE b ()'])(
    'another one: %s',
    async (other) => {
      const { secret } = await door.open(ddl)
      expect(await failure((await door.run(secret)).query(other))).toMatchObject(held)
      expect(await used()).toEqual([])
    },
  )

  test('one of a change that nobody has approved, and that passes when somebody has', async () => {
    const { change, secret } = await door.open(ddl, { approve: false })
    const client = await door.run(secret)
    expect(await failure(client.query(ddl))).toMatchObject(held)
    await door.changes.approve(change, 'ann', '')
    await client.query(ddl)
  })

  test.each(['reject', 'end'] as const)('one of a change after %s', async (what) => {
    const { change, secret } = await door.open(ddl)
    const client = await door.run(secret)
    await door.changes[what](change, 'ann', 'no')
    expect(await failure(client.query(ddl))).toMatchObject(held)
  })

  test('one of a change whose time is over', async () => {
    const { secret } = await door.open(ddl, { lasts: 60_000 })
    const client = await door.run(secret)
    time += 60_000
    expect(await failure(client.query(ddl))).toMatchObject(held)
  })

  test('one in another database', async () => {
    const { secret } = await door.open(ddl)
    const client = await door.run(secret, { database: 'template1' })
    expect(await failure(client.query(ddl))).toMatchObject(held)
  })

  test.each(['SET search_path TO pg_temp, public', 'SET ROLE pg_monitor'])(
    'one whose names mean something else, after %s',
    async (setting) => {
      const { secret } = await door.open(`${ddl}; RESET search_path`)
      const client = await door.run(secret)
      const set = client.query(setting)
      if (setting.includes('ROLE')) expect(await failure(set)).toMatchObject(held)
      else {
        await set
        expect(await failure(client.query(ddl))).toMatchObject(held)
      }
    },
  )

  test('one with search_path from the startup options', async () => {
    const { secret } = await door.open(ddl)
    const options = `-c search_path=pg_catalog -c sallyport.change=${secret}`
    const client = await door.guard.connect({ options })
    expect(await failure(client.query(ddl))).toMatchObject(held)
  })

  test('one with parameters', async () => {
    const { secret } = await door.open('DELETE FROM orders WHERE id > $1', { rows: [1000] })
    const client = await door.run(secret)
    expect(await failure(client.query('DELETE FROM orders WHERE id > $1', [5]))).toMatchObject(held)
  })
})

test('under a search_path that the change itself sets, its statements pass', async () => {
  const { secret } = await door.open('CREATE SCHEMA s; SET search_path TO s; CREATE TABLE a (id int)')
  const client = await door.run(secret)
  for (const sql of ['CREATE SCHEMA s', 'SET search_path TO s', 'CREATE TABLE a (id int)']) await client.query(sql)
  expect(await exists('s.a')).toBe(true)
})

test('a client with a wrong secret is told at once', async () => {
  await door.open('CREATE TABLE a (id int)')
  for (const wrong of ['spc_no', `spc_${'a'.repeat(43)}`, '']) {
    expect(await failure(door.run(wrong))).toMatchObject({ code: '28000', severity: 'FATAL' })
  }
})

test('the secret reaches neither the server nor the record; other options do', async () => {
  const { secret } = await door.open('CREATE TABLE a (id int)')
  const options = `-c statement_timeout=7s -c sallyport.change=${secret} -c application_name=two\\ words`
  const client = await door.guard.connect({ options })
  expect((await client.query('SHOW statement_timeout')).rows).toEqual([{ statement_timeout: '7s' }])
  expect((await client.query('SHOW application_name')).rows).toEqual([{ application_name: 'two words' }])
  expect(await failure(client.query('SHOW sallyport.change'))).toMatchObject({ code: '42704' })
  await door.guard.ledger.flush()
  const record: unknown[] = []
  for await (const entry of door.guard.ledger.entries()) record.push(entry)
  expect(JSON.stringify(record)).not.toContain(secret.slice(0, 20))
})

describe('a transaction', () => {
  const two = 'CREATE TABLE a (id int); CREATE TABLE b (id int)'

  async function runTwo(client: pg.Client, end: string): Promise<void> {
    for (const sql of ['BEGIN', 'CREATE TABLE a (id int)', 'CREATE TABLE b (id int)', end]) await client.query(sql)
  }

  test('that is rolled back has used nothing, and runs again', async () => {
    const { secret } = await door.open(two)
    const client = await door.run(secret)
    await runTwo(client, 'ROLLBACK')
    expect(await used()).toEqual([])
    await runTwo(client, 'COMMIT')
    expect(await used()).toEqual([0, 1])
    expect(await exists('b')).toBe(true)
    await client.query('BEGIN')
    expect(await failure(client.query('CREATE TABLE a (id int)'))).toMatchObject(held)
  })

  test('whose connection is lost before COMMIT has used nothing', async () => {
    const { secret } = await door.open(two)
    const first = await door.run(secret)
    await first.query('BEGIN')
    await first.query('CREATE TABLE a (id int)')
    cut(first)
    await gone(0)
    await runTwo(await door.run(secret), 'COMMIT')
    expect(await used()).toEqual([0, 1])
  })

  test('that fails has used nothing, also when its COMMIT is what fails', async () => {
    const deferred = 'CREATE TABLE c (id int UNIQUE DEFERRABLE INITIALLY DEFERRED); INSERT INTO c VALUES (1), (1)'
    const { secret } = await door.open(deferred)
    const client = await door.run(secret)
    await client.query('BEGIN')
    for (const sql of deferred.split('; ')) await client.query(sql)
    expect(await failure(client.query('COMMIT'))).toMatchObject({ code: '23505' })
    await expect.poll(restored, soon).toEqual([0])
    expect(await used()).toEqual([0, 1])
    await client.query('BEGIN')
    for (const sql of deferred.split('; ')) await client.query(sql)
    await client.query('ROLLBACK')
    expect(await used()).toEqual([0, 1])
  })

  test('in one message is used as a whole, or not at all', async () => {
    const { secret } = await door.open(
      'CREATE TABLE a (id int); SELECT 1/(SELECT count(*) FROM a); CREATE TABLE b (id int)',
    )
    const client = await door.run(secret)
    const whole = 'BEGIN; CREATE TABLE a (id int); SELECT 1/(SELECT count(*) FROM a); CREATE TABLE b (id int); COMMIT'
    expect(await failure(client.query(whole))).toMatchObject({ code: '22012' })
    await client.query('ROLLBACK')
    await expect.poll(restored, soon).toEqual([0])
    expect(await used()).toEqual([0, 1, 2])
    expect(await failure(client.query(whole))).toMatchObject({ code: '22012' })
  })

  test('keeps other sessions of the same run out while it is open', async () => {
    const { secret } = await door.open(two)
    const [one, other] = [await door.run(secret), await door.run(secret)]
    await one.query('BEGIN')
    await one.query('CREATE TABLE a (id int)')
    for (const sql of two.split('; ')) expect(await failure(other.query(sql))).toMatchObject(held)
    await one.query('COMMIT')
    await other.query('CREATE TABLE b (id int)')
  })

  test('counts what ran before ROLLBACK TO a savepoint as used', async () => {
    const { secret } = await door.open(two)
    const client = await door.run(secret)
    await client.query('BEGIN; SAVEPOINT s')
    await client.query('CREATE TABLE a (id int)')
    await client.query('ROLLBACK TO s')
    expect(await failure(client.query('CREATE TABLE a (id int)'))).toMatchObject(held)
  })
})

test('a statement that the server refuses may run again', async () => {
  const { secret } = await door.open('ALTER TABLE later ADD note text')
  const client = await door.run(secret)
  expect(await failure(client.query('ALTER TABLE later ADD note text'))).toMatchObject({ code: '42P01' })
  await server.direct.query('CREATE TABLE later (id int)')
  await client.query('ALTER TABLE later ADD note text')
  await client.query('SELECT 1')
  expect(await failure(client.query('ALTER TABLE later ADD note text'))).toMatchObject(held)
})

test('a statement whose end nobody saw is used; the next one goes on in another session', async () => {
  const { change, secret } = await door.open('ALTER TABLE orders ADD a int; ALTER TABLE orders ADD b int')
  const first = await door.run(secret)
  await server.direct.query('BEGIN; LOCK TABLE orders')
  const lost = first.query('ALTER TABLE orders ADD a int').catch((error: unknown) => error)
  await expect.poll(used, soon).toEqual([0])
  cut(first)
  await lost
  await gone(0)
  await server.direct.query('COMMIT')
  const second = await door.run(secret)
  expect(await failure(second.query('ALTER TABLE orders ADD a int'))).toMatchObject(held)
  await second.query('ALTER TABLE orders ADD b int')
  expect([await restored(), door.changes.get(change)?.state]).toEqual([[], 'done'])
})

test('a restart in the middle goes on where the change was', async () => {
  const { secret } = await door.open('CREATE TABLE a (id int); CREATE TABLE b (id int); CREATE TABLE c (id int)')
  const first = await door.run(secret)
  await first.query('CREATE TABLE a (id int)')
  await first.query('BEGIN; CREATE TABLE b (id int)')
  const { ledger } = door.guard
  await door.guard.door.close()
  door.changes.close()
  door = await startChangeDoor(server.postgres, { ledger, now: () => time })
  const second = await door.run(secret)
  expect(await failure(second.query('CREATE TABLE a (id int)'))).toMatchObject(held)
  await second.query('CREATE TABLE b (id int)')
  await second.query('CREATE TABLE c (id int)')
  expect(await used()).toEqual([0, 1, 2])
})
