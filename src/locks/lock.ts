import type { Action } from '../action/index.ts'

/**
 * `person`: somebody under every name, with the services and agents they answer for. `actor`: one actor id at one
 * door, such as `shop-db:alice`. `door`: everybody at it. `resource`: whatever touches it, with its schema or without,
 * cascades included.
 */
export const lockKinds = ['person', 'actor', 'door', 'resource'] as const

export interface LockSubject {
  readonly kind: (typeof lockKinds)[number]
  readonly name: string
}

export interface Lock {
  readonly lock: string
  readonly on: LockSubject
  /** For whoever runs into it. */
  readonly message: string
  /** RFC 3339; null: until it is lifted. */
  readonly until: string | null
  readonly by: string
  readonly at: string
}

/** Who acts, where, on what: as much of an action as a lock looks at. */
export type Locked = Pick<Action, 'door' | 'resources'> & {
  readonly actor: Pick<Action['actor'], 'id' | 'owner'>
  readonly impact?: Pick<Action['impact'], 'cascades'>
}

/**
 * Whether a lock stops an action.
 * @param isPerson whether a person is behind an actor, or answers for it
 */
export function locksOut(
  { on }: Lock,
  { actor, door, resources, impact }: Locked,
  isPerson: (person: string, actor: Locked['actor']) => boolean,
): boolean {
  switch (on.kind) {
    case 'person':
      return on.name === actor.id || isPerson(on.name, actor)
    case 'actor':
      return on.name === actor.id
    case 'door':
      return on.name === door
    case 'resource':
      return (
        resources.some(({ name }) => isSame(name, on.name)) ||
        impact?.cascades.some(({ table }) => isSame(table, on.name)) === true
      )
  }
}

/**
 * Whether two names may be of one thing: a name without a schema may be in any. What is locked without need is locked
 * for a while; what is not locked is gone.
 */
function isSame(one: string, other: string): boolean {
  return one === other || one.endsWith(`.${other}`) || other.endsWith(`.${one}`)
}
