/**
 * holds/: the life of a hold, folded from the ledger.
 * @module
 */
export type { Hold, HoldState, Vote } from './hold.ts'
