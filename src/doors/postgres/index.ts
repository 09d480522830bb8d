/**
 * doors/postgres: inline enforcement for PostgreSQL. Translates the wire protocol to Actions and carries out what the
 * gate decides; holds no policy of its own.
 *
 * - `wire/`     messages as data
 * - `grammar/`  what a statement does, by PostgreSQL's own parser
 * - `session`   one client and its server connection
 * - `sign-in/`  people sign in at the door, the door signs in to the server
 * - `tls/`      encryption on both legs
 * - `door`      the listener
 * @module
 */
export { type Address, PostgresDoor, type PostgresDoorOptions } from './door.ts'
export { classifyToActions, loadGrammar } from './grammar/index.ts'
export { type ReadStatement, readChange } from './read-change.ts'
export type { SessionView } from './session.ts'
export type { DoorCredentials, Known } from './sign-in/door-sign-in.ts'
export { ServiceAccount } from './sign-in/service-account.ts'
export type { UpstreamTls } from './tls/upstream.ts'
