import type { RuleContext } from '../condition.ts'
import type { Facts } from '../prefilter.ts'

/** What one action adds to a window. */
export interface Share {
  readonly key: string
  /** For `count` and `sum`; infinite where nobody knows. */
  readonly amount: number
  /** For `distinct`. */
  readonly values: readonly string[]
}

/** A window of a rule file: how much, of what, by whom, in how long. */
export interface Window {
  /** What the rules of its file call it. */
  readonly name: string
  /** SHA-256 over all that it means: windows that say the same share what they remember, over files and versions. */
  readonly id: string
  readonly measure: 'count' | 'sum' | 'distinct'
  /** What was let through and has not failed, or everything that was tried. */
  readonly of: 'effects' | 'attempts'
  /** Milliseconds. */
  readonly over: number
  /** false: an action with these facts certainly adds nothing. */
  mayMatch(facts: Facts): boolean
  /** What an action adds; undefined: nothing. Throws where that cannot be said. */
  share(context: RuleContext): Share | undefined
  /** Whose tally an action is judged by, whether it adds to it or not. Throws where that cannot be said. */
  key(context: RuleContext): string
}

/** What windows remember, handed to a judge. */
export interface WindowReader {
  /** What the window holds for `key` at `now`, with `own`, the share of what is judged, put in once. */
  read(window: Window, key: string, now: number, own: Share | undefined): number
}

/** Windows that remember nothing: an action is judged with itself alone. */
export const noMemory: WindowReader = {
  read: (window, _key, _now, own) => {
    if (own === undefined) return 0
    return window.measure === 'distinct' ? new Set(own.values).size : own.amount
  },
}
