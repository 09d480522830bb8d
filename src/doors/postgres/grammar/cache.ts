import type { StatementFacts, Understanding } from './facts.ts'
import { longestInline } from './limits.ts'

/** Characters of text that a cache may hold; facts take about as much again. */
const capacity = 8 * 1024 * 1024

/**
 * Remembers what texts do. Exact texts first; and for plain reads the text with its literals taken out, since what a
 * read does never depends on a number or a quoted string in it.
 *
 * A template is made only of text in which literals can be told apart by looking at characters: no backslash, comment,
 * dollar, or quoted identifier, and no letter before a quote (E'', B'', U&''). Only what merely reads is kept by template.
 */
export class TextCache {
  readonly #texts = new Map<string, Understanding>()
  readonly #templates = new Map<string, StatementFacts>()
  #size = 0

  get(sql: string): Understanding | undefined {
    const exact = this.#texts.get(sql)
    if (exact !== undefined) return exact
    const template = templateOf(sql)
    const read = template === undefined ? undefined : this.#templates.get(template)
    return read === undefined ? undefined : { kind: 'understood', statements: [{ ...read, text: sql.trim() }] }
  }

  put(sql: string, understanding: Understanding): void {
    // Longer texts are seldom sent twice.
    if (sql.length > longestInline) return
    const template = isPlainRead(understanding) ? templateOf(sql) : undefined
    const [statement] = understanding.kind === 'understood' ? understanding.statements : []
    this.#size += sql.length
    if (this.#size > capacity) {
      this.#texts.clear()
      this.#templates.clear()
      this.#size = sql.length
    }
    if (template !== undefined && statement !== undefined) this.#templates.set(template, statement)
    else this.#texts.set(sql, understanding)
  }
}

function isPlainRead(understanding: Understanding): boolean {
  if (understanding.kind !== 'understood') return false
  const [statement, second] = understanding.statements
  return (
    statement !== undefined &&
    second === undefined &&
    statement.operation === 'SELECT' &&
    statement.effects.every((effect) => effect === 'read') &&
    statement.traits.length === 0 &&
    !statement.literal &&
    statement.settings.length === 0 &&
    statement.functions.length === 0
  )
}

/** Text in which a literal is what it looks like. */
const plain = /^(?:[ \t\r\n\w.,()*=<>+;]|-(?!-)|'[^'\\]*'(?!'))*$/
const glued = /\w'/
const literals = /'[^']*'|(?<![\w.])\d+(?:\.\d+)?(?![\w.])/g
/** How much is read depends on the numbers after these. */
const bounds = /\b(limit|offset|fetch\s+(first|next))\s+\d+/gi

/** The text with its literals taken out; undefined where that cannot be done by looking at characters. */
export function templateOf(sql: string): string | undefined {
  if (sql.length > 2_000 || !plain.test(sql) || glued.test(sql)) return undefined
  const bounded = sql.match(bounds)
  const template = sql.replace(literals, '?')
  return bounded === null ? template : `${template} ${bounded.join(' ')}`
}
