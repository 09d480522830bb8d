import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { MemoryLedger } from '../../test/support/memory-ledger.ts'
import { SignInFailures } from './sign-in-failures.ts'

let ledger: MemoryLedger
let failures: SignInFailures

beforeEach(() => {
  vi.useFakeTimers()
  ledger = new MemoryLedger()
  failures = new SignInFailures(ledger, Date.now)
})
afterEach(() => {
  vi.useRealTimers()
})

const fail = async (times: number) => {
  for (let i = 0; i < times; i++) await failures.add({ person: 'ann', address: '10.0.0.1', reason: 'wrong' })
}
const counts = () => ledger.durableEntries.map(({ body }) => 1 + Number(Object(body).more ?? 0))
const total = () => counts().reduce((sum, count) => sum + count, 0)

test('few are on the record one by one', async () => {
  await fail(60)
  expect(counts()).toEqual(Array.from({ length: 60 }, () => 1))
})

test('of a crowd an entry in ten seconds says how many there were, and none is forgotten', async () => {
  await fail(100)
  expect(total()).toBe(60)
  await vi.advanceTimersByTimeAsync(10_000)
  expect(counts().slice(60)).toEqual([40])
  await fail(5)
  failures.close()
  await vi.advanceTimersByTimeAsync(0)
  expect([total(), counts().length]).toEqual([105, 62])
})

test('a day of hammering is 9,000 entries at most', async () => {
  for (let minute = 0; minute < 24 * 60; minute++) {
    await fail(100)
    await vi.advanceTimersByTimeAsync(60_000)
  }
  failures.close()
  await vi.advanceTimersByTimeAsync(0)
  expect(counts().length).toBeLessThanOrEqual(9_000)
  expect(total()).toBe(24 * 60 * 100)
})

test('while the record cannot be written whoever fails is told so', async () => {
  ledger.fail()
  await expect(fail(1)).rejects.toMatchObject({ code: 'ledger_unavailable' })
})
