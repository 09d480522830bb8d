import type { FactsBuilder } from './facts.ts'
import type { Parser } from './parser.ts'
import { isTree, text, tree } from './tree.ts'

/** The code of a function, procedure or DO block. */
export interface Routine {
  readonly language: string
  readonly body: string
  /** What stands between the parentheses of its definition; unless given, nothing. */
  readonly parameters?: string
  /** What it returns: a type, `trigger`, `SETOF …`; unless given, void. */
  readonly returns?: string
}

/**
 * Adds what procedural code does, as far as it can be read: PL/pgSQL is parsed by PostgreSQL's own PL/pgSQL
 * parser and every SQL statement in it understood; SQL made at run time (EXECUTE) and other languages cannot be.
 * @param inside takes the text of a statement as part of the facts
 */
export function addCode(parser: Parser, routine: Routine, facts: FactsBuilder, inside: (sql: string) => void): void {
  const parsed = routine.language.toLowerCase() === 'plpgsql' ? parsedBody(parser, routine) : undefined
  if (parsed === undefined) {
    facts.effect('unknown')
    return
  }
  for (const query of queries(parsed)) inside(query)
  const shape = JSON.stringify(parsed)
  if (shape.includes('"PLpgSQL_stmt_dyn')) facts.trait('dynamic-sql')
  // What is committed inside cannot be taken back, nor measured before.
  if (/"PLpgSQL_stmt_(commit|rollback)/.test(shape)) facts.effect('execute')
  // What a loop does to one row it may do to many.
  if (/"PLpgSQL_stmt_(loop|while|for[a-z]|foreach|dynfors)/.test(shape)) facts.names.forgetEqualities()
}

/**
 * The parser has no catalog and does not know the types a server would, so it refuses some code that is sound; a
 * plainer head is then tried.
 */
function parsedBody(parser: Parser, { body, parameters = '', returns = 'void' }: Routine): unknown {
  for (const [args, result] of [
    [parameters, returns],
    ['', returns],
    ['', 'trigger'],
    ['', 'SETOF record'],
  ]) {
    try {
      return parser.parsePlPgSql(`CREATE FUNCTION f(${args}) RETURNS ${result} LANGUAGE plpgsql AS ${quoted(body)}`)
    } catch {}
  }
  return undefined
}

/** A string constant in dollar quotes that do not occur in it. */
function quoted(source: string): string {
  let tag = '$f$'
  for (let i = 0; source.includes(tag); i++) tag = `$f${i}$`
  return `${tag}${source}${tag}`
}

/** Every SQL text in a PL/pgSQL tree: whole statements (parse mode 0), expressions (2), assignments (3 and up). */
function queries(value: unknown): string[] {
  if (Array.isArray(value)) return value.flatMap(queries)
  if (!isTree(value)) return []
  const found: string[] = []
  for (const [key, member] of Object.entries(value)) {
    if (key === 'PLpgSQL_expr') {
      const { query, parseMode } = tree(member)
      const mode = Number(parseMode ?? 0)
      const sql = text(query)
      if (mode === 0) found.push(sql)
      else if (mode === 2) found.push(`SELECT ${sql}`)
      else found.push(`SELECT ${sql.replace(/^[^:=]*:?=/, '')}`)
    }
    found.push(...queries(member))
  }
  return found
}
