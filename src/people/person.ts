/**
 * What a person may do. `auditor` sees everything and changes nothing, not even what they asked for themselves.
 * `rule-author` changes the rules. `admin` may also do what the others may, except approve without being of a group
 * that is asked.
 */
export const roles = ['viewer', 'reviewer', 'rule-author', 'auditor', 'admin'] as const
export type Role = (typeof roles)[number]

/** Somebody Sallyport knows. */
export interface Person {
  readonly id: string
  readonly name: string
  readonly kind: 'human' | 'service' | 'agent'
  readonly groups: readonly string[]
  readonly roles: readonly Role[]
  /** Actor ids under which this person acts at doors, e.g. `shop-db:alice`. */
  readonly actors: readonly string[]
  /** For a service or agent: the person answerable for it. */
  readonly owner?: string
  /** Doors at which they review; left out: all. */
  readonly doors?: readonly string[]
}
