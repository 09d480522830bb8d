/** What windows may take, in one place. */
export const windowLimits = {
  /** Most windows of one rule file. */
  perFile: 100,
  /** Longest span. A start reads this much of the ledger. */
  longest: 31 * 86_400_000,
  /**
   * Most moments that one key remembers exactly. Beyond it neighbours are joined, oldest first, and count until the
   * later of the two has left the window: a sum can then be too high for a while, never too low.
   */
  moments: 1_024,
  /** Most different values that one key of a `distinct` window tells apart; it counts no further. */
  values: 10_000,
  /** Most keys (actors, tables, …) that one window keeps apart. */
  keys: 200_000,
  /**
   * Where keys go that had to make room: each falls into one of these shared tallies, which count for every key that
   * falls into the same. A key can then look busier than it is, never idler.
   */
  shared: 1_024,
} as const
