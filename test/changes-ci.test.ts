import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { runCli } from '../src/cli/index.ts'
import { parseConfig } from '../src/config/index.ts'
import { type RunningServer, startServer } from '../src/server/index.ts'
import { changeRules } from './support/change-door.ts'
import { githubJob, type JobClaims, type OidcIssuer, startOidcIssuer } from './support/oidc-issuer.ts'
import { psql, psqlPath } from './support/postgres.ts'
import { failure, testServer } from './support/test-server.ts'

/** On a busy machine. */
const soon = { timeout: 20_000 }

const postgres = testServer()
let issuer: OidcIssuer
let folder: string
let server: RunningServer
let reviewer: string

async function start(): Promise<void> {
  const { host, port } = postgres.postgres
  const config = `
listen: 127.0.0.1:0
data: ./data
rules: [./rules.yaml]
changes:
  from: [dba]
  issuers:
    - { name: ci, url: '${issuer.url}', audience: 'urn:sallyport', repositories: [acme/shop], refs: [refs/heads/main] }
doors:
  - { name: shop-db, protocol: postgres, listen: '127.0.0.1:0', upstream: 'postgres://${host}:${port}', hold: { wait: 0s } }
`
  server = await startServer(parseConfig(config, join(folder, 'sallyport.yaml'), {}), { log: () => undefined })
}

async function person(id: string, actors: readonly string[]): Promise<string> {
  const { people } = server
  await people.put({ id, name: id, kind: 'human', groups: ['dba'], roles: ['admin', 'reviewer'], actors }, 'test')
  return (await people.issueToken(id, { label: 'test', expiresAt: null, by: 'test' })).token
}

beforeAll(async () => {
  issuer = await startOidcIssuer()
  folder = await mkdtemp(join(tmpdir(), 'sallyport-changes-'))
  await writeFile(join(folder, 'rules.yaml'), `version: 1\nrules:\n${changeRules}`)
  await start()
  reviewer = await person('ann', [])
})
afterAll(async () => {
  await server?.close()
  await issuer?.stop()
  await rm(folder, { recursive: true, force: true })
})
beforeEach(async () => {
  await postgres.direct.query('DROP SCHEMA public CASCADE; CREATE SCHEMA public; DROP SCHEMA IF EXISTS drizzle CASCADE')
})

interface Ran {
  readonly code: number
  readonly out: string
  readonly err: string
}

/** The command as it runs in a job, or on somebody's machine. */
async function sallyport(args: readonly string[], env: Readonly<Record<string, string>>): Promise<Ran> {
  let out = ''
  let err = ''
  const code = await runCli(args, {
    stdin: (async function* () {})(),
    out: (text) => {
      out += text
    },
    err: (text) => {
      err += text
    },
    env: { SALLYPORT_URL: server.url, ...env },
    fetch,
    color: false,
  })
  return { code, out, err }
}

const review = (...args: readonly string[]) => sallyport(['change', ...args], { SALLYPORT_TOKEN: reviewer })

async function file(name: string, sql: string): Promise<string> {
  const path = join(folder, name)
  await writeFile(path, sql)
  return path
}

interface Job {
  readonly change: string
  readonly options: string
}

/** Opens a change as a job does. */
async function open(files: readonly string[], more: readonly string[] = [], claims: JobClaims = githubJob) {
  const token = await issuer.token(claims)
  const where = ['--door', 'shop-db', '--database', 'postgres', '--title', 'Orders get notes']
  return sallyport(['change', 'open', ...files, ...where, ...more], { SALLYPORT_OIDC_TOKEN: token })
}

function jobOf({ out }: Ran): Job {
  const [, change = '', options = ''] = /^SALLYPORT_CHANGE=(\S+)\nPGOPTIONS=(.*)\n$/.exec(out) ?? []
  return { change, options }
}

/** Opens a change, and has it approved. */
async function approved(files: readonly string[]): Promise<Job> {
  const job = jobOf(await open(files))
  expect(await review('approve', job.change)).toMatchObject({ code: 0, out: `${job.change} is approved\n` })
  return job
}

function throughTheDoor(): pg.ClientConfig {
  const [door] = server.doors
  const { superuser: user, password } = postgres.postgres
  return { host: door?.address.host ?? '', port: door?.address.port ?? 0, user, password, database: 'postgres' }
}

const clients: pg.Client[] = []
async function connect(options = ''): Promise<pg.Client> {
  const client = new pg.Client({ ...throughTheDoor(), options })
  client.on('error', () => undefined)
  clients.push(client)
  await client.connect()
  return client
}
afterEach(async () => {
  await Promise.all(clients.splice(0).map((client) => client.end().catch(() => undefined)))
})

const first = '-- Orders\nCREATE TABLE orders (\n  id int PRIMARY KEY -- the number\n);\n'
const second = 'BEGIN;\nALTER TABLE orders ADD COLUMN note text;\nCREATE INDEX orders_note ON orders (note);\nCOMMIT;\n'

describe('plain SQL files', () => {
  test.runIf(psqlPath())('pass with psql once they are approved, once; a laptop and a replay are held', async () => {
    const files = [await file('1.sql', first), await file('2.sql', second)]
    const { change, options } = await approved(files)
    const shown = await review('show', change)
    expect(shown.out).toContain('acme/shop@refs/heads/main')
    expect(shown.out).toContain('ALTER TABLE orders ADD COLUMN note text')
    const { host, port, user, password } = throughTheDoor()
    const env = { PGHOST: `${host}`, PGPORT: `${port}`, PGUSER: `${user}`, PGPASSWORD: `${password}` }
    const run = (PGOPTIONS: string) =>
      psql(['-v', 'ON_ERROR_STOP=1', '-q', '-d', 'postgres', ...files.flatMap((path) => ['-f', path])], {
        env: { ...env, PGOPTIONS },
      })
    expect((await run('')).stderr).toContain('Held for review')
    expect(await run(options)).toMatchObject({ code: 0, stderr: '' })
    expect((await postgres.direct.query('SELECT note FROM orders')).rows).toEqual([])
    expect(JSON.parse((await review('show', change, '--json')).out)).toMatchObject({ state: 'done' })
    await postgres.direct.query('DROP TABLE orders')
    expect((await run(options)).stderr).toContain('Held for review')
  })

  test('pass with a client that sends a file as one message', async () => {
    const { options } = await approved([await file('1.sql', first), await file('2.sql', second)])
    const client = await connect(options)
    expect(await failure(client.query(second))).toMatchObject({ code: expect.stringMatching(/^(SP001|42P01)$/) })
    // It began a transaction, which has failed.
    await client.query('ROLLBACK')
    await client.query(first)
    await client.query(second)
    expect((await postgres.direct.query('SELECT note FROM orders')).rows).toEqual([])
  })

  test('go on after a restart where they were', async () => {
    const { change, options } = await approved([await file('1.sql', first), await file('2.sql', second)])
    await (await connect(options)).query(first)
    await server.close()
    await start()
    const client = await connect(options)
    expect(await failure(client.query('CREATE TABLE orders (id int PRIMARY KEY)'))).toMatchObject({ code: 'SP001' })
    await client.query(second)
    await server.close()
    await start()
    expect((await review('show', change)).out).toContain('done, 3 of 3 statements have run')
    expect((await review('list')).out).not.toContain(change)
    expect((await review('list', '--all')).out).toMatch(new RegExp(`^${change} .* 3/3 `, 'm'))
  })
})

describe('a job', () => {
  test('waits for its approval, and fails if it is rejected', async () => {
    const sql = await file('1.sql', first)
    for (const decision of ['approve', 'reject'] as const) {
      const title = `To be ${decision}ed`
      const opening = open([sql], ['--wait', '30s', '--json', '--title', title])
      await expect.poll(async () => (await review('list')).out, soon).toContain(title)
      const [id = ''] = new RegExp(`^chg_\\w+(?=.*${title})`, 'm').exec((await review('list')).out) ?? []
      await review(decision, id, '--reason', 'read it')
      const { code, out, err } = await opening
      if (decision === 'approve') expect(JSON.parse(out)).toMatchObject({ change: id })
      else expect([code, out, err]).toEqual([1, '', expect.stringContaining('The change is rejected: read it')])
    }
  })

  test('of another repository or branch opens nothing, and neither does a person', async () => {
    const sql = await file('1.sql', first)
    const before = (await review('list', '--all')).out
    for (const claims of [{ repository: 'evil/shop' }, { ref: 'refs/pull/1/merge' }]) {
      const { code, err } = await open([sql], [], { ...githubJob, ...claims })
      expect([code, err]).toEqual([1, expect.stringContaining('may not open changes')])
    }
    const where = ['--door', 'shop-db', '--database', 'postgres', '--title', 'x']
    const asPerson = await sallyport(['change', 'open', sql, ...where], { SALLYPORT_OIDC_TOKEN: reviewer })
    expect(asPerson.err).toContain('is not trusted')
    const without = await sallyport(['change', 'open', sql, ...where], { SALLYPORT_TOKEN: reviewer })
    expect(without.err).toContain('There is no OIDC token')
    expect((await review('list', '--all')).out).toBe(before)
  })

  test('cannot be approved by whoever set it off', async () => {
    const { change } = jobOf(await open([await file('1.sql', first)]))
    const dev = await person('dana', ['ci:dev'])
    const { code, err } = await sallyport(['change', 'approve', change], { SALLYPORT_TOKEN: dev })
    expect([code, err]).toEqual([1, expect.stringContaining('Nobody decides on a run that they set off')])
  })

  test.each([
    ['rows that come later', 'COPY orders FROM STDIN', 'the rows of a COPY come later'],
    ['no SQL', 'CREATE TABEL x', 'cannot be read'],
    ['nothing', '-- later', '1 to 2000 statements'],
  ])('that brings %s is told', async (_, sql, why) => {
    expect((await open([await file('1.sql', sql)])).err).toContain(why)
  })

  test('gets its token from GitHub Actions, and adds to the PGOPTIONS there are', async () => {
    const token = await issuer.token(githubJob)
    const sql = await file('1.sql', first)
    const args = ['--door', 'shop-db', '--database', 'postgres', '--title', 'x', '--rows', '1=5']
    let out = ''
    let err = ''
    const asked: string[] = []
    const code = await runCli(['change', 'open', sql, ...args], {
      stdin: (async function* () {})(),
      out: (text) => {
        out += text
      },
      err: (text) => {
        err += text
      },
      env: {
        SALLYPORT_URL: server.url,
        GITHUB_ACTIONS: 'true',
        ACTIONS_ID_TOKEN_REQUEST_URL: 'https://runner.test/token?api-version=2',
        ACTIONS_ID_TOKEN_REQUEST_TOKEN: 'of the job',
        PGOPTIONS: '-c lock_timeout=5s',
      },
      fetch: async (url, init) => {
        if (!String(url).startsWith('https://runner.test/')) return fetch(url, init)
        asked.push(`${url} ${JSON.stringify(init?.headers)}`)
        return Response.json({ value: token })
      },
      color: false,
    })
    expect(code).toBe(0)
    expect(asked).toEqual([
      'https://runner.test/token?api-version=2&audience=sallyport {"authorization":"Bearer of the job"}',
    ])
    const [, secret = ''] = /PGOPTIONS=-c lock_timeout=5s -c sallyport\.change=(spc_\S+)/.exec(out) ?? []
    expect(err).toContain(`::add-mask::${secret}\n`)
    const [change = ''] = /chg_\w+/.exec(out) ?? []
    expect((await review('show', change)).out).toContain('at most 5 rows')
  })

  test('is the only one that is told how far its change is', async () => {
    const sql = await file('1.sql', first)
    const [one, other] = [jobOf(await open([sql])), jobOf(await open([sql]))]
    const ask = async (change: string, secret: string) =>
      (await fetch(`${server.url}/api/ci/changes/${change}`, { headers: { authorization: `Bearer ${secret}` } })).status
    const secretOf = ({ options }: Job) => options.replace(/^.*=/, '')
    expect(await ask(one.change, secretOf(one))).toBe(200)
    expect(await ask(one.change, secretOf(other))).toBe(401)
    expect(await ask(one.change, reviewer)).toBe(401)
    expect(await ask('', secretOf(one))).toBe(401)
  })
})

test('neither secret nor token stands in the data folder', async () => {
  const { options } = await approved([await file('1.sql', first)])
  await (await connect(options)).query(first)
  const segment = join(folder, 'data/ledger/segments/00000000000000000000.seg')
  const record = await readFile(segment, 'latin1')
  expect(record).toContain('change.opened')
  expect(record).not.toContain(options.replace(/^.*=/, '').slice(0, 16))
})
