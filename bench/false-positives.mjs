/**
 * How often the shipped rules interrupt an ordinary week: about 100,000 statements of a shop's application, workers,
 * deployments and people on call, sent through the live door to a real PostgreSQL.
 * `node bench/false-positives.mjs --help` prints the options. Ends with 1 if any day has as many holds as --most.
 */
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { parseArgs } from 'node:util'
import pg from 'pg'
import { freePort } from './lib/processes.mjs'

const root = resolve(import.meta.dirname, '..')
const { values: options } = parseArgs({
  options: {
    actions: { type: 'string', default: '100000' },
    rules: { type: 'string', default: join(root, 'rules/postgres.yaml') },
    most: { type: 'string', default: '5' },
    seed: { type: 'string', default: '20261102' },
    dist: { type: 'string', default: join(root, 'dist') },
    help: { type: 'boolean', short: 'h', default: false },
  },
})
if (options.help) {
  console.log(`Usage: npm run report:false-positives -- [options]

  --actions 100000                 how many statements the week has, about
  --rules rules/postgres.yaml      the rule file to judge them by
  --most 5                         a day with so many holds is one too many
  --seed 20261102                  another number makes another week
  --dist dist                      the built program`)
  process.exit(0)
}

const part = (/** @type {string} */ room) => import(pathToFileURL(join(options.dist, room, 'index.js')).href)
const [{ PostgresDoor }, { LedgerGate, WindowKeeper }, { Holds }, { openFileLedger }, { compileRules }, demo] =
  await Promise.all(['doors/postgres', 'gate', 'holds', 'ledger', 'rules', 'demo'].map(part))

const text = await readFile(options.rules, 'utf8')
const compiled = compileRules([{ file: options.rules, text }])
if (!compiled.ok)
  throw new Error(compiled.diagnostics.map((/** @type {{ message: string }} */ d) => d.message).join('; '))

const folder = await mkdtemp(join(tmpdir(), 'sallyport-false-positives-'))
const postgres = await demo.startEmbeddedPostgres({ dataDir: join(folder, 'postgres'), port: await freePort() })
const monday = Date.parse('2026-11-02T00:00:00Z')
let now = monday

try {
  await demo.ensureShop(postgres)
  const password = (/** @type {string} */ user) =>
    demo.shopUsers.find((/** @type {{ name: string }} */ { name }) => name === user)?.password
  const owner = new pg.Client({ connectionString: postgres.url('shop', password('shop'), demo.shopDatabase) })
  await owner.connect()
  await owner.query(demo.trafficSchema)
  await owner.query('ANALYZE')
  await owner.end()

  const ledger = await openFileLedger({ directory: join(folder, 'ledger'), now: () => now })
  const holds = await Holds.open({
    ledger,
    reviewer: (/** @type {string} */ id) => ({ id, kind: 'human', groups: [], isReviewer: true }),
    isRequester: () => false,
  })
  const windows = new WindowKeeper({ ledger, now: () => now })
  await windows.prepare(compiled.windows)
  const gate = new LedgerGate({
    ledger: windows.record,
    holds,
    judge: () => compiled.judge,
    moment: (/** @type {readonly import('../src/action/index.ts').Action[]} */ actions) => windows.moment(actions),
    publicUrl: 'http://127.0.0.1',
  })
  const door = await PostgresDoor.open({
    name: 'shop',
    listen: { host: '127.0.0.1', port: 0 },
    upstream: { host: postgres.host, port: postgres.port },
    system: 'shop',
    environment: 'production',
    unknown: 'hold',
    wait: 0,
    record: 'batched',
    commitGate: true,
    limits: { connections: 20, messageBytes: 16 * 1024 * 1024, startupTimeout: 10_000 },
    gate,
    identify: () => ({ kind: 'human' }),
    log: () => undefined,
    now: () => now,
  })

  const actions = demo.weekOfTraffic(numbers(Number(options.seed)), Number(options.actions))
  const users = /** @type {const} */ ({ web: 'shop', worker: 'shop', deploy: 'shop', oncall: 'alice' })
  const started = performance.now()
  const { failed } = await demo.playTraffic(
    actions,
    async (/** @type {keyof typeof users} */ by) => {
      const user = users[by]
      const client = new pg.Client({ ...door.address, user, password: password(user), database: demo.shopDatabase })
      client.on('error', () => undefined)
      await client.connect()
      return client
    },
    (/** @type {number} */ at) => {
      now = monday + at
    },
  )
  const seconds = (performance.now() - started) / 1000
  await door.close()

  /** @type {Map<string, number>} */
  const verdicts = new Map()
  /** @type {{ day: number, rule: string, verdict: string, statement: string }[]} */
  const interruptions = []
  let judged = 0
  for await (const { kind, body } of ledger.entries()) {
    if (kind !== 'action.requested' || body.judged === null) continue
    judged += 1
    const { verdict, rule } = body.judged
    verdicts.set(verdict, (verdicts.get(verdict) ?? 0) + 1)
    if (verdict !== 'hold' && verdict !== 'block') continue
    const day = Math.floor((Date.parse(body.action.at) - monday) / 86_400_000)
    interruptions.push({
      day,
      rule: rule ?? 'not understood',
      verdict,
      statement: String(body.action.request.statement),
    })
  }
  holds.close()
  await ledger.close()

  console.log(
    `An ordinary week: ${actions.length} statements, ${judged} actions judged by ${compiled.rules.length} rules of ${options.rules}`,
  )
  console.log(`(${Math.round(actions.length / seconds)} statements a second through the door, one after the other)\n`)
  console.log([...verdicts].map(([verdict, n]) => `${verdict} ${n}`).join(', '))
  const days = Array.from({ length: 7 }, (_, day) => interruptions.filter((one) => one.day === day).length)
  console.log(`held or blocked by day, Monday first: ${days.join(' ')}\n`)
  for (const rule of new Set(interruptions.map((one) => one.rule))) {
    const of = interruptions.filter((one) => one.rule === rule)
    console.log(`  ${String(of.length).padStart(4)}  ${rule} (${of[0]?.verdict}): ${of[0]?.statement.slice(0, 110)}`)
  }
  for (const { action, message } of failed.slice(0, 10))
    console.error(`failed at the server: ${message}: ${action.sql}`)
  if (failed.length > 0 || days.some((held) => held >= Number(options.most))) process.exitCode = 1
} finally {
  await postgres.stop()
  await rm(folder, { recursive: true, force: true })
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
