import type { FactsBuilder } from './facts.ts'
import type { Parser } from './parser.ts'
import { isTree, text, tree } from './tree.ts'

/**
 * Adds what a block of procedural code does, as far as it can be read: PL/pgSQL is parsed by PostgreSQL's own PL/pgSQL
 * parser and every SQL statement in it understood; SQL made at run time (EXECUTE) and other languages cannot be.
 * @param inside takes the text of a statement as part of the facts
 */
export function addCode(
  parser: Parser,
  language: string,
  source: string,
  facts: FactsBuilder,
  inside: (sql: string) => void,
): void {
  if (language.toLowerCase() !== 'plpgsql') {
    facts.effect('unknown')
    return
  }
  let parsed: unknown
  try {
    parsed = parser.parsePlPgSql(`CREATE FUNCTION f() RETURNS void LANGUAGE plpgsql AS ${quoted(source)}`)
  } catch {
    // This parser has no catalog, so it refuses some code that a server would take.
    facts.effect('unknown')
    return
  }
  for (const { kind, query } of queries(parsed)) {
    if (kind === 'dynamic') facts.trait('dynamic-sql')
    inside(query)
  }
  if (JSON.stringify(parsed).includes('"PLpgSQL_stmt_dyn')) facts.trait('dynamic-sql')
}

/** A string constant in dollar quotes that do not occur in it. */
function quoted(source: string): string {
  let tag = '$f$'
  for (let i = 0; source.includes(tag); i++) tag = `$f${i}$`
  return `${tag}${source}${tag}`
}

/** Every SQL text in a PL/pgSQL tree: whole statements (parse mode 0) and expressions (2), assignments (3 and up). */
function queries(value: unknown): { kind: 'static' | 'dynamic'; query: string }[] {
  if (Array.isArray(value)) return value.flatMap(queries)
  if (!isTree(value)) return []
  const found: { kind: 'static' | 'dynamic'; query: string }[] = []
  for (const [key, member] of Object.entries(value)) {
    if (key === 'PLpgSQL_expr') {
      const { query, parseMode } = tree(member)
      const mode = Number(parseMode ?? 0)
      const sql = text(query)
      if (mode === 0) found.push({ kind: 'static', query: sql })
      else if (mode === 2) found.push({ kind: 'static', query: `SELECT ${sql}` })
      else found.push({ kind: 'static', query: `SELECT ${sql.replace(/^[^:=]*:?=/, '')}` })
    }
    found.push(...queries(member))
  }
  return found
}
