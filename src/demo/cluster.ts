import type { PostgresBinaries } from './binaries.ts'
import { claimHome, openHome } from './cluster-home.ts'
import { ensureCluster, superuser } from './make-cluster.ts'
import { host, requireFreePort, startPostmaster, stopLeftover, stopPostmaster } from './postmaster.ts'
import { type RunAs, runAsFor } from './run-as.ts'

export interface ClusterOptions {
  /** The folder for this database and what belongs to it; made when missing, and kept. */
  readonly dataDir: string
  /** TCP port on 127.0.0.1. */
  readonly port: number
  /** The programs to use, checked to start as the user they will run as. */
  readonly binaries: (runAs: RunAs | undefined) => Promise<PostgresBinaries>
  /** More flags for initdb, when the cluster is made. */
  readonly initdbFlags?: readonly string[]
  /** Server settings by name, for this start. */
  readonly settings?: Readonly<Record<string, string>>
  readonly log?: (line: string) => void
}

export interface RunningCluster {
  readonly host: string
  readonly port: number
  readonly superuser: string
  readonly password: string
  /** As the server prints it: `18.4`. */
  readonly version: string
  readonly pid: number
  /** Settles when the server is gone, whoever ended it. */
  readonly exited: Promise<void>
  /** A connection string for this server. */
  url(user: string, password: string, database: string): string
  /** Fast shutdown; resolves when the server is gone. May be called twice. */
  stop(): Promise<void>
}

/** Starts PostgreSQL on a data folder of ours: makes the cluster the first time, finds it again later. */
export async function startCluster(options: ClusterOptions): Promise<RunningCluster> {
  const { port, log = () => {} } = options
  const home = await openHome(options.dataDir)
  const release = await claimHome(home)
  try {
    const runAs = await runAsFor(home.cluster)
    const binaries = await options.binaries(runAs)
    await stopLeftover(home, log)
    await requireFreePort(port)
    const password = await ensureCluster(home, binaries, runAs, options.initdbFlags ?? [], log)
    const postmaster = await startPostmaster(home, binaries, runAs, port, options.settings ?? {})
    let stopping: Promise<void> | undefined
    return {
      host,
      port,
      superuser,
      password,
      version: binaries.version,
      pid: postmaster.pid,
      exited: postmaster.exited,
      url: (user, secret, database) =>
        `postgres://${encodeURIComponent(user)}:${encodeURIComponent(secret)}@${host}:${port}/${encodeURIComponent(database)}`,
      stop: () => {
        stopping ??= stopPostmaster(postmaster).finally(release)
        return stopping
      },
    }
  } catch (error) {
    await release()
    throw error
  }
}
