import { describe, expect, it } from 'vitest'
import { safeLines, safeText } from './safe-text.ts'

describe('text of somebody else, printed for people', () => {
  it('cannot steer the terminal', () => {
    expect(safeText('\x1b[2Jgone\x07\x9b1m\x7f')).toBe('\\u{1b}[2Jgone\\u{7}\\u{9b}1m\\u{7f}')
    expect(safeLines('a\rDROP')).toBe('a\\rDROP')
  })

  it('cannot turn its reading direction or hide characters', () => {
    expect(safeText('a\u202eb\u2066c\u200bd\ufeffe\u{e0041}')).toBe(
      'a\\u{202e}b\\u{2066}c\\u{200b}d\\u{feff}e\\u{e0041}',
    )
    expect(safeText('\ud800')).toBe('\\u{d800}')
  })

  it('keeps to its line, or to its lines where lines are wanted', () => {
    expect(safeText('a\nb\tc\u2028d')).toBe('a\\nb\\tc\\u{2028}d')
    expect(safeLines('a\r\nb\tc\n')).toBe('a\nb\tc\n')
  })

  it('leaves what prints alone', () => {
    expect(safeText('Größe 東京 👍🏽 العربية')).toBe('Größe 東京 👍🏽 العربية')
  })
})
