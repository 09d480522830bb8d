/** What the HTTP API answers about locks, as the console reads it; written out here for the same reasons as there. */

export type LockKind = 'person' | 'actor' | 'door' | 'resource'

export interface LockInput {
  readonly on: { readonly kind: LockKind; readonly name: string }
  /** For whoever runs into it. */
  readonly message: string
  /** RFC 3339; null: until it is lifted. */
  readonly until: string | null
}

export interface LockView extends LockInput {
  readonly lock: string
  readonly by: string
  readonly at: string
}
