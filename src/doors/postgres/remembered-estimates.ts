import { type StatementFacts, templateOf } from './grammar/index.ts'
import type { Step } from './steps.ts'

/** How long an estimate is good for another run of the same statement, in milliseconds. */
const lasts = 10_000

/** Only small estimates are worth remembering: a large one is asked for again each time. */
const mostRows = 100

const mostStatements = 256

/** Longest text whose estimate is remembered, in characters. */
const longest = 2_000

/**
 * What the planner said of a statement, for its next run with other values. An estimate only decides whether a
 * statement may run far enough to be measured, so a remembered one does where measuring follows, and nowhere else.
 */
export class RememberedEstimates {
  readonly #now: () => number
  readonly #known = new Map<string, { readonly rows: number; readonly until: number }>()

  constructor(now: () => number) {
    this.#now = now
  }

  /** undefined: ask the planner. */
  rowsOf(step: Step): number | undefined {
    const key = keyOf(step)
    const known = key === undefined ? undefined : this.#known.get(key)
    return known === undefined || known.until < this.#now() ? undefined : known.rows
  }

  remember(step: Step, rows: number | null): void {
    const key = keyOf(step)
    if (key === undefined) return
    if (rows === null || rows > mostRows) {
      this.#known.delete(key)
      return
    }
    if (this.#known.size >= mostStatements) this.#known.clear()
    this.#known.set(key, { rows, until: this.#now() + lasts })
  }

  /** After what changes tables, or what their names stand for. */
  forget(): void {
    if (this.#known.size > 0) this.#known.clear()
  }
}

/** The text without its literals; with parameters the text as it is. */
function keyOf({ facts, bound }: Step): string | undefined {
  if (facts.text.length > longest) return undefined
  return bound === undefined ? templateOf(facts.text) : facts.text
}

/** Whether the same statement may mean something else after this. */
export function invalidates({ effects, settings }: StatementFacts): boolean {
  return (
    settings.length > 0 || effects.some((effect) => effect === 'destroy' || effect === 'deploy' || effect === 'execute')
  )
}
