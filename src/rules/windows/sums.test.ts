import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { windowLimits } from './limits.ts'
import { Sums } from './sums.ts'

const steps = (amount: fc.Arbitrary<number>) =>
  fc.array(fc.record({ after: fc.integer({ min: 0, max: 40 }), amount }), { maxLength: 200 })

describe('a sum over sliding time', () => {
  it('is exact to the millisecond, whatever comes when', () => {
    fc.assert(
      fc.property(steps(fc.integer({ min: 0, max: 1e6 })), (given) => {
        const sums = new Sums()
        const all: { at: number; amount: number }[] = []
        let now = 0
        for (const { after, amount } of given) {
          now += after
          sums.add(now, amount)
          all.push({ at: now, amount })
          const wanted = all.filter(({ at }) => at > now - 100).reduce((sum, one) => sum + one.amount, 0)
          expect(sums.since(now - 100)).toBe(wanted)
        }
      }),
    )
  })

  it('does not drift with fractions and is infinite with an amount nobody knows, until that has left', () => {
    const sums = new Sums()
    for (let i = 0; i < 1_000; i++) sums.add(i, 0.1)
    expect(sums.since(997)).toBe(0.2)
    sums.add(1_000, Number.POSITIVE_INFINITY)
    expect(sums.since(900)).toBe(Number.POSITIVE_INFINITY)
    sums.add(1_001, 5)
    expect(sums.since(1_000)).toBe(5)
  })

  it('is never too low where it has more moments to remember than it may', () => {
    const sums = new Sums()
    const count = windowLimits.moments * 10
    for (let at = 0; at < count; at++) sums.add(at, 1)
    for (const since of [0, count / 2, count - 500, count - 1]) {
      const wanted = count - 1 - since
      expect(sums.since(since)).toBeGreaterThanOrEqual(wanted)
    }
    expect(sums.since(count)).toBe(0)
  })
})
