import { sha256Hex } from '../../../action/index.ts'
import type { Parser } from './parser.ts'

/**
 * SHA-256 of a statement without comments, and with one blank wherever there is whitespace or a comment between two of
 * its tokens; a semicolon at its end does not count. Everything else does: case, quotes, every character of a literal.
 * Tokens are told apart by PostgreSQL's own scanner, so two texts with one fingerprint are the same tokens.
 */
export function fingerprint(statement: string, scanner: Pick<Parser, 'scan'>): string | undefined {
  const text = plainText(statement, scanner)
  return text === undefined ? undefined : sha256Hex(text)
}

/** undefined: it cannot be scanned, or there is nothing in it. */
export function plainText(statement: string, scanner: Pick<Parser, 'scan'>): string | undefined {
  // The scanner ends at a NUL, which no statement has.
  if (statement.includes('\0') || !statement.isWellFormed()) return undefined
  const bytes = Buffer.from(statement, 'utf8')
  const pieces: string[] = []
  let end = 0
  try {
    const tokens = scanner.scan(statement).filter(({ isComment }) => !isComment)
    while (tokens.length > 0 && isSemicolon(bytes, tokens.at(-1))) tokens.pop()
    for (const token of tokens) {
      if (pieces.length > 0 && token.start > end) pieces.push(' ')
      pieces.push(bytes.toString('utf8', token.start, token.end))
      end = token.end
    }
  } catch {
    return undefined
  }
  return pieces.length === 0 ? undefined : pieces.join('')
}

function isSemicolon(bytes: Buffer, token: { start: number; end: number } | undefined): boolean {
  return token !== undefined && token.end - token.start === 1 && bytes[token.start] === 0x3b
}
