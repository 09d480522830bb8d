/**
 * locks/: stop a person, an actor, a door or a resource now, with a message and an end; lifting is on the record.
 *
 * Folded from the ledger. The gate asks before it judges, so that a lock stops what no rule objects to.
 * @module
 */
export { type Lock, type LockSubject, lockKinds, locksOut } from './lock.ts'
export { type LockListener, Locks, type LocksOptions } from './locks.ts'
