import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { type Guard, type GuardedClient, startGuard } from './support/guard.ts'
import { MemoryLedger } from './support/memory-ledger.ts'
import { testServer } from './support/test-server.ts'

// Invariant 1, on a real server: the test holds the ledger's sync back and looks, over a second connection, whether
// anything has taken effect meanwhile.

const server = testServer()
let ledger: MemoryLedger
let guard: Guard
let client: GuardedClient

beforeEach(async () => {
  await server.direct.query('DROP TABLE IF EXISTS orders; CREATE TABLE orders (id int PRIMARY KEY)')
  await server.direct.query('INSERT INTO orders SELECT generate_series(1, 50)')
  ledger = new MemoryLedger({ automatic: false })
  guard = await startGuard(server.postgres, { ledger, record: 'strict' })
  client = await syncing(guard.connect())
})
afterEach(async () => {
  await syncing(guard?.close())
})

/** Lets the ledger sync while something is awaited. */
async function syncing<T>(work: Promise<T>): Promise<T> {
  const timer = setInterval(() => ledger.sync(), 1)
  try {
    return await work
  } finally {
    clearInterval(timer)
  }
}

async function rowsLeft(): Promise<number> {
  const { rows } = await server.direct.query<{ n: number }>('SELECT count(*)::int AS n FROM orders')
  return rows[0]?.n ?? -1
}

/** Runs a statement until its intent is appended but not durable; then gives the server every chance to run it. */
async function untilAppended(
  work: () => Promise<unknown>,
): Promise<{ done: Promise<unknown>; settled: () => boolean }> {
  const before = ledger.head.size
  let over = false
  const done = work().then(
    (result) => {
      over = true
      return result
    },
    (error: unknown) => {
      over = true
      return error
    },
  )
  await vi.waitFor(() => expect(ledger.head.size).toBeGreaterThan(before))
  for (let i = 0; i < 20; i++) await server.direct.query('SELECT 1')
  return { done, settled: () => over }
}

test.each([
  ['a simple statement', () => client.query('DELETE FROM orders WHERE id = 1')],
  ['an extended one', () => client.query('DELETE FROM orders WHERE id = $1', [1])],
])('%s takes no effect before its intent is durable, and does after', async (_what, work) => {
  const { done, settled } = await untilAppended(work)
  expect(settled()).toBe(false)
  expect(await rowsLeft()).toBe(50)
  await syncing(done)
  expect(await rowsLeft()).toBe(49)
})

test('in a transaction the work goes ahead, and COMMIT waits for the record of all of it', async () => {
  await syncing(client.query('BEGIN'))
  await client.query('DELETE FROM orders WHERE id = 1')
  const { done, settled } = await untilAppended(() => client.query('COMMIT'))
  expect(settled()).toBe(false)
  expect(await rowsLeft()).toBe(50)
  await syncing(done)
  expect(await rowsLeft()).toBe(49)
})

test('a read whose record is strict gives nothing away before it is durable', async () => {
  const { done, settled } = await untilAppended(() => client.query('SELECT * FROM orders'))
  expect(settled()).toBe(false)
  await syncing(done)
})

test.each([
  ['a simple statement', () => client.query('DELETE FROM orders WHERE id = 1')],
  ['an extended one', () => client.query('DELETE FROM orders WHERE id = $1', [1])],
])('when the disk fails under it, %s fails with SP005 and nothing has changed', async (_what, work) => {
  const { done } = await untilAppended(work)
  ledger.fail()
  expect(await done).toMatchObject({ code: 'SP005' })
  expect(await rowsLeft()).toBe(50)
})

test('when the disk fails before COMMIT, the transaction is lost and nothing has changed', async () => {
  await syncing(client.query('BEGIN'))
  await client.query('DELETE FROM orders WHERE id = 1')
  ledger.fail()
  await expect(client.query('COMMIT')).rejects.toBeDefined()
  expect(await rowsLeft()).toBe(50)
})

test.each([
  ['loses the server', 'SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = $1'],
  ['is killed', ''],
])('a COMMIT whose session %s before it is let through has its ending, and nothing stays', async (_what, sql) => {
  await syncing(client.query("SET application_name = 'ends early'"))
  await syncing(client.query('BEGIN'))
  await syncing(client.query('DELETE FROM orders WHERE id = 1'))
  const { done } = await untilAppended(() => client.query('COMMIT'))
  if (sql === '') Reflect.get(client, 'connection').stream.destroy()
  else await server.direct.query(sql, ['ends early'])
  await vi.waitFor(() => expect(guard.door.sessions).toBe(0))
  await syncing(done)
  const requested = await syncing(guard.entries('action.requested'))
  const settled = await syncing(guard.entries('action.settled'))
  const ended = new Map(settled.map(({ body }) => [body.action, body.outcome]))
  const outcomes = requested.map(({ body: { action } }) => [action.operation, ended.get(action.id)])
  expect(outcomes.slice(-3)).toEqual([
    ['BEGIN', 'completed'],
    ['DELETE', 'completed'],
    ['COMMIT', 'withdrawn'],
  ])
  expect(await rowsLeft()).toBe(50)
})
