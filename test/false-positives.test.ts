import pg from 'pg'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ensureShop, playTraffic, shopDatabase, shopUsers, trafficSchema, weekOfTraffic } from '../src/demo/index.ts'
import { shippedRules } from './support/corpus.ts'
import { type Guard, startGuard } from './support/guard.ts'
import { startTestPostgres, type TestPostgres } from './support/postgres.ts'

/** Numbers from 0 up to 1, always the same (mulberry32). */
function numbers(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296
  }
}

describe('an ordinary week through the door, with the shipped rules', () => {
  let postgres: TestPostgres
  let guard: Guard
  let now = Date.parse('2026-11-02T00:00:00Z')
  const monday = now

  beforeAll(async () => {
    postgres = await startTestPostgres()
    await ensureShop(postgres)
    const owner = new pg.Client({ connectionString: postgres.url('shop', 'shop-demo', shopDatabase) })
    await owner.connect()
    await owner.query(trafficSchema)
    await owner.query('ANALYZE')
    await owner.end()
    guard = await startGuard(postgres, { ...shippedRules(), wait: 0, now: () => now, name: 'shop' })
  })
  afterAll(async () => {
    await guard?.close()
    await postgres?.stop()
  })

  test('interrupts fewer than five times a day, and never the application', async () => {
    const actions = weekOfTraffic(numbers(20_261_102), 3_000)
    const users = { web: 'shop', worker: 'shop', deploy: 'shop', oncall: 'alice' } as const
    const { refused, failed } = await playTraffic(
      actions,
      (by) => {
        const user = users[by]
        const password = shopUsers.find(({ name }) => name === user)?.password
        return guard.connect({ user, ...(password === undefined ? {} : { password }), database: shopDatabase })
      },
      (at) => {
        now = monday + at
      },
    )
    expect(failed.map(({ action, message }) => `${message}: ${action.sql}`)).toEqual([])
    const said = refused.map(({ action, message }) => `${action.by} ${action.work}: ${action.sql} → ${message}`)
    expect(said.filter((line) => !line.startsWith('deploy migration'))).toEqual([])
    const days = new Map<number, number>()
    for (const { action } of refused) {
      const day = Math.floor(action.at / 86_400_000)
      days.set(day, (days.get(day) ?? 0) + 1)
    }
    for (const holds of days.values()) expect(holds).toBeLessThan(5)
  }, 180_000)
})
