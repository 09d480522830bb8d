import fc from 'fast-check'
import { beforeEach, expect, test } from 'vitest'
import { SignInThrottle } from './sign-in-throttle.ts'

let time = 0
let throttle: SignInThrottle
beforeEach(() => {
  time = 1_000_000
  throttle = new SignInThrottle({ now: () => time, size: 100 })
})

const attempt = (account: string | undefined, address: string, device?: string) =>
  throttle.attempt({ account, address, device })

test('five mistakes cost nothing, then each costs twice the time of the one before, up to a minute', () => {
  const waits: number[] = []
  for (let i = 0; i < 14; i++) {
    const wait = attempt('ann', `10.0.0.${i}`)
    waits.push(wait)
    time += wait
    if (wait > 0) expect(attempt('ann', `10.0.0.${i}`)).toBe(0)
  }
  expect(waits).toEqual([0, 0, 0, 0, 0, 1, 2, 4, 8, 16, 32, 60, 60, 60].map((s) => s * 1_000))
})

test('getting it right clears the account, an hour of quiet clears everything', () => {
  for (let i = 0; i < 5; i++) attempt('ann', `10.0.0.${i}`)
  expect(attempt('ann', '10.9.9.9')).toBe(1_000)
  time += 1_000
  expect(attempt('ann', '10.9.9.9')).toBe(0)
  throttle.succeeded({ account: 'ann', address: '10.9.9.9' })
  expect(attempt('ann', '10.9.9.9')).toBe(0)
  for (let i = 0; i < 30; i++) attempt(`a${i}`, '10.0.0.1')
  expect(attempt('x', '10.0.0.1')).toBeGreaterThan(0)
  time += 3_600_000
  expect(attempt('x', '10.0.0.1')).toBe(0)
})

test('one address that tries many names is slowed down; one IPv6 network is one address', () => {
  const refused = (address: (i: number) => string) =>
    Array.from({ length: 30 }, (_, i) => attempt(`name${i}${address(0)}`, address(i))).filter((w) => w > 0)
  expect(refused(() => '10.0.0.1')).toHaveLength(10)
  expect(refused((i) => `2001:db8:1:2::${i}`)).toHaveLength(10)
  expect(refused((i) => `2001:db8:9:${i}::1`)).toHaveLength(0)
})

test('failing in somebody’s name, from everywhere and without end, does not keep them out of a browser they have used', () => {
  for (let i = 0; i < 100; i++) attempt('ann', `10.0.${i}.1`)
  expect(attempt('ann', '10.9.9.9')).toBeGreaterThan(0)
  expect(attempt('ann', '10.9.9.9', 'her laptop')).toBe(0)
  for (let i = 0; i < 5; i++) attempt('ann', '10.9.9.9', 'her laptop')
  expect(attempt('ann', '10.9.9.9', 'her laptop')).toBeGreaterThan(0)
  throttle.succeeded({ account: 'ann', address: '10.9.9.9', device: 'her laptop' })
  expect(attempt('ann', '10.9.9.9', 'her laptop')).toBe(0)
})

test('without a name only the address counts', () => {
  for (let i = 0; i < 100; i++) attempt(undefined, '10.0.0.1')
  expect(attempt(undefined, '10.0.0.1')).toBeGreaterThan(0)
  expect(attempt(undefined, '10.0.0.2')).toBe(0)
})

test('holds no more than it may, whatever is sent', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.string(), fc.string()), { maxLength: 300 }), (tries) => {
      const small = new SignInThrottle({ now: () => time, size: 50 })
      for (const [account, address] of tries) small.attempt({ account, address })
      expect(small.size).toBeLessThanOrEqual(50)
    }),
  )
})
