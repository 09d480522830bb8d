import { describe, expect, test } from 'vitest'
import { filterQuery, readFilter } from './filter.ts'

describe('a filter in an address', () => {
  test('is taken as far as it makes sense, whoever wrote it', () => {
    expect(
      readFilter({ text: 'a b', verdict: 'hold', effect: 'nonsense', since: 'yesterday', door: {}, x: 'y' }),
    ).toEqual({
      text: 'a b',
      verdict: 'hold',
    })
    expect(readFilter({ text: 42, verdict: '__proto__', until: '2026-01-01T00:00:00Z' })).toEqual({
      text: '42',
      until: '2026-01-01T00:00:00Z',
    })
  })

  test('is asked of the API as it is', () => {
    expect(filterQuery({ text: 'a&b=c', verdict: 'block' })).toBe('text=a%26b%3Dc&verdict=block')
  })
})
