/**
 * export/: entries of the ledger in the forms that other systems read: OCSF events, CSV, JSON lines. Pure except for
 * what it is given to read. The OCSF projection stands here and not in action/, because votes, people and tokens are
 * events, too, and only the ledger knows them.
 * @module
 */
export { csvHead, csvRow } from './csv.ts'
export { type ExportPosition, exportEntries } from './export-entries.ts'
export { ocsfEvent, ocsfVersion } from './ocsf.ts'
