import { safeLines, safeText } from '../action/index.ts'

/** How one character is written where it is shown; most of them as they are. */
export type Write = (character: string) => string

const asItIs: Write = (character) => character

/**
 * A text that somebody else wrote, on one line, in at most `most` UTF-16 units as it is written in the end. What does
 * not print stands there as `\u{202e}`; what was cut off as `…`.
 */
export function fitLine(text: string, most: number, write: Write = asItIs): string {
  return upTo(text, most, (character) => eachOf(safeText(character), write))
}

/** The same over several lines. */
export function fitLines(text: string, most: number, write: Write = asItIs): string {
  const unified = text.slice(0, 2 * most + 2).replaceAll('\r\n', '\n')
  return upTo(unified, most, (character) => eachOf(safeLines(character), write))
}

function upTo(text: string, most: number, write: Write): string {
  let out = ''
  for (const character of text) {
    const written = write(character)
    // One unit is kept for the sign that something is missing.
    if (out.length + written.length >= most) return `${out}…`
    out += written
  }
  return out
}

function eachOf(shown: string, write: Write): string {
  return shown.length === 1 ? write(shown) : Array.from(shown, write).join('')
}
