/**
 * action/: what somebody is about to do to a production system, in one schema for every door and stream.
 *
 * Pure: no I/O, no clock, no randomness except the id generator that doors call. Imports nothing but errors/.
 * @module
 */

export { CanonicalValue, canonicalJson } from './canonical.ts'
export { sha256Hex } from './digest.ts'
export { impactText } from './impact-text.ts'
export { networkOf } from './network.ts'
export { type Outcome, outcomes, strictest } from './outcome.ts'
export { safeLines, safeText } from './safe-text.ts'
export {
  type Action,
  type ActionInput,
  type Actor,
  type ActorKind,
  actionInputSchema,
  actionSchema,
  actorKinds,
  completeAction,
  type Effect,
  effects,
  type Impact,
  type Resource,
  type Target,
} from './schema.ts'
export { uuidv7 } from './uuidv7.ts'
