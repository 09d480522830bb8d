/** Something wrong with the log, and where. */
export interface LedgerProblem {
  /**
   * - `altered`: something stands there that was not written so
   * - `truncated`: the end is missing
   * - `incomplete`: something is missing before the end
   * - `reordered`: what was written stands in another place
   * - `forked`: the log is not the one that an earlier checkpoint was signed for
   * - `torn-tail`: the remains of a write that a crash cut short; nothing in it was ever acknowledged, and the next
   *   start discards it
   */
  readonly kind: 'altered' | 'truncated' | 'incomplete' | 'reordered' | 'forked' | 'torn-tail'
  readonly file: string
  /** In bytes from the start of the file. */
  readonly offset: number
  /** Of the first entry concerned. */
  readonly index: number
  readonly message: string
}
