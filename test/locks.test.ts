import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Guard, judgeOf, startGuard, testRules } from './support/guard.ts'
import { availablePostgres, startTestPostgres, type TestPostgres } from './support/postgres.ts'

describe.each(
  availablePostgres()
    .slice(0, 1)
    .map((kind) => [kind.name, kind] as const),
)('a lock, %s', (_name, kind) => {
  let postgres: TestPostgres
  let guard: Guard

  beforeAll(async () => {
    postgres = await startTestPostgres(kind)
    guard = await startGuard(postgres, { judge: judgeOf(testRules) })
  }, 120_000)

  afterAll(async () => {
    await guard?.close()
    await postgres?.stop()
  })

  test('cuts the live sessions of whom it names, with its message, and nobody else', async () => {
    const client = await guard.connect()
    const ended = new Promise<Error>((resolve) => client.once('error', resolve))
    expect(guard.door.cut((actor) => actor.id === 'nobody', 'Locked: no', 'Talk to root.')).toBe(0)
    expect((await client.query('SELECT 1')).rowCount).toBe(1)
    expect(guard.door.cut(() => true, 'Locked: laptop stolen', 'Talk to root.')).toBe(1)
    expect(await ended).toMatchObject({ code: '57P01', message: 'Locked: laptop stolen' })
  })
})
