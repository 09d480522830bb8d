import { SallyportError } from '../errors/index.ts'

const mostTerms = 32

/**
 * What somebody typed as a query of FTS5 (https://sqlite.org/fts5.html, section 3). Every term goes in as a quoted
 * string, in which nothing has a meaning, so neither its operators nor its syntax errors can be reached from outside.
 * @throws SallyportError `invalid_request` where there is no word in it, or too many
 */
export function textQuery(text: string): string {
  const terms = [...text.matchAll(/"([^"]*)"?|([^\s"]+)/gu)].flatMap(([, phrase, word]) => {
    const term = phrase ?? word ?? ''
    // Without a letter or digit there is nothing that the index could know.
    if (!/[\p{L}\p{N}]/u.test(term)) return []
    const isPrefix = word?.endsWith('*') === true
    return [`"${term.replaceAll('"', '""').replaceAll('\0', ' ')}"${isPrefix ? '*' : ''}`]
  })
  if (terms.length === 0) {
    throw new SallyportError('invalid_request', 'The text to search for has no word in it.', {
      hint: 'Words are found as they are, "several words" as a phrase, begin* as a beginning; signs are not.',
    })
  }
  if (terms.length > mostTerms) {
    throw new SallyportError('invalid_request', `The text to search for has more than ${mostTerms} words.`)
  }
  return terms.join(' AND ')
}
