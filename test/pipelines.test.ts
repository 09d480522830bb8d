import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import {
  encodeBind,
  encodeClose,
  encodeExecute,
  encodeMessage,
  encodeParse,
  flushMessage,
  syncMessage,
} from '../src/doors/postgres/wire/encode.ts'
import { type Guard, startGuard } from './support/guard.ts'
import { testServer } from './support/test-server.ts'
import { WireClient } from './support/wire-client.ts'

/** Parse, Bind and Execute of one statement on unnamed statement and portal. */
const run = (text: string) => [encodeParse('', text), encodeBind('', ''), encodeExecute('')]
const query = (text: string) => encodeMessage('Q', text)

const server = testServer()
let guard: Guard
let wire: WireClient

beforeEach(async () => {
  await server.direct.query('DROP TABLE IF EXISTS orders; CREATE TABLE orders (id int PRIMARY KEY)')
  await server.direct.query('INSERT INTO orders SELECT generate_series(1, 1000)')
  await server.direct.query('ANALYZE orders')
  guard = await startGuard(server.postgres, { wait: 0 })
  wire = new WireClient(await guard.connect())
})
afterEach(async () => {
  wire?.end()
  await guard?.close()
})

async function rowsLeft(): Promise<number> {
  const { rows } = await server.direct.query<{ n: number }>('SELECT count(*)::int AS n FROM orders')
  return rows[0]?.n ?? -1
}

describe('batches', () => {
  test('a batch of safe statements runs as one, with one ReadyForQuery', async () => {
    wire.send(...run('DELETE FROM orders WHERE id = 1'), ...run('DELETE FROM orders WHERE id = 2'), syncMessage)
    expect(await wire.ready()).toEqual(['C DELETE 1', 'C DELETE 1', 'Z I'])
    expect(await rowsLeft()).toBe(998)
  })

  test('one held statement holds the whole batch: nothing of it runs', async () => {
    wire.send(...run('DELETE FROM orders WHERE id = 1'), ...run('DELETE FROM orders'), syncMessage)
    expect(await wire.ready()).toEqual(['E SP001', 'Z I'])
    expect(await rowsLeft()).toBe(1000)
  })

  test('BEGIN riding in one batch with the first DELETE, as JDBC sends it, hides nothing', async () => {
    wire.send(...run('BEGIN'), ...run('DELETE FROM orders'), syncMessage)
    // A failed transaction, as the server would have it; nothing in it runs.
    expect(await wire.ready()).toEqual(['E SP001', 'Z E'])
    wire.send(...run('DELETE FROM orders WHERE id = 1'), syncMessage, query('ROLLBACK'))
    expect(await wire.ready(3)).toEqual(['E SP001', 'Z E', 'E 25P02', 'Z E', 'C ROLLBACK', 'Z I'])
    expect(await rowsLeft()).toBe(1000)
  })

  test('several batches sent without waiting are answered in order, a refusal in its place', async () => {
    wire.send(
      ...run('DELETE FROM orders WHERE id = 1'),
      syncMessage,
      ...run('DELETE FROM orders'),
      syncMessage,
      ...run('DELETE FROM orders WHERE id = 2'),
      syncMessage,
      query('SELECT 1'),
    )
    expect(await wire.ready(4)).toEqual([
      'C DELETE 1',
      'Z I',
      'E SP001',
      'Z I',
      'C DELETE 1',
      'Z I',
      'C SELECT 1',
      'Z I',
    ])
  })
})

describe('pipelines with Flush', () => {
  test('each part is judged before it runs, not at the Sync', async () => {
    wire.send(...run('DELETE FROM orders'), flushMessage)
    expect(await wire.seen('E SP001')).toEqual(['E SP001'])
    expect(await rowsLeft()).toBe(1000)
    wire.send(...run('DELETE FROM orders WHERE id = 1'), syncMessage)
    // After an error everything up to Sync is skipped, as the server does it.
    expect(await wire.ready()).toEqual(['E SP001', 'Z I'])
    expect(await rowsLeft()).toBe(1000)
  })

  test('a refusal late in the pipeline takes back what ran before it in the same implicit transaction', async () => {
    wire.send(...run('INSERT INTO orders VALUES (5000)'), flushMessage)
    await wire.seen('C INSERT 0 1')
    wire.send(...run('DELETE FROM orders'), flushMessage)
    await wire.seen('E SP001')
    wire.send(syncMessage)
    expect(await wire.ready()).toEqual(['C INSERT 0 1', 'E SP001', 'Z I'])
    expect(await rowsLeft()).toBe(1000)
    wire.send(query('SELECT 1'))
    expect((await wire.ready(2)).slice(-2)).toEqual(['C SELECT 1', 'Z I'])
  })
})

describe('names', () => {
  test('a Parse refused because the name is taken leaves the old text behind the name', async () => {
    wire.send(encodeParse('s', 'DELETE FROM orders'), syncMessage)
    await wire.ready()
    wire.send(encodeParse('s', 'SELECT 1'), syncMessage)
    expect((await wire.ready(2)).slice(-2)).toEqual(['E 42P05', 'Z I'])
    wire.send(encodeBind('', 's'), encodeExecute(''), syncMessage)
    expect((await wire.ready(3)).slice(-2)).toEqual(['E SP001', 'Z I'])
    expect(await rowsLeft()).toBe(1000)
  })

  test('a Close that the server skipped after an error does not free the name', async () => {
    wire.send(encodeParse('s', 'DELETE FROM orders'), syncMessage)
    await wire.ready()
    wire.send(encodeParse('bad', 'SELEKT'), encodeClose('statement', 's'), encodeParse('s', 'SELECT 1'), syncMessage)
    expect((await wire.ready(2)).slice(-2)).toEqual(['E 42601', 'Z I'])
    wire.send(encodeBind('', 's'), encodeExecute(''), syncMessage)
    expect((await wire.ready(3)).slice(-2)).toEqual(['E SP001', 'Z I'])
    expect(await rowsLeft()).toBe(1000)
  })

  test('a Close that happened does free it', async () => {
    wire.send(encodeParse('s', 'DELETE FROM orders'), syncMessage)
    await wire.ready()
    wire.send(
      encodeClose('statement', 's'),
      encodeParse('s', 'SELECT 1'),
      encodeBind('', 's'),
      encodeExecute(''),
      syncMessage,
    )
    expect((await wire.ready(2)).slice(-2)).toEqual(['C SELECT 1', 'Z I'])
  })

  test("the door's own questions leave the client's unnamed statement and portal alone", async () => {
    wire.send(encodeParse('', 'SELECT 7'), syncMessage)
    await wire.ready()
    wire.send(encodeParse('d', 'DELETE FROM orders WHERE id = 1'), encodeBind('', 'd'), encodeExecute(''), syncMessage)
    await wire.ready(2)
    wire.send(encodeBind('', ''), encodeExecute(''), syncMessage)
    expect((await wire.ready(3)).slice(-2)).toEqual(['C SELECT 1', 'Z I'])
    const { rows } = await server.direct.query("SELECT 1 FROM pg_stat_activity WHERE state = 'idle in transaction'")
    expect(rows).toEqual([])
  })

  test('a portal nobody bound through the door is not run unseen', async () => {
    wire.send(encodeExecute('ghost'), syncMessage)
    expect(await wire.ready()).toEqual(['E SP001', 'Z I'])
  })
})

describe('COPY', () => {
  test('in by simple query', async () => {
    wire.send(query('COPY orders FROM STDIN'))
    await wire.seen('G')
    wire.send(encodeMessage('d', Buffer.from('5001\n5002\n')), encodeMessage('c'))
    expect((await wire.ready()).slice(-2)).toEqual(['C COPY 2', 'Z I'])
    expect(await rowsLeft()).toBe(1002)
  })

  test('in by the extended protocol, where the Sync sent along is swallowed', async () => {
    wire.send(...run('COPY orders FROM STDIN'), syncMessage)
    await wire.seen('G')
    wire.send(encodeMessage('d', Buffer.from('5001\n')), encodeMessage('c'), syncMessage)
    expect((await wire.ready()).slice(-2)).toEqual(['C COPY 1', 'Z I'])
    wire.send(query('SELECT 1'))
    expect((await wire.ready(2)).slice(-2)).toEqual(['C SELECT 1', 'Z I'])
  })

  test('a statement slipped in among the data ends the session instead of running', async () => {
    wire.send(query('COPY orders FROM STDIN'))
    await wire.seen('G')
    wire.send(encodeMessage('d', Buffer.from('5001\n')), query('DELETE FROM orders'))
    await wire.seen('E 08P01')
    expect(await rowsLeft()).toBe(1000)
  })

  test('out', async () => {
    wire.send(query('COPY orders TO STDOUT'))
    expect((await wire.ready()).slice(-2)).toEqual(['C COPY 1000', 'Z I'])
  })
})

describe('messages past the SQL parser', () => {
  test('a FunctionCall is not run unseen', async () => {
    const call = encodeMessage('F', Buffer.from([0, 0, 0x0c, 0xb7, 0, 0, 0, 0, 0, 0]))
    wire.send(call)
    expect(await wire.ready()).toEqual(['E SP001', 'Z I'])
  })

  test.each([
    ['an unknown message type', encodeMessage('y', Buffer.alloc(3))],
    ['a Bind that is not well formed', encodeMessage('B', Buffer.from([1, 2, 3]))],
    ['a message with an impossible length', Buffer.from([0x51, 0, 0, 0, 1])],
  ])('%s ends the session with a protocol violation', async (_what, bytes) => {
    wire.send(bytes, syncMessage)
    expect((await wire.seen('E 08P01')).at(-1)).toBe('E 08P01')
  })
})
