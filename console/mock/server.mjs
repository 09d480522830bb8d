/**
 * A stand-in for the HTTP API, for working on the console without doors, rules or a database. Not part of the product.
 * It keeps everything in memory, takes any token except "bad", and opens a new hold now and then.
 *
 *   node console/mock/server.mjs          # http://127.0.0.1:7071
 *   npx vite --config console/vite.config.ts
 *   open http://127.0.0.1:5173/#token=anything
 *
 * MOCK_PORT sets the port, MOCK_QUIET=1 opens no new holds, MOCK_EMPTY=1 starts with none.
 */
import { createHash, randomUUID } from 'node:crypto'
import { createServer } from 'node:http'
import { text } from 'node:stream/consumers'
import { record, seeds } from './seeds.mjs'

const port = Number(process.env.MOCK_PORT ?? 7071)
const ruleSet = '7c1f0a93b2de'
const me = { id: 'dana', name: 'Dana Reyes', kind: 'human', groups: ['dba', 'oncall'], roles: ['reviewer'] }
const holds = new Map()
const streams = new Set()
let ledgerSize = 18_204

const iso = (ms) => new Date(ms).toISOString()

function openHold(seed, agoMs = 0) {
  const opened = Date.now() - agoMs
  const hold = {
    hold: `h_${randomUUID().slice(0, 8)}`,
    nonce: randomUUID(),
    requester: seed.requester,
    door: seed.actions[0].door,
    target: { system: 'shop', environment: seed.actions[0].target.environment, database: 'shop' },
    digest: createHash('sha256').update(JSON.stringify(seed.actions)).digest('hex'),
    ruleSet,
    rule: seed.rule,
    review: seed.review,
    expiresAt: iso(opened + seed.withinMs),
    actions: seed.actions.map((action) => ({ ...action, id: randomUUID(), at: iso(opened) })),
    state: 'pending',
    openedAt: iso(opened),
    votes: [],
    useBy: null,
    closed: null,
    waiting: seed.waiting,
    ...seed.decided?.(opened),
  }
  holds.set(hold.hold, hold)
  return hold
}

function view(hold) {
  const approvals = hold.votes.filter((vote) => vote.decision === 'approve').length
  return {
    ...hold,
    link: `http://127.0.0.1:5173/holds/${hold.hold}`,
    missing: { approvals: Math.max(0, hold.review.approvals - approvals), from: hold.review.from },
    mayVote: mayVote(hold),
  }
}

function mayVote(hold) {
  const no = (reason) => ({ allowed: false, reason })
  if (hold.state !== 'pending') return no(`This hold is already ${hold.state}.`)
  if (hold.requester.id === me.id || hold.requester.owner === me.id) {
    return no('You asked for this action: somebody else must decide on it.')
  }
  if (hold.votes.some((vote) => vote.by === me.id)) return no('You have voted; one person counts once.')
  const from = hold.review.from
  if (from.length > 0 && !from.some((group) => me.groups.includes(group))) {
    return no(`Only members of ${from.join(' or ')} may decide on this; you are in ${me.groups.join(', ')}.`)
  }
  return { allowed: true, reason: null }
}

function publish(type, data) {
  for (const stream of streams) stream.write(`event: ${type}\ndata: ${JSON.stringify(data)}\n\n`)
}

function change(hold, fields) {
  Object.assign(hold, fields)
  ledgerSize += 1
  publish('hold', view(hold))
  publish('ledger', { state: 'open', size: ledgerSize })
}

function vote(hold, decision, reason) {
  const at = iso(Date.now())
  const votes = [...hold.votes, { by: me.id, decision, reason, at }]
  if (decision === 'reject') {
    change(hold, { votes, state: 'rejected', waiting: false, closed: { at, by: me.id, reason } })
    return
  }
  const enough = votes.filter((one) => one.decision === 'approve').length >= hold.review.approvals
  if (!enough) {
    change(hold, { votes })
    return
  }
  change(hold, { votes, state: 'approved', useBy: iso(Date.now() + 600_000) })
  if (hold.waiting) setTimeout(() => change(hold, { state: 'released', waiting: false }), 1200)
}

setInterval(() => {
  for (const hold of holds.values()) {
    if (hold.state === 'pending' && Date.parse(hold.expiresAt) < Date.now()) {
      const closed = { at: iso(Date.now()), by: 'sallyport', reason: 'Nobody decided in time' }
      change(hold, { state: 'expired', waiting: false, closed })
    }
  }
}, 1000)

if (process.env.MOCK_EMPTY === undefined) for (const { seed, agoMs } of seeds) openHold(seed, agoMs)
if (process.env.MOCK_QUIET === undefined) {
  setInterval(() => {
    const { seed } = seeds[Math.floor(Math.random() * 4)]
    publish('hold', view(openHold(seed)))
  }, 45_000)
}
setInterval(() => {
  for (const stream of streams) stream.write(': keep-alive\n\n')
}, 15_000)

const routes = {
  '/api/me': () => ({
    person: me,
    server: { version: '0.1.0', rules: ruleSet, ledger: { state: 'open', size: ledgerSize } },
  }),
  '/api/holds': (url) => {
    const state = url.searchParams.get('state') ?? 'all'
    const isOpen = (hold) => hold.state === 'pending' || hold.state === 'approved'
    const wanted = (hold) => state === 'all' || isOpen(hold) === (state === 'pending')
    const list = [...holds.values()].filter(wanted).sort((a, b) => b.openedAt.localeCompare(a.openedAt))
    return { holds: list.map(view) }
  },
  '/api/actions': (url) => {
    const before = Number(url.searchParams.get('before') ?? 120)
    const limit = Number(url.searchParams.get('limit') ?? 50)
    const actions = []
    for (let index = before - 1; index >= 0 && actions.length < limit; index--) actions.push(record(index))
    return { actions }
  },
  '/api/doors': () => ({
    doors: [
      {
        name: 'shop-db',
        protocol: 'postgres',
        listen: '127.0.0.1:6432',
        environment: 'production',
        unknown: 'hold',
        sessions: 7,
        waiting: [...holds.values()].filter((hold) => hold.waiting && hold.state === 'pending').length,
      },
      {
        name: 'shop-staging',
        protocol: 'postgres',
        listen: '127.0.0.1:6433',
        environment: 'staging',
        unknown: 'flag',
        sessions: 2,
        waiting: 0,
      },
    ],
  }),
  '/api/rules': () => ({
    version: ruleSet,
    files: [{ file: 'rules/postgres.yaml', digest: createHash('sha256').update('rules').digest('hex') }],
    rules: seeds
      .map(({ seed }) => seed.rule)
      .filter((rule, index, all) => all.findIndex((other) => other.id === rule.id) === index)
      .map((rule, index) => ({
        id: rule.id,
        about: rule.about,
        outcome: ['hold', 'hold', 'block', 'flag'][index % 4],
        mode: index === 3 ? 'shadow' : 'enforce',
        file: 'rules/postgres.yaml',
        line: 12 + index * 9,
      })),
    problems: process.env.MOCK_PROBLEMS ?? null,
  }),
}

function send(response, status, body) {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
}

function fail(response, status, code, message) {
  send(response, status, { error: { code, message } })
}

createServer(async (request, response) => {
  const url = new URL(request.url ?? '/', 'http://mock')
  const token = request.headers.authorization?.replace(/^Bearer /, '')
  if (token === undefined || token === '' || token === 'bad')
    return fail(response, 401, 'unauthorized', 'Unknown token')
  if (url.pathname === '/api/events') {
    response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' })
    response.write(': hello\n\n')
    streams.add(response)
    request.on('close', () => streams.delete(response))
    return
  }
  const [, id, votes] = /^\/api\/holds\/([^/]+)(\/votes)?$/.exec(url.pathname) ?? []
  if (id !== undefined) {
    const hold = holds.get(id)
    if (hold === undefined) return fail(response, 404, 'not-found', `There is no hold ${id}`)
    if (votes === undefined) return send(response, 200, view(hold))
    const body = JSON.parse(await text(request))
    if (hold.state !== 'pending') return fail(response, 409, 'conflict', `This hold is already ${hold.state}.`)
    const may = mayVote(hold)
    if (!may.allowed) return fail(response, 403, 'forbidden', may.reason)
    vote(hold, body.decision, body.reason)
    return send(response, 200, view(hold))
  }
  const route = routes[url.pathname]
  if (route === undefined) return fail(response, 404, 'not-found', 'There is no such thing here')
  return send(response, 200, route(url))
}).listen(port, '127.0.0.1', () => console.log(`mock API on http://127.0.0.1:${port}`))
