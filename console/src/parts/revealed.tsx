import { useMemo } from 'react'
import { reveal } from '../format/reveal.ts'
import classes from './parts.module.css'

/** Text from outside, in which nothing can hide: invisible characters are shown by their code. */
export function Revealed({ text }: { text: string }) {
  const pieces = useMemo(() => reveal(text), [text])
  return pieces.map((piece, index) => {
    if (piece.kind === 'plain') return piece.text
    if (piece.kind === 'mixed') {
      return (
        // biome-ignore lint/suspicious/noArrayIndexKey: pieces of one fixed text have no other identity
        <mark key={index} className={classes.mixed} title={`This word mixes ${piece.scripts} letters`}>
          {piece.text}
        </mark>
      )
    }
    return (
      // biome-ignore lint/suspicious/noArrayIndexKey: pieces of one fixed text have no other identity
      <mark key={index} className={classes.hidden} title="A character that would not be visible here">
        {piece.code}
      </mark>
    )
  })
}

/** What to warn a reader of, or null where the text hides nothing. */
export function hiddenWarning(text: string): string | null {
  const pieces = reveal(text)
  const hidden = pieces.filter((piece) => piece.kind === 'hidden')
  const mixed = pieces.filter((piece) => piece.kind === 'mixed')
  const parts: string[] = []
  if (hidden.length > 0) {
    const codes = [...new Set(hidden.map((piece) => piece.code))]
    const listed = codes.slice(0, 5).join(', ') + (codes.length > 5 ? ', …' : '')
    const what = hidden.length === 1 ? '1 invisible character' : `${hidden.length} invisible characters`
    const order = hidden.some((piece) => piece.bidi) ? ', some of which change the order in which text is drawn' : ''
    parts.push(`Contains ${what} (${listed})${order}.`)
  }
  if (mixed.length > 0) {
    const what = mixed.length === 1 ? '1 word mixes' : `${mixed.length} words mix`
    parts.push(`${what} Latin with look-alike letters of another script.`)
  }
  return parts.length === 0 ? null : parts.join(' ')
}
