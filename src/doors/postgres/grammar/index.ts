/**
 * doors/postgres/grammar: what a PostgreSQL statement does, by PostgreSQL's own parser. Pure but for loading it.
 * @module
 */
export { isAuditName } from './audit.ts'
export { templateOf } from './cache.ts'
export { classifyToActions } from './classify.ts'
export { DoorGrammar } from './door-grammar.ts'
export type { StatementFacts, TransactionControl, Understanding } from './facts.ts'
export { type Grammar, loadGrammar } from './grammar.ts'
export { longestInline } from './limits.ts'
export type { CatalogName, Equality, StatementNames, Write, WriteUse } from './names.ts'
export { noNames } from './names.ts'
export type { Routine } from './procedural.ts'
export type { Selection } from './selection.ts'
export { settingFacts } from './settings.ts'
export { type Trait, traits } from './traits.ts'
