/**
 * Everything at once, for long: ordinary work and pgbench, holds that are approved, rejected, withdrawn and abandoned,
 * rules that change, clients that are killed or cancelled, server connections that are lost. Then nothing may be left
 * behind, every action must have its ending on the record, and the record must agree with the server's own statistics.
 * `node bench/soak.mjs --help` prints the options. Ends with 1 if anything is not as it must be.
 */
import { spawn } from 'node:child_process'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { pathToFileURL } from 'node:url'
import { parseArgs } from 'node:util'
import pg from 'pg'
import { fill, measure } from './lib/pgbench.mjs'
import { findProgram, freePort, run, startServer } from './lib/processes.mjs'
import { differences, doorConnections, memoryTrend, settles, statistics, told, usage } from './soak/checks.mjs'
import { cascadeTurn, heldTurn, ordinaryTurn, schema, shakenTurn, tpcbSchema, tpcbTurn } from './soak/clients.mjs'

const root = resolve(import.meta.dirname, '..')
const { values: options } = parseArgs({
  options: {
    seconds: { type: 'string', default: '3600' },
    seed: { type: 'string', default: '20261123' },
    dist: { type: 'string', default: join(root, 'dist') },
    help: { type: 'boolean', short: 'h', default: false },
  },
})
if (options.help) {
  console.log(`Usage: npm run soak -- [options]

  --seconds 3600    how long
  --seed 20261123   another number makes other clients
  --dist dist       the built program`)
  process.exit(0)
}
const seconds = Number(options.seconds)
if (!(seconds >= 1)) throw new Error(`--seconds is a number of seconds, not ${options.seconds}`)

const part = (/** @type {string} */ room) => import(pathToFileURL(join(options.dist, room, 'index.js')).href)
const [{ openFileLedger }, { startEmbeddedPostgres }] = await Promise.all(['ledger', 'demo'].map(part))
const main = join(options.dist, 'cli/main.js')

/** Rules of which one version replaces the other again and again; they differ in what nobody does. */
const rulesOf = (/** @type {number} */ version) => `version: 1
rules:
  - { id: many, about: Many rows, when: '("write" in effects || "delete" in effects) && impact.rows != null && impact.rows > 100', then: { hold: { approvals: 1, within: 5m } } }
  - { id: along, about: Many rows go along, when: 'impact.cascades.exists(c, c.rows > 100)', then: { hold: { approvals: 1, within: 5m } } }
  - { id: never, about: 'Version ${version}', when: 'operation == "VERSION ${version}"', then: block }
`

const folder = await mkdtemp(join(tmpdir(), 'sallyport-soak-'))
const postgres = await startEmbeddedPostgres({ dataDir: join(folder, 'postgres'), port: await freePort() })
const superuser = { user: postgres.superuser, password: postgres.password, database: 'postgres' }
const upstream = { host: postgres.host, port: postgres.port, ...superuser }
const direct = new pg.Pool({ ...upstream, application_name: 'soak-direct', max: 4 })
direct.on('error', () => undefined)
/** @type {string[]} */
const wrong = []
/** @type {Awaited<ReturnType<typeof startServer>> | undefined} */
let server

try {
  await direct.query(schema)
  const pgbench = findProgram('pgbench') !== undefined
  if (pgbench) await fill(upstream, 1)
  else await direct.query(tpcbSchema)

  const [api, door] = [await freePort(), await freePort()]
  await mkdir(join(folder, 'rules'))
  await writeFile(join(folder, 'rules/soak.yaml'), rulesOf(0))
  await writeFile(
    join(folder, 'sallyport.yaml'),
    `listen: 127.0.0.1:${api}
data: ${folder}/data
rules: [${folder}/rules]
doors:
  - { name: soak, protocol: postgres, listen: '127.0.0.1:${door}', upstream: 'postgres://${postgres.host}:${postgres.port}', environment: production, unknown: hold, hold: { wait: 60s } }
`,
  )
  server = await startServer(process.execPath, [main, 'serve', '-c', join(folder, 'sallyport.yaml')])
  const { pid, output } = server
  const link = await settles(
    async () => /First sign-in: (\S+)/.exec(output())?.[1],
    (found) => (found !== undefined && output().includes('Door soak')) || server?.ended() === true,
  )
  if (link === undefined) throw new Error(`the server did not start: ${output()}`)
  const token = await signIn(link)
  const world = {
    door: { host: '127.0.0.1', port: door, ...superuser },
    direct,
    chance: numbers(Number(options.seed)),
    tally: new Map(),
  }
  await ordinaryTurn(world)
  await settles(
    () => doorConnections(direct),
    (n) => n === 0,
  )
  await settles(
    () => statistics(direct),
    () => false,
    2,
  )
  const filesBefore = usage(pid).files

  const until = performance.now() + seconds * 1000
  const goesOn = () => performance.now() < until
  /** @type {number[]} */
  const memory = []
  const mode = /** @type {const} */ (['simple', 'extended', 'prepared'])
  const everything = [
    ...[1, 2].map(() => again(goesOn, () => ordinaryTurn(world))),
    ...[1, 2, 3].map(() => again(goesOn, () => heldTurn(world))),
    again(goesOn, () => cascadeTurn(world)),
    ...[1, 2].map(() => again(goesOn, () => shakenTurn(world))),
    again(goesOn, async (turn) => {
      if (!pgbench) return tpcbTurn(world)
      const left = Math.max(1, Math.min(10, Math.round((until - performance.now()) / 1000)))
      const cell = { script: /** @type {const} */ ('tpcb-like'), mode: mode[turn % 3] ?? 'simple', clients: 2 }
      const { transactions } = await measure(world.door, cell, left)
      world.tally.set('pgbench transactions', (world.tally.get('pgbench transactions') ?? 0) + transactions)
    }),
    again(goesOn, async (turn) => {
      await writeFile(join(folder, 'rules/soak.yaml'), rulesOf(turn + 1))
      process.kill(pid, 'SIGHUP')
      await delay(2_000)
    }),
    again(goesOn, async () => {
      memory.push(usage(pid).memory)
      await delay(Math.max(250, seconds * 2))
    }),
  ]
  let over = false
  const reviewer = again(
    () => !over,
    async () => {
      await review(api, token, world)
      await delay(100)
    },
  )
  // Who still waits is answered by the reviewer.
  for (const { reason } of (await Promise.allSettled(everything)).filter(({ status }) => status === 'rejected'))
    wrong.push(`a client failed: ${reason instanceof Error ? reason.stack : reason}`)
  over = true
  await reviewer.catch((error) => wrong.push(`the reviewer failed: ${error}`))

  const connections = await settles(
    () => doorConnections(direct),
    (n) => n === 0,
  )
  if (connections > 0) wrong.push(`${connections} connections of the door are left at the server`)
  const doors = await get(api, token, '/api/doors')
  if (JSON.stringify(doors).match(/"sessions":(\d+)/)?.[1] !== '0')
    wrong.push(`sessions are left: ${JSON.stringify(doors)}`)
  const files = await settles(
    async () => usage(pid).files,
    (n) => n <= filesBefore + 4,
    40,
  )
  if (files > filesBefore + 4) wrong.push(`${files} files and sockets are open; before there were ${filesBefore}`)
  const trend = memoryTrend(memory)
  if (trend.wrong !== undefined) wrong.push(trend.wrong)
  if (server.ended()) wrong.push(`the server ended: ${output()}`)
  await server.stop()
  if (/MaxListenersExceeded|Unhandled|heap out of memory/.test(output())) wrong.push(`the server said: ${output()}`)

  const verified = await run(process.execPath, [main, 'ledger', 'verify', '--data', join(folder, 'data')])
  if (verified.code !== 0) wrong.push(`ledger verify: ${verified.stdout}${verified.stderr}`)
  const ledger = await openFileLedger({ directory: join(folder, 'data/ledger') })
  const record = await told(ledger.entries())
  await ledger.close()
  if (record.unended.length > 0)
    wrong.push(`${record.unended.length} actions have no ending: ${record.unended.slice(0, 5).join(', ')}`)
  // Everything that the server has counted since its tables were filled came through the door.
  const filled = new Map([
    ['public.calm', { inserted: 100_000, updated: 0, deleted: 0 }],
    ['public.pgbench_accounts', { inserted: 100_000, updated: 0, deleted: 0 }],
    ['public.pgbench_branches', { inserted: 1, updated: 0, deleted: 0 }],
    ['public.pgbench_tellers', { inserted: 10, updated: 0, deleted: 0 }],
  ])
  const counted = await settles(
    () => statistics(direct),
    (now) => differences(filled, now, record.sums).length === 0,
  )
  wrong.push(...differences(filled, counted, record.sums))

  console.log(`${seconds} s: ${record.requested} actions; ${list(record.outcomes)}`)
  console.log(list(world.tally))
  console.log(
    `memory ${trend.middle.toFixed(0)} MB, then ${trend.last.toFixed(0)} MB; open files ${filesBefore} before, ${files} after`,
  )
  console.log(
    `rows by the server and by the record: ${[...counted].map(([table, now]) => `${table} ${JSON.stringify(now)}`).join(', ')}`,
  )
  console.log(verified.stdout.trim().split('\n')[0] ?? '')
  for (const one of wrong) console.error(`WRONG: ${one}`)
  if (wrong.length > 0) process.exitCode = 1
} finally {
  await server?.stop()
  await direct.end()
  await postgres.stop()
  await rm(folder, { recursive: true, force: true })
}

/** @param {() => boolean} goesOn @param {(turn: number) => Promise<void>} turn */
async function again(goesOn, turn) {
  for (let i = 0; goesOn(); i++) await turn(i)
}

/** @param {string} link @returns {Promise<string>} a token of the first reviewer */
async function signIn(link) {
  const child = spawn(process.execPath, [main, 'sign-in', link], { stdio: ['pipe', 'pipe', 'ignore'] })
  child.stdin.end('correct horse battery')
  let out = ''
  for await (const chunk of child.stdout) out += chunk
  return out.trim()
}

/** @param {number} port @param {string} token @param {string} path */
async function get(port, token, path) {
  const answer = await fetch(`http://127.0.0.1:${port}${path}`, { headers: { authorization: `Bearer ${token}` } })
  if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`)
  return answer.json()
}

/** Decides about what waits: most of it is approved, some rejected, some left a while. */
async function review(/** @type {number} */ port, /** @type {string} */ token, /** @type {any} */ world) {
  const { holds } = await get(port, token, '/api/holds?state=pending')
  for (const { hold } of holds) {
    const way = world.chance()
    if (way < 0.2) continue
    const answer = await fetch(`http://127.0.0.1:${port}/api/holds/${hold}/votes`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body: JSON.stringify({ decision: way < 0.7 ? 'approve' : 'reject', reason: 'soak' }),
    })
    // Its client may have left meanwhile.
    if (!answer.ok && answer.status !== 409) throw new Error(`vote: ${answer.status} ${await answer.text()}`)
    await answer.body?.cancel()
    world.tally.set(`votes ${answer.status}`, (world.tally.get(`votes ${answer.status}`) ?? 0) + 1)
  }
}

/** @param {Map<string, number>} counts */
function list(counts) {
  return [...counts].map(([what, n]) => `${what} ${n}`).join('; ')
}

/** Numbers from 0 up to 1, always the same (mulberry32). */
function numbers(/** @type {number} */ seed) {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296
  }
}
