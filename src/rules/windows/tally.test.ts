import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Tally } from './tally.ts'

const share = (key: string, amount: number, values: readonly string[] = []) => ({ key, amount, values })

describe('a window in bounded memory', () => {
  it('never counts too little for a key that had to make room', () => {
    const additions = fc.array(
      fc.record({ key: fc.constantFrom(...'abcdefghij'), amount: fc.nat(100), after: fc.nat(30) }),
      { maxLength: 80 },
    )
    fc.assert(
      fc.property(additions, (given) => {
        const tally = new Tally({ measure: 'sum', over: 200 }, 3)
        const all: { key: string; at: number; amount: number }[] = []
        let now = 0
        for (const { key, amount, after } of given) {
          now += after
          tally.add(now, share(key, amount))
          all.push({ key, at: now, amount })
          expect(tally.keys).toBeLessThanOrEqual(3)
          for (const asked of 'abcdefghij') {
            const wanted = all
              .filter((one) => one.key === asked && one.at > now - 200)
              .reduce((s, o) => s + o.amount, 0)
            expect(tally.read(asked, now, undefined, [])).toBeGreaterThanOrEqual(wanted)
          }
        }
      }),
    )
  })

  it('forgets keys whose time is over', () => {
    const tally = new Tally({ measure: 'count', over: 1_000 })
    for (let i = 0; i < 10_000; i++) tally.add(i, share(`actor-${i}`, 1))
    expect(tally.keys).toBeLessThan(2_500)
  })

  it('tells different values apart, each until its last sight has left the window', () => {
    const tally = new Tally({ measure: 'distinct', over: 100 })
    tally.add(0, share('a', 1, ['x', 'y']))
    tally.add(50, share('a', 1, ['x']))
    expect(tally.read('a', 60, share('a', 1, ['z', 'x']), [])).toBe(3)
    expect(tally.read('a', 120, undefined, [])).toBe(1)
    expect(tally.read('b', 120, undefined, [])).toBe(0)
  })
})
