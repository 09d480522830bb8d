import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import { findProgram, run } from './processes.mjs'
import { percentile } from './stats.mjs'

/**
 * @typedef {{ host: string, port: number, user: string, password: string, database: string }} Address
 * @typedef {{ script: 'select-only' | 'tpcb-like', mode: 'simple' | 'extended' | 'prepared', clients: number }} Cell
 * @typedef {{ tps: number, transactions: number, average: number, p50: number, p99: number }} Measurement latencies in ms
 */

/** @returns {string} */
export function pgbenchPath() {
  const path = findProgram('pgbench')
  if (path) return path
  throw new Error(
    'pgbench is not installed. On Debian and Ubuntu: apt-get install postgresql-contrib (or postgresql-15)',
  )
}

/** @returns {Promise<string>} */
export async function pgbenchVersion() {
  return (await run(pgbenchPath(), ['--version'])).stdout.trim()
}

/** @param {Address} at @param {number} scale */
export async function fill(at, scale) {
  const { code, stderr } = await run(
    pgbenchPath(),
    ['-i', '-q', '-s', String(scale), ...connection(at)],
    environment(at),
  )
  if (code !== 0) throw new Error(`pgbench -i failed: ${stderr.trim()}`)
}

/**
 * @param {Address} at
 * @param {Cell} cell
 * @param {number} seconds
 * @returns {Promise<Measurement>}
 */
export async function measure(at, cell, seconds) {
  const folder = await mkdtemp(join(tmpdir(), 'sallyport-pgbench-'))
  try {
    const args = [
      '--no-vacuum',
      `--builtin=${cell.script}`,
      `--protocol=${cell.mode}`,
      `--client=${cell.clients}`,
      `--jobs=${Math.min(cell.clients, availableParallelism())}`,
      `--time=${seconds}`,
      // Single latencies, for the percentiles. Writing all of them down would slow fast cells.
      '--log',
      `--log-prefix=${join(folder, 'log')}`,
      `--sampling-rate=${cell.script === 'select-only' ? 0.1 : 1}`,
      ...connection(at),
    ]
    const { code, stdout, stderr } = await run(pgbenchPath(), args, environment(at))
    // A client that gets an error stops, and pgbench goes on with fewer: such figures are worth nothing.
    if (code !== 0) throw new Error(lastLines(stderr))
    return { ...parse(stdout), ...(await percentiles(folder)) }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** @param {Address} at */
const connection = (at) => ['-h', at.host, '-p', String(at.port), '-U', at.user, at.database]

/** @param {Address} at */
const environment = (at) => ({ env: { PATH: process.env.PATH ?? '', LC_ALL: 'C', PGPASSWORD: at.password } })

/** @param {string} text */
const lastLines = (text) =>
  text
    .split('\n')
    .filter((line) => /error|fatal/i.test(line))
    .slice(0, 2)
    .join('; ') || text.trim().slice(-300)

/** @param {string} stdout */
function parse(stdout) {
  const number = (/** @type {RegExp} */ pattern) => {
    const found = Number(pattern.exec(stdout)?.[1])
    if (!Number.isFinite(found)) throw new Error(`cannot find ${pattern} in what pgbench printed:\n${stdout}`)
    return found
  }
  return {
    tps: number(/^tps = ([\d.]+) \(without initial connection time\)/m),
    transactions: number(/^number of transactions actually processed: (\d+)/m),
    average: number(/^latency average = ([\d.]+) ms/m),
  }
}

/** Third column of pgbench's log: the transaction's latency in microseconds. @param {string} folder */
async function percentiles(folder) {
  const latencies = []
  for (const file of await readdir(folder)) {
    for (const line of (await readFile(join(folder, file), 'utf8')).split('\n')) {
      const latency = Number(line.split(' ')[2])
      if (Number.isFinite(latency)) latencies.push(latency)
    }
  }
  latencies.sort((a, b) => a - b)
  return { p50: percentile(latencies, 0.5) / 1000, p99: percentile(latencies, 0.99) / 1000 }
}
