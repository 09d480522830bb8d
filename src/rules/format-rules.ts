import { isDeepStrictEqual } from 'node:util'
import { parse, parseDocument } from 'yaml'

/**
 * A rule file in the one layout: two spaces, one space in braces, no line broken, comments kept. What it says does not
 * change; text that is not YAML comes back as it is.
 */
export function formatRules(text: string): string {
  const document = parseDocument(text, { version: '1.2', keepSourceTokens: false })
  if (document.errors.length > 0) return text
  const formatted = document.toString({ indent: 2, lineWidth: 0, flowCollectionPadding: true, minContentWidth: 0 })
  // `sallyport rules fmt` rewrites files that guard production: what reads otherwise afterwards is not written.
  return isDeepStrictEqual(parse(formatted), parse(text)) ? formatted : text
}
