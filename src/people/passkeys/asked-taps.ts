import { randomBytes } from 'node:crypto'
import { canonicalJson } from '../../action/index.ts'
import { challengeLasts } from './sign-in-challenges.ts'
import type { Statement } from './tap.ts'

/** Statements that wait for a tap; the oldest go first. */
const waitingAtMost = 10_000

/** The random part of each statement that a tap was asked for, until it is given or has run out. */
export class AskedTaps {
  readonly #now: () => number
  readonly #waiting = new Map<string, { readonly random: string; readonly until: number }>()

  constructor(now: () => number) {
    this.#now = now
  }

  /** Asking twice for the same gives the same: both pages may be the one that is answered. */
  ask(statement: Statement): string {
    const key = canonicalJson(statement)
    const random = this.#standing(key) ?? randomBytes(16).toString('hex')
    this.#waiting.delete(key)
    this.#waiting.set(key, { random, until: this.#now() + challengeLasts })
    const [oldest] = this.#waiting.keys()
    if (this.#waiting.size > waitingAtMost && oldest !== undefined) this.#waiting.delete(oldest)
    return random
  }

  /** Once: undefined where none was asked for, or it took too long. */
  take(statement: Statement): string | undefined {
    const key = canonicalJson(statement)
    const random = this.#standing(key)
    this.#waiting.delete(key)
    return random
  }

  #standing(key: string): string | undefined {
    const waiting = this.#waiting.get(key)
    return waiting !== undefined && this.#now() <= waiting.until ? waiting.random : undefined
  }
}
