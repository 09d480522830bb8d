/** A piece of text as it is shown: plain, or something that would be invisible or misleading if shown as it is. */
export type Piece =
  | { readonly kind: 'plain'; readonly text: string }
  | { readonly kind: 'hidden'; readonly text: string; readonly code: string; readonly bidi: boolean }
  | { readonly kind: 'mixed'; readonly text: string; readonly scripts: string }

/**
 * Characters that take no ink or change how their neighbours are drawn: controls, format characters (bidi overrides,
 * zero-width), lone surrogates, private use, unassigned, line and paragraph separators, everything Unicode lists as
 * default-ignorable, and every space that is not U+0020. Line feed and tab stay: the statement's layout is shown.
 * See Unicode Technical Report 36 and CVE-2021-42574 ("Trojan Source").
 */
const hidden = /[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Cn}\p{Zl}\p{Zp}\p{Zs}\p{Default_Ignorable_Code_Point}]/u
const shownAsIs = new Set([' ', '\n', '\t'])
const bidi = /[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/
const word = /\p{L}[\p{L}\p{M}\p{N}_]*/gu
const latin = /\p{Script=Latin}/u
/** Scripts whose letters are taken for Latin ones (Unicode Technical Standard 39, 5.1). */
const lookAlikes: readonly (readonly [string, RegExp])[] = [
  ['Cyrillic', /\p{Script=Cyrillic}/u],
  ['Greek', /\p{Script=Greek}/u],
  ['Armenian', /\p{Script=Armenian}/u],
  ['Cherokee', /\p{Script=Cherokee}/u],
]

/** Cuts text into pieces so that nothing in it can hide. The pieces' texts joined are the text itself. */
export function reveal(text: string): Piece[] {
  const pieces: Piece[] = []
  let plain = ''
  const flush = () => {
    if (plain !== '') pieces.push(...splitMixed(plain))
    plain = ''
  }
  for (const char of text.replaceAll('\r\n', '\n')) {
    if (shownAsIs.has(char) || !hidden.test(char)) {
      plain += char
      continue
    }
    flush()
    const code = `U+${(char.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}`
    pieces.push({ kind: 'hidden', text: char, code, bidi: bidi.test(char) })
  }
  flush()
  return pieces
}

function splitMixed(text: string): Piece[] {
  const pieces: Piece[] = []
  let from = 0
  for (const match of text.matchAll(word)) {
    const found = match[0]
    if (!latin.test(found)) continue
    const others = lookAlikes.filter(([, script]) => script.test(found)).map(([name]) => name)
    if (others.length === 0) continue
    if (match.index > from) pieces.push({ kind: 'plain', text: text.slice(from, match.index) })
    pieces.push({ kind: 'mixed', text: found, scripts: ['Latin', ...others].join(' and ') })
    from = match.index + found.length
  }
  if (from < text.length) pieces.push({ kind: 'plain', text: text.slice(from) })
  return pieces
}
