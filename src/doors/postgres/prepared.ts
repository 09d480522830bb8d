import type { StatementFacts, Understanding } from './grammar/index.ts'

/** A statement text as the server will parse it, and what the door made of it. */
export interface StatementText {
  /** The bytes as the client sent them. */
  readonly bytes: Buffer
  /** Decoded text, or base64 where the bytes are not text the door can read. */
  readonly sql: string
  readonly understanding: Understanding
}

/** What a statement name stands for. */
export interface Prepared {
  readonly text: StatementText
  readonly parameterTypes: readonly number[]
  /** As in a Parse message: parameter types. For PREPARE: none given. */
  readonly parseTail: Buffer
  /** For PREPARE: the facts of the statement inside. */
  readonly inner?: StatementFacts
}

/** A portal: a statement with its parameters. */
export interface Bound {
  readonly prepared: Prepared | undefined
  readonly values: readonly (Buffer | null)[]
  readonly formats: readonly number[]
  readonly bindTail: Buffer
}

/**
 * Names as the server knows them: a change is taken over only when the server has confirmed it. A Parse or Close that
 * failed or was skipped changes nothing.
 */
export class Names<T> {
  readonly #named = new Map<string, T>()
  /** Most clients use no other. */
  #unnamed: T | undefined

  get(name: string): T | undefined {
    return name === '' ? this.#unnamed : this.#named.get(name)
  }

  set(name: string, to: T | undefined): void {
    if (name === '') this.#unnamed = to
    else if (to === undefined) this.#named.delete(name)
    else this.#named.set(name, to)
  }

  clear(): void {
    this.#unnamed = undefined
    if (this.#named.size > 0) this.#named.clear()
  }
}

/** Prepared statements and portals of one session. */
export class PreparedNames {
  readonly statements = new Names<Prepared>()
  readonly portals = new Names<Bound>()

  /** What the prepared statement `name` (as SQL text has it) does; undefined: not known. */
  factsOf(name: string): StatementFacts | undefined {
    const prepared = this.statements.get(wireName(name))
    if (prepared?.inner !== undefined) return prepared.inner
    const understanding = prepared?.text.understanding
    if (understanding?.kind !== 'understood' || understanding.statements.length !== 1) return undefined
    return understanding.statements[0]
  }

  /** The effect of PREPARE, DEALLOCATE and DISCARD, once the server has completed them. */
  completed(facts: StatementFacts, text: StatementText): void {
    if (facts.prepares !== undefined) {
      const { name, statement } = facts.prepares
      this.statements.set(wireName(name), {
        text,
        parameterTypes: [],
        parseTail: Buffer.alloc(2),
        inner: statement,
      })
    }
    if (facts.deallocates === 'ALL') this.statements.clear()
    else if (facts.deallocates !== undefined) this.statements.set(wireName(facts.deallocates), undefined)
  }
}

/** A name from SQL text in the form in which names from the wire are compared (bytes as Latin-1). */
export function wireName(name: string): string {
  return Buffer.from(name, 'utf8').toString('latin1')
}
