import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import {
  encodeBind,
  encodeClose,
  encodeExecute,
  encodeMessage,
  encodeParse,
  flushMessage,
  syncMessage,
} from '../src/doors/postgres/wire/encode.ts'
import { type Guard, type GuardedClient, judgeOf, startGuard } from './support/guard.ts'
import { testServer } from './support/test-server.ts'
import { WireClient } from './support/wire-client.ts'

// Whatever bytes a client sends: other sessions feel nothing, and what the rules forbid does not happen.

/** Nothing may be deleted here, by any way of saying it. */
const rules = `  - { id: keep, about: Nothing is deleted here, when: '"delete" in effects || "destroy" in effects || "execute" in effects', then: block }\n`
const runs = Number(process.env.SALLYPORT_FUZZ_RUNS ?? 60)

const server = testServer()
let guard: Guard
let bystander: GuardedClient

beforeAll(async () => {
  await server.direct.query('CREATE TABLE kept (id int PRIMARY KEY)')
  await server.direct.query('INSERT INTO kept SELECT generate_series(1, 100)')
  guard = await startGuard(server.postgres, { wait: 0, judge: judgeOf(rules) })
  bystander = await guard.connect()
})
afterAll(async () => {
  await guard?.close()
})

async function allIsWell(): Promise<void> {
  expect((await bystander.query('SELECT 1 AS one')).rows).toEqual([{ one: 1 }])
  const { rows } = await server.direct.query<{ n: number }>('SELECT count(*)::int AS n FROM kept WHERE id <= 100')
  expect(rows[0]?.n).toBe(100)
}

const names = fc.constantFrom('', 'a', 'b')
const texts = fc.constantFrom(
  'DELETE FROM kept',
  'DELETE FROM kept WHERE id = 1',
  'SELECT 1',
  'SELECT count(*) FROM kept',
  'INSERT INTO kept VALUES (1000) ON CONFLICT DO NOTHING',
  'BEGIN',
  'COMMIT',
  'ROLLBACK',
  'SAVEPOINT s',
  'PREPARE a AS DELETE FROM kept',
  'PREPARE b AS SELECT 1',
  'EXECUTE a',
  'EXECUTE b',
  'DEALLOCATE a',
  'DISCARD ALL',
  'DECLARE b CURSOR FOR SELECT * FROM kept',
  'COPY kept TO STDOUT',
  'COPY kept FROM STDIN',
  'SELEC 1',
  '',
  'SELECT 1; DELETE FROM kept',
  'SET standard_conforming_strings = off',
  "SELECT '\\'' ; DELETE FROM kept; --'",
  'TRUNCATE kept',
  'MERGE INTO kept k USING (SELECT 1 AS id) s ON k.id = s.id WHEN MATCHED THEN DELETE',
)

/** A message that a client may send, in any order. */
const valid = fc.oneof(
  texts.map((text) => encodeMessage('Q', text)),
  fc.tuple(names, texts).map(([name, text]) => encodeParse(name, text)),
  fc.tuple(names, names).map(([portal, statement]) => encodeBind(portal, statement)),
  names.map((portal) => encodeExecute(portal)),
  fc.tuple(fc.constantFrom('statement' as const, 'portal' as const), names).map(([of, name]) => encodeClose(of, name)),
  fc.tuple(fc.constantFrom('S', 'P'), names).map(([of, name]) => encodeMessage('D', Buffer.from(of), name)),
  fc.constant(syncMessage),
  fc.constant(flushMessage),
  fc.constant(encodeMessage('d', Buffer.from('2000\n'))),
  fc.constant(encodeMessage('c')),
  fc.constant(encodeMessage('f', 'enough')),
)

/**
 * Sends bytes and a last Sync, then waits for as many ReadyForQuery as messages may ask for, for the end of the session,
 * or a moment: after a COPY or an error the server owes fewer.
 */
async function send(chunks: readonly Buffer[], asked: number = 0): Promise<void> {
  const wire = new WireClient(await guard.connect())
  for (const chunk of chunks) wire.send(chunk)
  // A COPY may be under way, and a batch open: this ends either.
  wire.send(encodeMessage('f', 'end'), syncMessage)
  await Promise.race([wire.ready(asked + 1), new Promise((resolve) => setTimeout(resolve, 300))])
  wire.end()
}

test('valid messages in any order, cut anywhere', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(valid, { minLength: 1, maxLength: 14 }),
      fc.array(fc.nat(), { maxLength: 5 }),
      async (messages, cuts) => {
        const stream = Buffer.concat(messages)
        const places = [...new Set(cuts.map((n) => n % (stream.length + 1)))].sort((a, b) => a - b)
        const asked = messages.filter((message) => message[0] === 0x51 || message[0] === 0x53).length
        await send(
          [0, ...places].map((start, i) => stream.subarray(start, places[i] ?? stream.length)),
          asked,
        )
        await allIsWell()
      },
    ),
    { numRuns: runs },
  )
}, 300_000)

test('messages with bytes changed, cut off or thrown in', async () => {
  const broken = fc
    .tuple(
      fc.array(valid, { minLength: 1, maxLength: 6 }),
      fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 6 }),
      fc.nat(40),
    )
    .map(([messages, changes, cutOff]) => {
      const stream = Buffer.concat(messages)
      for (const [at, byte] of changes) stream[at % stream.length] = byte
      return stream.subarray(0, Math.max(1, stream.length - cutOff))
    })
  await fc.assert(
    fc.asyncProperty(
      fc.oneof(broken, fc.uint8Array({ minLength: 1, maxLength: 200 }).map(Buffer.from)),
      async (bytes) => {
        await send([bytes])
        await allIsWell()
      },
    ),
    { numRuns: runs },
  )
}, 300_000)
