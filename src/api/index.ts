/**
 * api/: the HTTP API with server-sent events, for the console, the CLI and integrations; serves the console's files.
 *
 * Holds no policy of its own: who may do what is people/ (`authorize`), who may vote on what is holds/ (`mayVote`).
 * Every route names its command, and whatever lies under /api without naming one answers nobody.
 * @module
 */
export { type Api, createApi } from './app.ts'
export type { ApiDeps, DoorView, RulesNow, Sessions, SessionView, Workloads } from './deps.ts'
export { type HoldView, viewHold } from './hold-view.ts'
export { passwordLink } from './password-link.ts'
export { type ListeningApi, startApi } from './server.ts'
