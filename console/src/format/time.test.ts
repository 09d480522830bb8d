import { describe, expect, it } from 'vitest'
import { age, countdown } from './time.ts'

describe('ages and countdowns', () => {
  it('says an age in its largest whole unit', () => {
    expect([0, 59_999, 60_000, 3_599_000, 7_200_000, 172_800_000].map(age)).toEqual([
      '0 s',
      '59 s',
      '1 min',
      '59 min',
      '2 h',
      '2 d',
    ])
    expect(age(-5_000)).toBe('0 s')
  })

  it('counts down to the second and stops at nothing', () => {
    expect(countdown(581_000)).toBe('9:41')
    expect(countdown(7_781_000)).toBe('2:09:41')
    expect(countdown(400)).toBe('0:01')
    expect(countdown(-1)).toBe('0:00')
  })
})
