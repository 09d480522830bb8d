/** An identifier in a CEL text that is not the member after a dot. */
export interface Word {
  readonly name: string
  readonly start: number
}

/**
 * The tokens of CEL that matter for finding names (cel-spec, langdef.md, "Syntax"): raw strings and other strings, so
 * that nothing inside them is taken for a name; comments; numbers, so that 1e3 and 0xff are not names; names.
 */
const token = new RegExp(
  [
    /[rR](?:"""[\s\S]*?"""|'''[\s\S]*?'''|"[^"\n]*"|'[^'\n]*')/,
    /[bB]?(?:"""(?:\\[\s\S]|[^\\])*?"""|'''(?:\\[\s\S]|[^\\])*?'''|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*')/,
    /\/\/[^\n]*/,
    /\d[\w.]*/,
    /(?<dot>\.\s*)?(?<name>[A-Za-z_]\w*)/,
  ]
    .map(({ source }) => source)
    .join('|'),
  'g',
)

/** Every free-standing name in a CEL text, in order. */
export function words(text: string): Word[] {
  const found: Word[] = []
  for (const match of text.matchAll(token)) {
    const { dot, name } = match.groups ?? {}
    if (name !== undefined && dot === undefined) found.push({ name, start: match.index })
  }
  return found
}

/** Whether a text has a CEL comment, which could swallow what is put behind it. */
export function hasComment(text: string): boolean {
  for (const [piece] of text.matchAll(token)) if (piece.startsWith('//')) return true
  return false
}

/** A condition with its macros put in. */
export interface Expanded {
  readonly text: string
  /** From an offset in `text` to the place in the condition as written; inside a macro, to the macro's name. */
  origin(offset: number): { readonly offset: number; readonly macro: string | undefined }
}

/** Puts macros into a condition, in parentheses. What a macro says is not searched again: macros do not nest. */
export function expandMacros(written: string, macros: ReadonlyMap<string, string>): Expanded {
  const pieces: { readonly begin: number; readonly end: number; readonly start: number; readonly macro?: string }[] = []
  let text = ''
  let last = 0
  for (const { name, start } of words(written)) {
    const body = macros.get(name)
    if (body === undefined) continue
    const before = written.slice(last, start)
    pieces.push({ begin: text.length, end: text.length + before.length, start: last })
    text += before
    pieces.push({ begin: text.length, end: text.length + body.length + 2, start, macro: name })
    text += `(${body})`
    last = start + name.length
  }
  pieces.push({ begin: text.length, end: Number.POSITIVE_INFINITY, start: last })
  text += written.slice(last)
  return {
    text,
    origin(offset) {
      const piece = pieces.find(({ end }) => offset < end)
      if (!piece) return { offset, macro: undefined }
      return piece.macro === undefined
        ? { offset: piece.start + offset - piece.begin, macro: undefined }
        : { offset: piece.start, macro: piece.macro }
    },
  }
}
