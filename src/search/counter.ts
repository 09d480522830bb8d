import type { CountDimension } from './action-record.ts'
import { minuteOf } from './tables.ts'

/** The changes of counts that one batch makes, gathered so that each is written once. */
export class Counter {
  readonly #changes = new Map<string, { dimension: CountDimension; minute: number; value: string; n: number }>()

  add(dimension: CountDimension, at: number, value: string | null, n: 1 | -1 = 1): void {
    if (value === null) return
    const minute = minuteOf(at)
    const key = `${dimension} ${minute} ${value}`
    const change = this.#changes.get(key)
    if (change === undefined) this.#changes.set(key, { dimension, minute, value, n })
    else change.n += n
  }

  /** Hands out what has gathered, and starts again. */
  *take() {
    yield* this.#changes.values()
    this.#changes.clear()
  }
}
