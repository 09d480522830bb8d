import { type StatementFacts, sharingNoNames, type Understanding } from './facts.ts'
import { type Grammar, loadGrammar } from './grammar.ts'
import { longestInline, longestText } from './limits.ts'
import type { Routine } from './procedural.ts'
import { ReadingThreads } from './reading-threads.ts'
import type { Selection } from './selection.ts'

/** Bytes of bodies of functions that are remembered; what they do takes about as much again. */
const bodiesCapacity = 8 * 1024 * 1024

/** Shared by every door: the machine is one. */
const threads = new ReadingThreads()

/**
 * The grammar as doors use it: nothing long is read on their event loop. Short texts are read at once; long ones have
 * to be read ahead, in a thread, and are not understood otherwise.
 */
export class DoorGrammar {
  readonly #grammar: Grammar
  readonly #threads: ReadingThreads
  readonly #bodies = new Map<string, StatementFacts | undefined>()
  #bodyBytes = 0

  constructor(grammar: Grammar, readingThreads: ReadingThreads = threads) {
    this.#grammar = grammar
    this.#threads = readingThreads
  }

  /** The grammar for a server (`loadGrammar`). */
  static async load(serverMajor: number): Promise<DoorGrammar> {
    return new DoorGrammar(await loadGrammar(serverMajor))
  }

  understand(sql: string): Understanding {
    return sql.length > longestInline ? unread('it was not read ahead') : this.#grammar.understand(sql)
  }

  /** Reads the long ones among some texts. Hands back who understands them; undefined: none is long. */
  ahead(texts: readonly string[]): Promise<Pick<Grammar, 'understand'>> | undefined {
    const long = texts.filter((sql) => sql.length > longestInline)
    return long.length === 0 ? undefined : this.#ahead(long)
  }

  async #ahead(long: readonly string[]): Promise<Pick<Grammar, 'understand'>> {
    const known = new Map<string, Understanding>()
    // One after the other: a session takes one thread at a time.
    for (const sql of long) if (!known.has(sql)) known.set(sql, await this.#read(sql))
    return { understand: (sql) => known.get(sql) ?? this.understand(sql) }
  }

  async #read(sql: string): Promise<Understanding> {
    if (sql.length > longestText) return this.#grammar.understand(sql)
    const read = await this.#threads.read({ call: 'understand', major: this.#grammar.major, sql })
    if ('failed' in read) return unread(read.failed)
    const { result } = read
    return result.kind === 'unknown' ? result : { ...result, statements: result.statements.map(sharingNoNames) }
  }

  /** What the body of a function does; undefined: it cannot be read, or is long and was not read ahead. */
  understandBody(routine: Routine): StatementFacts | undefined {
    return routine.body.length > longestInline
      ? this.#bodies.get(keyOf(routine))
      : this.#grammar.understandBody(routine)
  }

  /** Reads the long ones among some bodies of functions, and remembers them. */
  async readBodies(routines: readonly Routine[]): Promise<void> {
    for (const routine of routines) {
      const key = routine.body.length > longestInline ? keyOf(routine) : undefined
      if (key === undefined || routine.body.length > longestText || this.#bodies.has(key)) continue
      const read = await this.#threads.read({ call: 'understandBody', major: this.#grammar.major, routine })
      // Not read this time: it may be the next time.
      if ('failed' in read) continue
      this.#bodyBytes += key.length
      if (this.#bodyBytes > bodiesCapacity) {
        this.#bodies.clear()
        this.#bodyBytes = key.length
      }
      this.#bodies.set(key, read.result === undefined ? undefined : sharingNoNames(read.result))
    }
  }

  /** What makes a statement the same statement; asked for only where a session runs an approved change. */
  fingerprint(statement: string): string | undefined {
    return this.#grammar.fingerprint(statement)
  }

  /** The rows that a DELETE or UPDATE picks (`Grammar.selectionOf`). */
  async selectionOf(sql: string): Promise<Selection | undefined> {
    if (sql.length <= longestInline) return this.#grammar.selectionOf(sql)
    if (sql.length > longestText) return undefined
    const read = await this.#threads.read({ call: 'selectionOf', major: this.#grammar.major, sql })
    return 'failed' in read ? undefined : read.result
  }
}

function unread(reason: string): Understanding {
  return { kind: 'unknown', reason: `The text is longer than ${longestInline} characters, and ${reason}.` }
}

function keyOf({ language, parameters = '', returns = '', body }: Routine): string {
  return [language, parameters, returns, body].join('\0')
}
