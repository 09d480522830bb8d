/**
 * config/: the configuration file, `sallyport.yaml` → Config.
 *
 * One zod schema gives the types, the checks, the JSON Schema and the reference. What is wrong is found when the file
 * is loaded, at its line and column.
 * @module
 */
export { type Address, formatAddress, isLoopback, parseAddress } from './address.ts'
export type { Config, DoorConfig, DoorCredentials } from './config.ts'
export { formatDuration, parseDuration } from './duration.ts'
export { defaultConfigHelp } from './help.ts'
export { loadConfig } from './load.ts'
export type { NotifyConfig, SmtpConfig } from './notify.ts'
export { parseConfig } from './parse.ts'
export { configReference } from './reference.ts'
export { configJsonSchema, logLevels } from './schema.ts'
export { schemaTable } from './schema-table.ts'
export type { SecretPlace } from './secret.ts'
