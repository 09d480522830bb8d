/**
 * server/: composition. Reads the configuration, builds the rooms and wires them; holds no logic of its own.
 * @module
 */
export { firstAdmin, signIn } from './first-admin.ts'
export type { Log } from './log.ts'
export { type RunningServer, type ServerOptions, startServer } from './start-server.ts'
