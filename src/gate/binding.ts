import { canonicalJson, sha256Hex } from '../action/index.ts'
import type { Hold } from '../holds/index.ts'
import type { Unit } from './gate.ts'

/** What an approval is bound to besides rule set, expiry and nonce (invariant 3). */
function binding(requester: string, door: string, target: HoldTarget, digest: string): string {
  const { system, environment, database } = target
  return sha256Hex(canonicalJson([requester, door, system, environment, database ?? null, digest]))
}

type HoldTarget = Hold['target']

export function bindingOfHold(hold: Hold): string {
  return binding(hold.requester.id, hold.door, hold.target, hold.digest)
}

export function bindingOf(unit: Unit): string {
  const first = unit.actions[0]
  if (first === undefined) return ''
  const { system, environment, database } = first.target
  const target = { system, environment, ...(database === undefined ? {} : { database }) }
  return binding(first.actor.id, first.door, target, unit.digest)
}
