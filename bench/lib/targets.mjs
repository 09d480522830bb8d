import { chown, mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import pg from 'pg'
import { findProgram, freePort, run, startServer } from './processes.mjs'

/**
 * @typedef {import('./pgbench.mjs').Address} Address
 * @typedef {{ name: string, at: Address, pid: number | undefined, stop: () => Promise<void> }} Target
 *   `pid` is the proxy's, whose processor time is counted; none for the direct connection.
 */

/** An id PgBouncer can drop to: like PostgreSQL it refuses to run as root. `nobody` on most systems. */
const nobody = 65534

/** @param {Address} server @returns {Target} */
export function direct(server) {
  return { name: 'direct', at: server, pid: undefined, stop: async () => {} }
}

/** @returns {string} */
export function pgbouncerPath() {
  const path = findProgram('pgbouncer')
  if (path) return path
  throw new Error('PgBouncer is not installed. On Debian and Ubuntu: apt-get install pgbouncer')
}

/** @returns {Promise<string>} */
export async function pgbouncerVersion() {
  const { stdout } = await run(pgbouncerPath(), ['--version'])
  return /^PgBouncer (\S+)/.exec(stdout)?.[1] ?? 'of unknown version'
}

/**
 * PgBouncer in session pooling, which is what the door does as well: one server connection for each client.
 * @param {Address} server
 * @param {string} folder its own, made here
 * @returns {Promise<Target>}
 */
export async function pgbouncer(server, folder) {
  const at = { ...server, host: '127.0.0.1', port: await freePort() }
  await mkdir(folder, { mode: 0o700 })
  const users = join(folder, 'users.txt')
  const ini = join(folder, 'pgbouncer.ini')
  await writeFile(users, `"${server.user}" "${server.password}"\n`, { mode: 0o600 })
  const settings = [
    '[databases]',
    `${server.database} = host=${server.host} port=${server.port} dbname=${server.database}`,
    '[pgbouncer]',
    'listen_addr = 127.0.0.1',
    `listen_port = ${at.port}`,
    'unix_socket_dir =',
    'pool_mode = session',
    'auth_type = scram-sha-256',
    `auth_file = ${users}`,
    'max_client_conn = 200',
    'default_pool_size = 64',
    'log_connections = 0',
    'log_disconnections = 0',
  ]
  await writeFile(ini, `${settings.join('\n')}\n`, { mode: 0o600 })
  const asRoot = process.getuid?.() === 0
  if (asRoot) for (const path of [folder, users, ini]) await chown(path, nobody, nobody)
  const child = await startServer(pgbouncerPath(), [ini], asRoot ? { uid: nobody, gid: nobody, cwd: folder } : {})
  return ready({ name: 'PgBouncer', at, pid: child.pid, stop: child.stop }, child)
}

/**
 * The Sallyport door with the shipped rules and a durable ledger: everything on.
 * @param {Address} server
 * @param {string} folder its own, made here
 * @param {string} root the repository
 * @param {string} dist the built program
 * @returns {Promise<Target>}
 */
export async function door(server, folder, root, dist) {
  const at = { ...server, host: '127.0.0.1', port: await freePort() }
  await mkdir(folder, { mode: 0o700 })
  const config = join(folder, 'sallyport.yaml')
  const upstream = `postgres://${server.host}:${server.port}`
  const lines = [
    `listen: 127.0.0.1:${await freePort()}`,
    `data: ${JSON.stringify(join(folder, 'data'))}`,
    `rules: [${JSON.stringify(join(root, 'rules'))}]`,
    'doors:',
    '  - name: bench',
    '    protocol: postgres',
    `    listen: 127.0.0.1:${at.port}`,
    // The password is for the door's side connection (facts); clients bring their own.
    `    upstream: ${upstream}`,
    '    environment: staging',
    '    unknown: hold',
  ]
  await writeFile(config, `${lines.join('\n')}\n`, { mode: 0o600 })
  const child = await startServer(process.execPath, [join(dist, 'cli', 'main.js'), 'serve', '-c', config], {
    cwd: folder,
    env: { ...process.env, NODE_ENV: 'production' },
  })
  return ready({ name: 'Sallyport', at, pid: child.pid, stop: child.stop }, child)
}

/**
 * Waits until a query goes through.
 * @param {Target} target
 * @param {{ ended: () => boolean, output: () => string }} child
 * @returns {Promise<Target>}
 */
async function ready(target, child) {
  const deadline = Date.now() + 20_000
  let problem = ''
  while (Date.now() < deadline && !child.ended()) {
    const client = new pg.Client({ ...target.at, connectionTimeoutMillis: 2_000 })
    client.on('error', () => {})
    try {
      await client.connect()
      await client.query('SELECT 1')
      return target
    } catch (error) {
      problem = error instanceof Error ? error.message : String(error)
      await delay(100)
    } finally {
      await client.end().catch(() => {})
    }
  }
  await target.stop()
  throw new Error(`${target.name} did not become ready: ${problem}\n${child.output()}`)
}
