import { describe, expect, test } from 'vitest'
import { SignInThrottle, type ThrottleLimits, throttleDefaults } from './sign-in-throttle.ts'

function start(limits: Partial<ThrottleLimits> = {}) {
  let now = 0
  const throttle = new SignInThrottle(() => now, { ...throttleDefaults, ...limits })
  return {
    /** Milliseconds that a failed sign-in waits; undefined: it is cut off. */
    fails: (address: string) => {
      const answer = throttle.failed(address)
      if (answer.kind === 'later') answer.answered()
      return answer.kind === 'later' ? answer.after : undefined
    },
    throttle,
    pass: (milliseconds: number) => {
      now += milliseconds
    },
  }
}

describe('failed sign-ins', () => {
  test('cost nothing at first, and then twice as long each time, up to a limit', () => {
    const { fails } = start()
    const waits = Array.from({ length: 12 }, () => fails('10.0.0.1'))
    expect(waits).toEqual([0, 0, 0, 500, 1_000, 2_000, 4_000, 8_000, 16_000, 16_000, 16_000, 16_000])
  })

  test('of one place do not slow down another', () => {
    const { fails } = start()
    for (let i = 0; i < 20; i++) fails('10.0.0.1')
    expect(fails('10.0.0.2')).toBe(0)
  })

  test('are forgotten after a while without any', () => {
    const { fails, pass } = start()
    for (let i = 0; i < 20; i++) fails('10.0.0.1')
    pass(throttleDefaults.forget - 1)
    expect(fails('10.0.0.1')).toBe(16_000)
    pass(throttleDefaults.forget)
    expect(fails('10.0.0.1')).toBe(0)
  })

  test('that come while many wait are cut off, and counted with the next that goes on the record', () => {
    const { throttle } = start()
    const waiting = Array.from({ length: throttleDefaults.waiting }, () => throttle.failed('10.0.0.1'))
    for (let i = 0; i < 37; i++) expect(throttle.failed('10.0.0.1')).toEqual({ kind: 'now' })
    for (const answer of waiting) if (answer.kind === 'later') answer.answered()
    expect(throttle.failed('10.0.0.1')).toMatchObject({ kind: 'later', more: 37 })
    expect(throttle.failed('10.0.0.1')).toMatchObject({ kind: 'later', more: 0 })
  })

  test('of very many places take a bounded memory: the oldest place is forgotten', () => {
    const { fails } = start({ places: 3 })
    for (let i = 0; i < 5; i++) fails('10.0.0.1')
    for (let i = 2; i < 5; i++) fails(`10.0.0.${i}`)
    expect(fails('10.0.0.1')).toBe(0)
  })
})
