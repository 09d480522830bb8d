/** What may become of an action, from mildest to strictest. */
export const outcomes = ['allow', 'flag', 'hold', 'block'] as const

export type Outcome = (typeof outcomes)[number]

/** The stricter of two outcomes: a block beats a hold beats a flag beats an allow (invariant 2). */
export function strictest(a: Outcome, b: Outcome): Outcome {
  return outcomes.indexOf(a) >= outcomes.indexOf(b) ? a : b
}
