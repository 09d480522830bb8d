import { type ChildProcess, spawn } from 'node:child_process'
import { open, readFile, rename, stat } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { SallyportError } from '../errors/index.ts'
import { childEnvironment, type PostgresBinaries } from './binaries.ts'
import type { ClusterHome } from './cluster-home.ts'
import { dataDirectory } from './make-cluster.ts'
import { isAlive, isPostgresIn } from './process-identity.ts'
import type { RunAs } from './run-as.ts'

export const host = '127.0.0.1'

/** How long a new server may take to accept connections: recovery after a crash included. */
const startLimitMs = 60_000
/** How long a fast shutdown may take before it becomes an immediate one, and how long that one may take. */
const fastLimitMs = 10_000
const immediateLimitMs = 10_000
const pollMs = 20

/** A running postmaster that is our child. */
export interface Postmaster {
  readonly pid: number
  /** Settles when the server is gone, whoever ended it. */
  readonly exited: Promise<void>
}

/** Lines of postmaster.pid (PostgreSQL's src/include/utils/pidfile.h), as far as they are needed here. */
async function pidFile(home: ClusterHome): Promise<{ pid: number; ready: boolean } | undefined> {
  const text = await readFile(join(home.cluster, 'postmaster.pid'), 'utf8').catch(() => undefined)
  if (text === undefined) return undefined
  const lines = text.split('\n')
  return { pid: Number(lines[0]), ready: lines[7]?.trim() === 'ready' }
}

/**
 * A server that outlived its parent (killed with SIGKILL) still runs on these files: it is stopped. Only a process
 * whose working folder is this very data directory is touched: the pid in the file may long be another process's.
 * Where that cannot be told (no /proc), the file is left for PostgreSQL itself to judge.
 */
export async function stopLeftover(home: ClusterHome, log: (line: string) => void): Promise<void> {
  const left = await pidFile(home)
  if (!left || !(left.pid > 1)) return
  const isOurs = () => isPostgresIn(home.cluster, left.pid)
  if (!(await isOurs())) return
  log(`stopping PostgreSQL (process ${left.pid}) left over from an earlier run`)
  const gone = async (limitMs: number) => {
    const deadline = Date.now() + limitMs
    while (Date.now() < deadline) {
      if (!isAlive(left.pid) || !(await isOurs())) return true
      await delay(pollMs)
    }
    return false
  }
  process.kill(left.pid, 'SIGINT')
  if (await gone(fastLimitMs)) return
  if (await isOurs()) process.kill(left.pid, 'SIGQUIT')
  if (await gone(immediateLimitMs)) return
  throw new SallyportError('conflict', `PostgreSQL (process ${left.pid}) from an earlier run does not stop`, {
    hint: `End it, then start again: kill ${left.pid}`,
  })
}

/** Fails when somebody listens on the port already: PostgreSQL's own message would only be in its log. */
export async function requireFreePort(port: number): Promise<void> {
  const probe = createServer()
  await new Promise<void>((resolve, reject) => {
    probe.once('error', (cause: NodeJS.ErrnoException) => {
      reject(cause.code === 'EADDRINUSE' ? portTaken(port) : cannotListen(port, cause))
    })
    probe.listen({ host, port, exclusive: true }, () => probe.close(() => resolve()))
  })
}

function portTaken(port: number): SallyportError {
  return new SallyportError('address_in_use', `Port ${port} on ${host} is already in use, and PostgreSQL needs it`, {
    hint: `Stop what listens there, or choose another port. To see what it is: ss -ltnp 'sport = :${port}'`,
  })
}

function cannotListen(port: number, cause: Error): SallyportError {
  return new SallyportError('listen_failed', `Cannot listen on ${host}:${port}: ${cause.message}`, { cause })
}

/** Starts the server and waits until it accepts connections. */
export async function startPostmaster(
  home: ClusterHome,
  binaries: PostgresBinaries,
  runAs: RunAs | undefined,
  port: number,
  settings: Readonly<Record<string, string>>,
): Promise<Postmaster> {
  const all = {
    ...settings,
    listen_addresses: host,
    port: String(port),
    unix_socket_directories: '',
    logging_collector: 'off',
    log_destination: 'stderr',
    lc_messages: 'C',
  }
  const args = Object.entries(all).flatMap(([name, value]) => ['-c', `${name}=${value}`])
  await rename(home.log, `${home.log}.1`).catch(() => {})
  const log = await open(home.log, 'a', 0o600)
  let child: ChildProcess
  try {
    child = spawn(binaries.postgres, ['-D', dataDirectory(home.cluster, binaries, runAs), ...args], {
      ...runAs,
      cwd: home.cluster,
      env: childEnvironment,
      stdio: ['ignore', log.fd, log.fd],
      // Its own session: Ctrl-C in a terminal goes to the whole process group, and the database has to outlive the
      // doors in front of it, which are still finishing what they forwarded.
      detached: true,
    })
    await new Promise<void>((resolve, reject) => {
      child.once('spawn', resolve)
      child.once('error', reject)
    })
  } finally {
    await log.close()
  }
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  // The server alone does not keep Node running.
  child.unref()
  const pid = child.pid ?? 0
  const postmaster = { pid, exited }
  try {
    await untilReady(home, child, pid, port)
  } catch (error) {
    await stopPostmaster(postmaster)
    throw error
  }
  return postmaster
}

/** As pg_ctl does it (wait_for_postmaster_start): the server writes its state into postmaster.pid. */
async function untilReady(home: ClusterHome, child: ChildProcess, pid: number, port: number): Promise<void> {
  const deadline = Date.now() + startLimitMs
  while (Date.now() < deadline) {
    if (child.exitCode !== null || child.signalCode !== null) throw await startFailure(home, port)
    const state = await pidFile(home)
    if (state?.pid === pid && state.ready) return
    await delay(pollMs)
  }
  throw new SallyportError('upstream_unreachable', `PostgreSQL did not become ready within ${startLimitMs / 1000} s`, {
    hint: `Its log: ${home.log}`,
  })
}

async function startFailure(home: ClusterHome, port: number): Promise<SallyportError> {
  const text = await readFile(home.log, 'utf8').catch(() => '')
  if (/could not bind IPv4 address .*Address already in use/.test(text)) return portTaken(port)
  const said = text.split('\n').filter((line) => /FATAL|ERROR|HINT|DETAIL|postgres:/.test(line))
  const size = await stat(home.log).then(
    (file) => file.size,
    () => 0,
  )
  return new SallyportError(
    'upstream_unreachable',
    `PostgreSQL did not start: ${said.slice(-4).join(' ') || 'it said nothing'}`,
    size > 0 ? { hint: `Its log: ${home.log}` } : {},
  )
}

/**
 * Fast shutdown (sessions are cut, work is rolled back, a checkpoint is written), then immediate, then kill: whatever
 * happens, nothing is left running. PostgreSQL's signals: https://www.postgresql.org/docs/18/server-shutdown.html
 */
export async function stopPostmaster(postmaster: Postmaster): Promise<void> {
  const steps = [
    ['SIGINT', fastLimitMs],
    ['SIGQUIT', immediateLimitMs],
    ['SIGKILL', immediateLimitMs],
  ] as const
  for (const [signal, limitMs] of steps) {
    if (!isAlive(postmaster.pid)) break
    process.kill(postmaster.pid, signal)
    const timer = new AbortController()
    const late = delay(limitMs, 'late' as const, { signal: timer.signal }).catch(() => 'late' as const)
    const first = await Promise.race([postmaster.exited.then(() => 'exited' as const), late])
    timer.abort()
    if (first === 'exited') break
  }
  await postmaster.exited
}
