import { embeddedBinaries } from './binaries.ts'
import { type RunningCluster, startCluster } from './cluster.ts'

export interface EmbeddedPostgresOptions {
  /** The folder for this database and what belongs to it; made when missing, and kept. */
  readonly dataDir: string
  /** TCP port on 127.0.0.1. */
  readonly port: number
  /** Told in a line each what takes a moment or is out of the ordinary. */
  readonly log?: (line: string) => void
}

/** A small machine is enough for a demo: half the default buffers, and connections for one person's experiments. */
const settings = { shared_buffers: '64MB', max_connections: '60' }

/**
 * Starts the PostgreSQL that came with npm. Listens on 127.0.0.1 only, SCRAM only, no unix socket; root drops to an
 * unprivileged user, wherever the checkout lies.
 */
export async function startEmbeddedPostgres(options: EmbeddedPostgresOptions): Promise<RunningCluster> {
  return startCluster({ ...options, settings, binaries: (runAs) => embeddedBinaries(runAs, options.log) })
}
