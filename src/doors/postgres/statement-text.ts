import type { Grammar } from './grammar/index.ts'
import type { StatementText } from './prepared.ts'

/** The settings of a session on which the meaning of a statement's bytes depends; the server reports both. */
export interface LexerSettings {
  readonly clientEncoding: string
  readonly standardConformingStrings: string
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** Backslashes and bytes beyond ASCII: what they mean depends on the session's settings. */
const dependsOnSettings = /[\\\u0080-\u00ff]/

/**
 * Reads a statement as the server will read it, or says that this cannot be done.
 *
 * Two ways are known by which the server's lexer sees another statement than ours: a backslash in an ordinary string
 * while `standard_conforming_strings` is off, and multi-byte encodings in which a byte of a character is a backslash
 * or quote (SJIS, BIG5, GBK, GB18030, UHC, JOHAB). So text beyond ASCII is read in UTF-8 only, and strictly.
 */
export function readStatement(
  bytes: Buffer,
  settings: LexerSettings | undefined,
  grammar: Pick<Grammar, 'understand'>,
): StatementText {
  const read = decoded(bytes, settings)
  if ('sql' in read) return { bytes, sql: read.sql, understanding: grammar.understand(read.sql) }
  return { bytes, sql: decodeLoosely(bytes), understanding: { kind: 'unknown', reason: read.reason } }
}

/** The text as the server will see it, or why that cannot be told. */
export function decoded(bytes: Buffer, settings: LexerSettings | undefined): { sql: string } | { reason: string } {
  const latin1 = bytes.toString('latin1')
  if (!dependsOnSettings.test(latin1)) return { sql: latin1 }
  if (settings === undefined) {
    return { reason: 'An earlier statement of the same batch may change how this text is read.' }
  }
  if (latin1.includes('\\') && settings.standardConformingStrings !== 'on') {
    return { reason: 'standard_conforming_strings is off, so the server may read backslashes differently.' }
  }
  if (settings.clientEncoding.toUpperCase() !== 'UTF8' && /[\u0080-\u00ff]/.test(latin1)) {
    return { reason: `Text beyond ASCII in the client encoding ${settings.clientEncoding} cannot be read safely.` }
  }
  try {
    return { sql: utf8.decode(bytes) }
  } catch {
    return { reason: 'The statement is not valid UTF-8.' }
  }
}

/** For the record only: text with replacement characters; the exact bytes go beside it in base64. */
function decodeLoosely(bytes: Buffer): string {
  return bytes.toString('utf8')
}
