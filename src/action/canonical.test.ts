import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { CanonicalValue, canonicalJson } from './canonical.ts'

class Answer extends CanonicalValue {
  readonly answer = 42

  constructor() {
    super('{"answer":42}')
  }
}

describe('canonicalJson', () => {
  it('sorts keys by UTF-16 code unit, at every depth (RFC 8785 section 3.2.3)', () => {
    const value = { '\u20ac': 1, '\r': 2, '\ufb33': 3, '1': 4, '\u{1f600}': 5, '\u0080': 6, '\u00f6': [{ b: 1, a: 2 }] }
    expect(canonicalJson(value)).toBe(
      '{"\\r":2,"1":4,"\u0080":6,"\u00f6":[{"a":2,"b":1}],"\u20ac":1,"\u{1f600}":5,"\ufb33":3}',
    )
  })

  it('carries the same value, whatever order the members came in', () => {
    fc.assert(
      fc.property(fc.jsonValue({ stringUnit: 'binary' }), (value) => {
        const text = canonicalJson(value)
        expect(JSON.parse(text)).toEqual(JSON.parse(JSON.stringify(value)))
        expect(canonicalJson(reversed(value))).toBe(text)
      }),
    )
  })

  it('refuses what JSON cannot carry', () => {
    for (const value of [Number.NaN, Number.POSITIVE_INFINITY, '\ud800', () => 1, 1n]) {
      expect(() => canonicalJson({ value })).toThrow(TypeError)
    }
  })

  it('takes the text of a value that carries its own, and makes it anew for a copy', () => {
    const value = new Answer()
    expect(canonicalJson({ value })).toBe('{"value":{"answer":42}}')
    expect(CanonicalValue.textOf(value)).toBe('{"answer":42}')
    expect(CanonicalValue.textOf({ ...value })).toBeUndefined()
    expect(canonicalJson({ ...value, answer: 43 })).toBe('{"answer":43}')
  })
})

function reversed(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(reversed)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value)
      .reverse()
      .map(([key, member]) => [key, reversed(member)]),
  )
}
