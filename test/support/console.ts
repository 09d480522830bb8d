import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import pg from 'pg'
import { type Browser, chromium } from 'playwright-core'
import { vi } from 'vitest'
import { freePort } from './ports.ts'
import { startTestPostgres, type TestPostgres } from './postgres.ts'
import { type RunningCli, sallyportRunning } from './sallyport.ts'

const chromiumPath = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find(existsSync)

/** Why tests in a browser cannot run here; empty: they can. */
export const noBrowser = chromiumPath === undefined ? ' – not run: no Chromium in /usr/bin' : ''

export interface ConsoleUnderTest {
  readonly browser: Browser
  readonly postgres: TestPostgres
  readonly server: RunningCli
  /** `http://127.0.0.1:…`, without a slash at the end. */
  readonly url: string
  /** Signs the browser in when opened. */
  readonly link: string
  /** Of the first admin, who may vote. */
  readonly token: string
  /** Folder of the configuration; rules lie in `rules/` there if `rules` was given. */
  readonly folder: string
  /** A client through the door, connected. */
  connect(more?: { readonly options?: string }): Promise<pg.Client>
  /** Runs SQL on the server itself, past the door. */
  seed(sql: string): Promise<void>
  /** Asks the API as the first admin. */
  api(path: string, body?: object): Promise<unknown>
  /** Waits for a pending hold, votes on it as the first admin, and gives its id. */
  decideNext(decision: 'approve' | 'reject', reason: string): Promise<string>
  close(): Promise<void>
}

/** The password of the first admin. */
export const adminPassword = 'correct horse battery'

/** Sets the first admin's password and issues a token that outlives later ones. */
async function firstToken(url: string, link: string): Promise<string> {
  const post = async (path: string, body: object, headers: Record<string, string> = {}) => {
    const type = { 'content-type': 'application/json' }
    const init = { method: 'POST', headers: { ...type, ...headers }, body: JSON.stringify(body) }
    return Object(await (await fetch(url + path, init)).json())
  }
  const { token } = await post('/api/sign-in/link', { link, password: adminPassword, as: 'token' })
  const issued = await post(
    '/api/people/admin/tokens',
    { label: 'tests', expiresAt: null },
    { authorization: `Bearer ${token}` },
  )
  return issued.token
}

export interface ConsoleOptions {
  /** Text of the one rule file, in the place of the shipped rules; it is `rules/r.yaml` in the folder. */
  readonly rules?: string
  /** Further lines of the configuration. */
  readonly config?: string
}

/** The built product before a real PostgreSQL, and a real browser to look at it with. */
export async function startConsole({ rules, config: further = '' }: ConsoleOptions = {}): Promise<ConsoleUnderTest> {
  const postgres = await startTestPostgres()
  const folder = await mkdtemp(join(tmpdir(), 'sallyport-console-'))
  const [port, door] = [await freePort(), await freePort()]
  const shipped = fileURLToPath(new URL('../../rules', import.meta.url))
  if (rules !== undefined) {
    await mkdir(join(folder, 'rules'))
    await writeFile(join(folder, 'rules', 'r.yaml'), rules)
  }
  const config = join(folder, 'sallyport.yaml')
  await writeFile(
    config,
    `listen: 127.0.0.1:${port}\ndata: ${folder}/data\nrules: [${JSON.stringify(rules === undefined ? shipped : join(folder, 'rules'))}]\n${further}doors:\n  - name: shop-db\n    protocol: postgres\n    listen: 127.0.0.1:${door}\n    upstream: postgres://${postgres.host}:${postgres.port}\n`,
  )
  const server = sallyportRunning(['serve', '-c', config])
  const [, first = ''] = await server.printed(/First sign-in: (\S+)/)
  const url = new URL(first).origin
  const token = await firstToken(url, new URLSearchParams(new URL(first).hash.slice(1)).get('link') ?? '')
  const browser = await chromium.launch({
    ...(chromiumPath === undefined ? {} : { executablePath: chromiumPath }),
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  })
  const clients: pg.Client[] = []
  const api = async (path: string, body?: object): Promise<unknown> => {
    const type: Record<string, string> = body === undefined ? {} : { 'content-type': 'application/json' }
    const response = await fetch(url + path, {
      headers: { authorization: `Bearer ${token}`, ...type },
      ...(body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) }),
    })
    return response.json()
  }
  return {
    browser,
    postgres,
    server,
    url,
    link: `${url}/#token=${token}`,
    token,
    folder,
    connect: async (more = {}) => {
      const client = new pg.Client({
        host: '127.0.0.1',
        port: door,
        user: postgres.superuser,
        password: postgres.password,
        database: 'postgres',
        ...more,
      })
      clients.push(client)
      client.on('error', () => undefined)
      await client.connect()
      return client
    },
    seed: async (sql) => {
      const direct = new pg.Client(postgres.superuserUrl)
      await direct.connect()
      await direct.query(sql)
      await direct.end()
    },
    api,
    decideNext: (decision, reason) =>
      vi.waitFor(
        async () => {
          const { holds } = Object(await api('/api/holds?state=pending'))
          const id = String(holds[0].hold)
          await api(`/api/holds/${id}/votes`, { decision, reason })
          return id
        },
        { timeout: 10_000, interval: 50 },
      ),
    close: async () => {
      await Promise.all(clients.map((client) => client.end().catch(() => undefined)))
      await browser.close()
      await server.stop()
      await postgres.stop()
      await rm(folder, { recursive: true, force: true })
    },
  }
}
