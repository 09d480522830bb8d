import { PostgreSQL } from '@codemirror/lang-sql'
import { formatDialect, postgresql } from 'sql-formatter'
import type { Effect } from '../api/types.ts'

export type SqlKind = 'keyword' | 'text' | 'number' | 'comment' | 'name' | 'plain'

/** A piece of a statement; all pieces joined are the statement itself. */
export interface SqlPiece {
  readonly text: string
  readonly kind: SqlKind
  /** One of the words that do the damage, or what they do it to. */
  readonly marked: boolean
}

/** Lexing takes about a millisecond for 20,000 characters; a statement much longer than this is shown plain. */
const highlightAtMost = 200_000
const formatAtMost = 20_000

const kinds: Readonly<Record<string, SqlKind>> = {
  Keyword: 'keyword',
  Type: 'keyword',
  Builtin: 'keyword',
  Bool: 'keyword',
  Null: 'keyword',
  String: 'text',
  Bits: 'text',
  Bytes: 'text',
  Number: 'number',
  LineComment: 'comment',
  BlockComment: 'comment',
  Identifier: 'name',
  QuotedIdentifier: 'name',
}

/** The words with which an effect begins in SQL. Effects that no one word brings about mark nothing. */
const beginnings: Partial<Record<Effect, readonly string[]>> = {
  delete: ['DELETE', 'TRUNCATE', 'MERGE'],
  destroy: ['DROP', 'TRUNCATE'],
  write: ['UPDATE', 'INSERT', 'MERGE'],
  grant: ['GRANT', 'REVOKE', 'ALTER', 'CREATE', 'REASSIGN'],
  conceal: ['ALTER', 'DISABLE', 'SET', 'DROP'],
  execute: ['DO', 'CALL', 'PROGRAM', 'LOAD'],
  disrupt: ['LOCK', 'VACUUM', 'CLUSTER', 'REINDEX', 'ALTER', 'DROP'],
  export: ['COPY'],
}

/** Words that may stand between the word that does it and the name of what it is done to. */
const between =
  /^(FROM|ONLY|TABLE|IF|EXISTS|INTO|SCHEMA|VIEW|MATERIALIZED|INDEX|SEQUENCE|DATABASE|ROLE|USER|FUNCTION|PROCEDURE|TYPE|DOMAIN|EXTENSION|TRIGGER|POLICY|CONCURRENTLY|OWNED|COLUMN|SYSTEM|LANGUAGE)$/i

/** Cuts a statement into its words, and marks those that bring about `effects`, wherever in the statement they stand. */
export function highlightSql(text: string, effects: readonly Effect[]): SqlPiece[] {
  if (text.length > highlightAtMost) return [{ text, kind: 'plain', marked: false }]
  const pieces = lex(text)
  const words = new Set(effects.flatMap((effect) => beginnings[effect] ?? []))
  const marked = new Set<number>()
  pieces.forEach(({ kind, text: word }, index) => {
    if (kind === 'keyword' && words.has(word.toUpperCase())) for (const at of reach(pieces, index)) marked.add(at)
  })
  return pieces.map((piece, index) => ({ ...piece, marked: marked.has(index) }))
}

type Word = Omit<SqlPiece, 'marked'>

function lex(text: string): Word[] {
  const words: Word[] = []
  let at = 0
  const until = (end: number, kind: SqlKind) => {
    if (end > at) words.push({ text: text.slice(at, end), kind })
    at = Math.max(at, end)
  }
  PostgreSQL.language.parser.parse(text).iterate({
    enter: ({ name, from, to }) => {
      const kind = kinds[name]
      if (kind === undefined) return
      until(from, 'plain')
      until(to, kind)
    },
  })
  until(text.length, 'plain')
  return words
}

/** The piece at `index` and those after it up to the end of the first name, however many words come before that. */
function reach(pieces: readonly Word[], index: number): number[] {
  const found = [index]
  for (let at = index + 1; at < pieces.length; at++) {
    const piece = pieces[at]
    if (piece === undefined) break
    const isSpace = piece.kind === 'plain' && piece.text.trim() === ''
    const isBetween = piece.kind === 'keyword' && between.test(piece.text)
    if (piece.kind === 'name') {
      // A name may be qualified: schema.table.
      let end = at
      while (pieces[end + 1]?.text === '.' && pieces[end + 2]?.kind === 'name') end += 2
      for (let inside = at; inside <= end; inside++) found.push(inside)
      return found
    }
    if (!isSpace && !isBetween && piece.kind !== 'comment') break
    found.push(at)
  }
  // No name follows: the word alone.
  return [index]
}

/**
 * The statement laid out for reading; null where it is so already, or cannot be laid out. Only white space is changed,
 * which is checked here and not believed of the formatter.
 */
export function formatSql(text: string): string | null {
  if (text.length > formatAtMost) return null
  try {
    const formatted = formatDialect(text, { dialect: postgresql, tabWidth: 2, expressionWidth: 60 })
    return formatted.trim() !== text.trim() && bare(formatted) === bare(text) ? formatted : null
  } catch {
    return null
  }
}

/** Without the white space between words; inside of strings, names and comments all of it counts. */
function bare(text: string): string {
  return lex(text)
    .map((word) => (word.kind === 'plain' ? word.text.replaceAll(/\s+/g, '') : word.text))
    .filter((word) => word !== '')
    .join(' ')
}
