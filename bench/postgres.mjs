/**
 * What the PostgreSQL door costs: pgbench directly, through PgBouncer and through Sallyport, by turns in one run.
 * `node bench/postgres.mjs --help` prints the options; PERFORMANCE.md says how to read the figures.
 */
import { randomBytes } from 'node:crypto'
import { chmod, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { parseArgs } from 'node:util'
import pg from 'pg'
import { fill, measure, pgbenchPath, pgbenchVersion } from './lib/pgbench.mjs'
import { cpuSeconds, freePort } from './lib/processes.mjs'
import { conditions, table, writeBetween } from './lib/report.mjs'
import { direct, door, pgbouncer, pgbouncerPath, pgbouncerVersion } from './lib/targets.mjs'

const root = resolve(import.meta.dirname, '..')

const { values: options } = parseArgs({
  options: {
    targets: { type: 'string', default: 'direct,pgbouncer,door' },
    scripts: { type: 'string', default: 'select-only,tpcb-like' },
    modes: { type: 'string', default: 'simple,extended,prepared' },
    clients: { type: 'string', default: '1,8,32' },
    rounds: { type: 'string' },
    seconds: { type: 'string' },
    scale: { type: 'string', default: '10' },
    dist: { type: 'string', default: join(root, 'dist') },
    quick: { type: 'boolean', default: false },
    write: { type: 'boolean', default: false },
    help: { type: 'boolean', short: 'h', default: false },
  },
})

if (options.help) {
  console.log(`Usage: npm run bench -- [options]

  --targets direct,pgbouncer,door       who is measured
  --scripts select-only,tpcb-like       pgbench's built-in scripts
  --modes simple,extended,prepared      query protocols (extended for select-only alone)
  --clients 1,8,32                      connections
  --rounds 3 --seconds 4                rounds per cell and seconds per measurement
  --scale 10                            pgbench's scale: 100,000 accounts each
  --dist dist                           the built program
  --quick                               2 rounds of 1 s: to see that it works, not to publish
  --write                               put the table into bench/PERFORMANCE.md`)
  process.exit(0)
}

const rounds = Number(options.rounds ?? (options.quick ? 2 : 3))
const seconds = Number(options.seconds ?? (options.quick ? 1 : 4))
const scale = Number(options.scale)
const wanted = options.targets.split(',')

/** Stops in reverse order of starting; filled as things start. @type {(() => Promise<unknown>)[]} */
const cleanups = []
let stopping = false

async function cleanUp() {
  for (const stop of cleanups.splice(0).reverse()) {
    await stop().catch((error) => console.error(`while stopping: ${error.message}`))
  }
}

// What is being started or measured is finished first (seconds at most), so that nothing is left running unknown.
for (const [signal, code] of /** @type {const} */ ([
  ['SIGINT', 130],
  ['SIGTERM', 143],
])) {
  process.on(signal, () => {
    stopping = true
    process.exitCode = code
    console.error('stopping after the measurement under way')
  })
}

/** @returns {import('./lib/pgbench.mjs').Cell[]} */
function cells() {
  const scripts = /** @type {const} */ (['select-only', 'tpcb-like']).filter((s) =>
    options.scripts.split(',').includes(s),
  )
  const modes = /** @type {const} */ (['simple', 'extended', 'prepared']).filter((m) =>
    options.modes.split(',').includes(m),
  )
  const clients = options.clients.split(',').map(Number)
  return scripts.flatMap((script) =>
    modes
      .filter((mode) => script === 'select-only' || mode !== 'extended')
      .flatMap((mode) => clients.map((count) => ({ script, mode, clients: count }))),
  )
}

/** The server from npm with PostgreSQL's default settings: durable, as in production. */
async function startDatabase(/** @type {string} */ folder) {
  const { startCluster, embeddedBinaries } = await import(pathToFileURL(join(options.dist, 'demo', 'index.js')).href)
  const cluster = await startCluster({
    dataDir: join(folder, 'postgres'),
    port: await freePort(),
    binaries: embeddedBinaries,
    settings: { max_connections: '150' },
  })
  cleanups.push(cluster.stop)
  const admin = new pg.Client({ connectionString: cluster.url(cluster.superuser, cluster.password, 'postgres') })
  await admin.connect()
  const password = randomBytes(12).toString('hex')
  await admin.query(`CREATE ROLE bench LOGIN PASSWORD '${password}'`)
  await admin.query('CREATE DATABASE bench OWNER bench')
  await admin.end()
  return {
    version: cluster.version,
    at: { host: cluster.host, port: cluster.port, user: 'bench', password, database: 'bench' },
  }
}

/** What pgbench does itself before a tpcb-like run, here for all targets alike over the direct connection. */
async function tidy(/** @type {import('./lib/pgbench.mjs').Address} */ at) {
  const client = new pg.Client(at)
  await client.connect()
  for (const statement of ['VACUUM pgbench_branches', 'VACUUM pgbench_tellers', 'TRUNCATE pgbench_history']) {
    await client.query(statement)
  }
  await client.end()
}

async function main() {
  // Ask for what is missing before anything is started.
  pgbenchPath()
  if (wanted.includes('pgbouncer')) pgbouncerPath()
  const folder = await mkdtemp(join(tmpdir(), 'sallyport-bench-'))
  await chmod(folder, 0o711)
  cleanups.push(() => rm(folder, { recursive: true, force: true }))
  const server = await startDatabase(folder)
  console.error(`PostgreSQL ${server.version}: filling scale ${scale}`)
  await fill(server.at, scale)

  const targets = []
  for (const name of wanted) {
    if (stopping) return
    const target =
      name === 'direct'
        ? direct(server.at)
        : name === 'pgbouncer'
          ? await pgbouncer(server.at, join(folder, 'pgbouncer'))
          : name === 'door'
            ? await door(server.at, join(folder, 'door'), root, options.dist)
            : undefined
    if (!target) throw new Error(`unknown target ${name}: use direct, pgbouncer, door`)
    cleanups.push(target.stop)
    targets.push(target)
  }

  /** @type {import('./lib/report.mjs').Row[]} */
  const rows = []
  for (const cell of cells()) {
    /** @type {import('./lib/report.mjs').Row} */
    const row = { cell, samples: new Map(), failures: new Map() }
    rows.push(row)
    for (let round = 1; round <= rounds; round++) {
      for (const { name, at, pid } of targets) {
        if (stopping) return
        if (row.failures.has(name)) continue
        if (cell.script === 'tpcb-like') await tidy(server.at)
        const label = `${cell.script} ${cell.mode} ${cell.clients} clients, round ${round}, ${name}`
        const before = pid === undefined ? Number.NaN : cpuSeconds(pid)
        try {
          const result = await measure(at, cell, seconds)
          const cpu = pid === undefined ? Number.NaN : cpuSeconds(pid) - before
          row.samples.set(name, [...(row.samples.get(name) ?? []), { ...result, cpu }])
          console.error(`${label}: ${result.tps.toFixed(0)} tps, ${result.p50.toFixed(2)} ms`)
        } catch (error) {
          // A target that failed in one round has no figure at all: what is left would be the good rounds only.
          row.samples.delete(name)
          row.failures.set(name, error instanceof Error ? error.message : String(error))
          console.error(`${label}: FAILED: ${row.failures.get(name)}`)
        }
      }
    }
  }

  // Where the build lies on this machine is nobody's business, and no part of the method.
  const told = process.argv.slice(2).filter((word, i, all) => !word.startsWith('--dist') && all[i - 1] !== '--dist')
  const command = ['npm run bench', ...(told.length > 0 ? ['--', ...told] : [])].join(' ')
  const method =
    `pgbench scale ${scale}, medians of ${rounds} rounds × ${seconds} s per cell with (lowest–highest), targets by turns; ` +
    'PostgreSQL with its default, durable settings; everything on one machine'
  const versions = {
    PostgreSQL: server.version,
    ...(wanted.includes('pgbouncer') ? { PgBouncer: await pgbouncerVersion() } : {}),
    pgbench: (await pgbenchVersion()).replace(/^pgbench \(PostgreSQL\) /, ''),
  }
  const text = `${conditions(versions, command, method)}\n\n${table(
    rows,
    targets.map(({ name }) => name),
  )}`
  console.log(text)
  if (options.write) await writeBetween(join(root, 'bench', 'PERFORMANCE.md'), 'postgres', text)
  if (rows.some(({ failures }) => failures.size > 0)) process.exitCode = 1
}

try {
  await main()
} catch (error) {
  console.error(error instanceof Error ? error.message : error)
  process.exitCode ??= 1
} finally {
  await cleanUp()
}
