import { TextCache } from './cache.ts'
import { FactsBuilder, type StatementFacts, type Understanding } from './facts.ts'
import { fingerprint } from './fingerprint.ts'
import { mostStatements, tooMuch } from './limits.ts'
import { ParseRefused, Parser } from './parser.ts'
import { addCode, type Routine } from './procedural.ts'
import { type Selection, selectionOf } from './selection.ts'
import { type HandlerContext, handlers } from './statements/index.ts'
import { list, tree, unwrap } from './tree.ts'
import { walk } from './walk.ts'

/** What statements do, by the grammar of one PostgreSQL major version. */
export interface Grammar {
  readonly major: number
  understand(sql: string): Understanding
  /** What the body of a function in a language does, as one statement; undefined: it cannot be read. */
  understandBody(routine: Routine): StatementFacts | undefined
  /** What makes a statement the same statement (see `fingerprint.ts`); undefined: it cannot be told. */
  fingerprint(statement: string): string | undefined
  /** The rows that a DELETE or UPDATE picks; undefined: it cannot be told in a SELECT with the same parameters. */
  selectionOf(sql: string): Selection | undefined
}

/** Builds of PostgreSQL's parser by major version. */
const builds = new Map([
  [15, 'libpg-query-15'],
  [16, 'libpg-query-16'],
  [17, 'libpg-query-17'],
  [18, 'libpg-query'],
])
const oldest = 15
const newest = 18

const parsers = new Map<string, Promise<Parser>>()

function parserFor(major: number): Promise<Parser> {
  const name = builds.get(major) ?? 'libpg-query'
  const known = parsers.get(name)
  if (known !== undefined) return known
  const loading = Parser.load(name)
  parsers.set(name, loading)
  return loading
}

/** The grammar for a server. An older server than we have a grammar for gets the oldest, a newer one the newest. */
export async function loadGrammar(serverMajor: number): Promise<Grammar> {
  const major = Math.min(newest, Math.max(oldest, serverMajor))
  // Only the newest build reads PL/pgSQL and scans; its SQL expressions are read by the server's own grammar all the same.
  const [sql, procedural] = await Promise.all([parserFor(major), parserFor(newest)])
  return new ParsedGrammar(major, sql, procedural)
}

class ParsedGrammar implements Grammar {
  readonly major: number
  readonly #parser: Parser
  readonly #procedural: Parser
  readonly #cache = new TextCache()

  constructor(major: number, parser: Parser, procedural: Parser) {
    this.major = major
    this.#parser = parser
    this.#procedural = procedural
  }

  understand(sql: string): Understanding {
    const cached = this.#cache.get(sql)
    if (cached !== undefined) return cached
    const understanding = this.#read(sql)
    this.#cache.put(sql, understanding)
    return understanding
  }

  understandBody(routine: Routine): StatementFacts | undefined {
    const facts = new FactsBuilder('FUNCTION')
    // A body in SQL-standard form comes back from the server as BEGIN ATOMIC … END or as RETURN expression.
    if (routine.language === 'sql') this.#addText(standardBody(routine.body), facts)
    else addCode(this.#procedural, routine, facts, (sql) => this.#addText(sql, facts))
    const built = facts.build('')
    return built.effects.includes('unknown') ? undefined : built
  }

  fingerprint(statement: string): string | undefined {
    return fingerprint(statement, this.#procedural)
  }

  selectionOf(sql: string): Selection | undefined {
    return selectionOf(sql, (text) => {
      try {
        return tree(list(tree(this.#parser.parse(text)).stmts)[0]).stmt
      } catch {
        return undefined
      }
    })
  }

  #read(sql: string): Understanding {
    const problem = tooMuch(sql)
    if (problem !== undefined) return { kind: 'unknown', reason: problem }
    // The package refuses an empty text; to the server it is a query that does nothing.
    if (sql.trim() === '') return { kind: 'understood', statements: [] }
    let parsed: unknown
    try {
      parsed = this.#parser.parse(sql)
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error)
      const refused = error instanceof ParseRefused
      return {
        kind: 'unknown',
        reason: refused ? `It does not parse: ${message}.` : `The parser failed on it: ${message}.`,
      }
    }
    const count = list(tree(parsed).stmts).length
    if (count > mostStatements) {
      return { kind: 'unknown', reason: `The text has ${count} statements; at most ${mostStatements} are read.` }
    }
    try {
      return { kind: 'understood', statements: this.#statements(parsed, sql) }
    } catch (error) {
      return {
        kind: 'unknown',
        reason: `It is too deep to look through: ${error instanceof Error ? error.message : error}.`,
      }
    }
  }

  #statements(parsed: unknown, sql: string): StatementFacts[] {
    const bytes = Buffer.from(sql, 'utf8')
    return list(tree(parsed).stmts).map((raw) => {
      const { stmt, stmt_location: start, stmt_len: length } = tree(raw)
      // Places are counted in bytes; the last statement has no length.
      const from = typeof start === 'number' ? start : 0
      const text = typeof length === 'number' ? bytes.subarray(from, from + length) : bytes.subarray(from)
      return this.#facts(stmt, text.toString('utf8').trim())
    })
  }

  #facts(statement: unknown, text: string): StatementFacts {
    const facts = new FactsBuilder('UNKNOWN')
    this.#add(statement, facts)
    const kind = unwrap(statement)?.kind ?? ''
    const executed = kind === 'ExplainStmt' ? unwrap(tree(tree(statement).ExplainStmt).query)?.kind : kind
    facts.explainable =
      kind === executed &&
      /^(Select|Insert|Update|Delete|Merge|DeclareCursor)Stmt$/.test(kind) &&
      !facts.effects.has('execute') &&
      !facts.effects.has('unknown') &&
      !facts.effects.has('deploy')
    return facts.build(text)
  }

  #add(statement: unknown, facts: FactsBuilder): void {
    const found = unwrap(statement)
    const handler = found === undefined ? undefined : handlers[found.kind]
    if (found === undefined || handler === undefined) {
      facts.effect('unknown')
      facts.operation = found?.kind.replace(/Stmt$/, '') ?? 'UNKNOWN'
      return
    }
    handler(found.node, facts, this.#context)
    if (!notWalked.has(found.kind)) walk(statement, facts)
  }

  readonly #context: HandlerContext = {
    inside: (statement, facts) => this.#add(statement, facts),
    apart: (statement) => this.#facts(statement, ''),
    code: (language, source, facts) =>
      addCode(this.#procedural, { language, body: source }, facts, (sql) => this.#addText(sql, facts)),
  }

  /** A statement given as text inside procedural code. */
  #addText(sql: string, facts: FactsBuilder): void {
    const { operation } = facts
    const understanding = this.#read(sql)
    if (understanding.kind === 'unknown') facts.effect('unknown')
    else for (const statement of understanding.statements) absorb(statement, facts)
    facts.operation = operation
  }
}

function standardBody(body: string): string {
  const atomic = /^\s*BEGIN ATOMIC\s+([\s\S]*)\bEND\s*$/i.exec(body)
  if (atomic?.[1] !== undefined) return atomic[1]
  return body.replace(/^\s*RETURN\b/i, 'SELECT')
}

/**
 * Statements not to be walked: what is inside does not run now or is taken by `inside` already, or the tables they
 * list are not read and they hold no expressions.
 */
const notWalked = new Set(['PrepareStmt', 'ExplainStmt', 'CreateSchemaStmt', 'TruncateStmt', 'GrantStmt', 'LockStmt'])

function absorb(from: StatementFacts, into: FactsBuilder): void {
  if (from.opaqueByName) into.opaqueNames.add(from.text)
  into.effect(...from.effects.filter((effect) => effect !== 'execute' || !from.opaqueByName))
  for (const { type, name } of from.resources) into.resource(type, name)
  into.absorbTraits(from.traits)
  for (const name of from.functions) into.functions.add(name)
  into.names.absorb(from.names)
  if (from.literal) into.literal = true
  into.settings.push(...from.settings)
  if (!from.bounded) into.bounded = false
  into.objects += from.objects
}
