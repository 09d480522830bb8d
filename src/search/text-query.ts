import { SallyportError } from '../errors/index.ts'

const mostTerms = 32

/** One word or phrase that must occur. */
interface Term {
  readonly text: string
  /** Any word that begins so. */
  readonly isPrefix: boolean
}

/**
 * The words and phrases that somebody typed.
 * @throws SallyportError `invalid_request` where there is no word in it, or too many
 */
export function termsOf(text: string): Term[] {
  const terms = [...text.matchAll(/"([^"]*)"?|([^\s"]+)/gu)].flatMap(([, phrase, word]) => {
    const term = phrase ?? word ?? ''
    // Without a letter or digit there is nothing that the index could know.
    if (!/[\p{L}\p{N}]/u.test(term)) return []
    return [{ text: term, isPrefix: word?.endsWith('*') === true }]
  })
  if (terms.length === 0) {
    throw new SallyportError('invalid_request', 'The text to search for has no word in it.', {
      hint: 'Words are found as they are, "several words" as a phrase, begin* as a beginning; signs are not.',
    })
  }
  if (terms.length > mostTerms) {
    throw new SallyportError('invalid_request', `The text to search for has more than ${mostTerms} words.`)
  }
  return terms
}

/**
 * What somebody typed as a query of FTS5 (https://sqlite.org/fts5.html, section 3). Every term goes in as a quoted
 * string, in which nothing has a meaning, so neither its operators nor its syntax errors can be reached from outside.
 */
export function textQuery(text: string): string {
  return termsOf(text)
    .map((term) => `"${term.text.replaceAll('"', '""').replaceAll('\0', ' ')}"${term.isPrefix ? '*' : ''}`)
    .join(' AND ')
}
