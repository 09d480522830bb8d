/**
 * doors/postgres/catalog: what only the server's catalog knows of a statement: what names stand for, the code behind
 * them, foreign keys, keys, sizes. Asked on the client's own connection, kept for all sessions of a database.
 * @module
 */
export {
  countedUpTo,
  countingQuery,
  emptyingQuery,
  readCounted,
  readingQuery,
  readSample,
  samplingQuery,
} from './counting.ts'
export type { Cascade } from './info.ts'
export type { Learned } from './learned.ts'
export { type Ask, type KnownStep, SessionCatalog } from './session-catalog.ts'
export { SharedCatalog } from './shared-catalog.ts'
