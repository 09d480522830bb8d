import { describe, expect, it } from 'vitest'
import { reveal } from './reveal.ts'

const join = (text: string) =>
  reveal(text)
    .map((piece) =>
      piece.kind === 'hidden' ? `[${piece.code}]` : piece.kind === 'mixed' ? `{${piece.text}}` : piece.text,
    )
    .join('')

describe('showing text in which something may hide', () => {
  it('leaves ordinary SQL alone, with its line breaks, tabs and accents', () => {
    const sql = "delete from orders\n\twhere customer = 'Zoë Müller' -- 漢字 заказ ✓"
    expect(reveal(sql)).toEqual([{ kind: 'plain', text: sql }])
  })

  it('shows bidi overrides, zero-width characters and odd spaces by their code', () => {
    expect(join('a\u202eb\u200bc\u00a0d\u2066e\ufefff')).toBe('a[U+202E]b[U+200B]c[U+00A0]d[U+2066]e[U+FEFF]f')
    expect(reveal('\u202e')).toEqual([{ kind: 'hidden', text: '\u202e', code: 'U+202E', bidi: true }])
  })

  it('shows control characters, tag characters, Hangul fillers and lone surrogates', () => {
    expect(join('\u0000\u001b[2J\u007f')).toBe('[U+0000][U+001B][2J[U+007F]')
    expect(join('\u{e0041}\u3164\ud800')).toBe('[U+E0041][U+3164][U+D800]')
  })

  it('shows a carriage return only where no line feed follows', () => {
    expect(join('a\r\nb\rc')).toBe('a\nb[U+000D]c')
  })

  it('points at a word that mixes Latin with look-alike letters, not at a word of one script', () => {
    expect(join('delete from \u043erders; select заказ')).toBe('delete from {\u043erders}; select заказ')
  })
})
