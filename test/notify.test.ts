import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type CliIo, runCli } from '../src/cli/index.ts'
import { parseConfig } from '../src/config/index.ts'
import { type RunningServer, startServer } from '../src/server/index.ts'
import { type MailServer, startMailServer } from './support/mail-server.ts'
import { freePort } from './support/ports.ts'
import { availablePostgres, startTestPostgres, type TestPostgres } from './support/postgres.ts'
import { type Receiver, startReceiver } from './support/receiver.ts'

const signingSecret = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'

describe.each(
  availablePostgres()
    .slice(0, 1)
    .map((kind) => [kind.name, kind] as const),
)('a server that tells people, %s', (_name, kind) => {
  let postgres: TestPostgres
  let folder: string
  let hook: Receiver
  let slack: Receiver
  let hanging: Receiver
  let mail: MailServer
  let server: RunningServer
  let token: string
  let door: number
  const log: string[] = []

  async function start(): Promise<RunningServer> {
    const config = parseConfig(
      await readFile(join(folder, 'sallyport.yaml'), 'utf8'),
      join(folder, 'sallyport.yaml'),
      {},
    )
    return startServer(config, { log: (event, details) => log.push(`${event} ${JSON.stringify(details)}`) })
  }

  beforeAll(async () => {
    postgres = await startTestPostgres(kind)
    folder = await mkdtemp(join(tmpdir(), 'sallyport-notify-e2e-'))
    hook = await startReceiver((index) => ({ status: index < 2 ? 503 : 200 }))
    slack = await startReceiver()
    hanging = await startReceiver(() => 'hang')
    mail = await startMailServer({
      onRcptTo: (_, __, done) => done(Object.assign(new Error('full'), { responseCode: 452 })),
    })
    const [api, port] = [await freePort(), await freePort()]
    door = port
    await writeFile(join(folder, 'hook.key'), `${signingSecret}\n`)
    await writeFile(join(folder, 'slack.url'), `${slack.url}/services/T0/hunter2\n`)
    await writeFile(join(folder, 'hanging.url'), hanging.url)
    await writeFile(
      join(folder, 'rules.yaml'),
      `version: 1
rules:
  - id: mass-delete
    about: Deleting without a limit needs a second pair of eyes
    when: '"delete" in effects && !impact.bounded'
    severity: high
    then: { hold: { approvals: 1, from: [dba], within: 30m } }
`,
    )
    await writeFile(
      join(folder, 'sallyport.yaml'),
      `listen: 127.0.0.1:${api}
data: ./data
rules: [./rules.yaml]
doors:
  - { name: shop-db, protocol: postgres, listen: "127.0.0.1:${port}", upstream: "postgres://${postgres.host}:${postgres.port}", hold: { wait: 0s } }
notify:
  - { name: hook, kind: webhook, url: "${hook.url}/hook", secretFile: hook.key }
  - { name: chat, kind: slack, urlFile: slack.url, minSeverity: high }
  - { name: hanging, kind: teams, urlFile: hanging.url }
  - { name: critical, kind: slack, urlFile: slack.url, minSeverity: critical, events: [hold.opened] }
  - { name: mail, kind: email, smtp: { host: 127.0.0.1, port: ${mail.port}, tls: none }, from: sp@guard.example, to: [dba@guard.example] }
`,
    )
    server = await start()
    const root = { id: 'admin', name: 'admin', kind: 'human', groups: ['dba'], roles: ['admin'], actors: [] } as const
    await server.people.put(root, 'test')
    token = (await server.people.issueToken('admin', { label: 'test', expiresAt: null, by: 'test' })).token
    const direct = new pg.Client(postgres.superuserUrl)
    await direct.connect()
    await direct.query('CREATE TABLE orders (id int); INSERT INTO orders SELECT generate_series(1, 50)')
    await direct.end()
  }, 120_000)

  afterAll(async () => {
    await server?.close()
    for (const receiver of [hook, slack, hanging, mail]) await receiver?.close()
    await postgres?.stop()
    await rm(folder, { recursive: true, force: true })
  })

  /** Runs a statement through the door. @returns the SQLSTATE, or how many rows it touched */
  async function run(sql: string): Promise<unknown> {
    const { superuser: user, password } = postgres
    const client = new pg.Client({ host: '127.0.0.1', port: door, user, password, database: 'postgres' })
    await client.connect()
    try {
      return (await client.query(sql)).rowCount
    } catch (error) {
      return error instanceof pg.DatabaseError ? error.code : error
    } finally {
      await client.end()
    }
  }

  async function api(path: string, body?: object): Promise<Record<string, unknown>> {
    const response = await fetch(server.url + path, {
      method: body === undefined ? 'GET' : 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
    return Object(await response.json())
  }

  async function cli(...args: string[]): Promise<{ code: number; out: string }> {
    let out = ''
    const io: CliIo = {
      stdin: (async function* () {})(),
      out: (text) => {
        out += text
      },
      err: (text) => {
        out += text
      },
      env: { SALLYPORT_TOKEN: token, SALLYPORT_URL: server.url },
      fetch,
      color: false,
    }
    return { code: await runCli(args, io), out }
  }

  const attack = 'DELETE FROM orders /* ``` <!channel> \u202E */'

  test('a hold is told, approved and used while every channel fails, hangs or is refused', async () => {
    expect(await run(attack)).toBe('SP001')
    const [first, second, third] = await hook.arrived(3)
    const { type, data } = JSON.parse(third?.body ?? '')
    expect([type, data.statement]).toEqual(['hold.opened', attack])
    // The same message, with the same id, until it was taken; each attempt signed.
    expect(new Set([first, second, third].map((request) => request?.headers['webhook-id'])).size).toBe(1)
    expect(new Set([first, second, third].map((request) => request?.body)).size).toBe(1)
    for (const request of [first, second, third]) expect(request?.headers['webhook-signature']).toMatch(/^v1,/)

    const [message] = await slack.arrived(1)
    expect(message?.path).toBe('/services/T0/hunter2')
    expect(message?.body).toContain('&lt;!channel&gt;')
    expect(message?.body).toContain(`${server.publicUrl}/holds/${data.hold}|`)
    await hanging.arrived(1)

    const voted = await api(`/api/holds/${data.hold}/votes`, { decision: 'approve', reason: '<!here>' })
    expect(voted.state).toBe('approved')
    expect(await run(attack)).toBe(50)
    const bodies = (await hook.arrived(4)).map(({ body }) => JSON.parse(body))
    expect(bodies.at(-1)).toMatchObject({
      type: 'hold.approved',
      data: { decided: { by: 'admin', reason: '<!here>' } },
    })
  })

  test('what was sent and what failed is shown, and nothing of a secret anywhere', async () => {
    await expect
      .poll(async () => (await api('/api/notify')).channels)
      .toMatchObject([
        { name: 'hook', state: 'working', sent: 2, lastError: { message: `${hook.url} answered 503.` } },
        { name: 'chat', state: 'working', sent: 2, lastError: null },
        { name: 'hanging', sent: 0 },
        { name: 'critical', state: 'idle', sent: 0 },
        {
          name: 'mail',
          state: 'failing',
          sent: 0,
          lastError: { message: expect.stringContaining('refused with 452 at RCPT') },
        },
      ])
    const listed = await cli('notify', 'list')
    expect(listed.code).toBe(0)
    expect(listed.out).toContain('refused with 452')
    const tested = await cli('notify', 'test', 'chat')
    expect(tested).toEqual({ code: 0, out: 'chat took the test message\n' })
    expect((await slack.arrived(3)).at(-1)?.body).toContain('This is a test')
    const refused = await cli('notify', 'test', 'mail')
    expect(refused).toEqual({ code: 1, out: expect.stringContaining('mail did not take the test message: 127.0.0.1') })
    expect((await cli('notify', 'test', 'nobody')).out).toContain('there are: hook, chat, hanging, critical, mail')
    const said = [
      JSON.stringify(await api('/api/notify')),
      JSON.stringify(await api('/api/ledger/entries?limit=100')),
      ...log,
    ]
    for (const text of said) expect(text).not.toMatch(/hunter2|whsec_|MfKQ9r8/)
    expect(log.filter((line) => line.startsWith('notification_failed')).length).toBeGreaterThanOrEqual(2)
  })

  test('after a restart what still waits is told to whoever was not told, and to nobody twice', async () => {
    expect(await run('DELETE FROM orders /* again */')).toBe('SP001')
    const before = await hook.arrived(5)
    await slack.arrived(4)
    const id = JSON.parse(before.at(-1)?.body ?? '').data.hold
    await expect
      .poll(async () => JSON.parse(await readFile(join(folder, 'data', 'notify.json'), 'utf8')).told[id])
      .toMatchObject({ 'hook hold.opened': expect.any(String), 'chat hold.opened': expect.any(String) })
    const asked = hanging.requests.length
    await server.close()
    server = await start()
    await hanging.arrived(asked + 1)
    expect(hanging.requests.at(-1)?.body).toContain(id)
    expect(hook.requests).toHaveLength(5)
    expect(slack.requests).toHaveLength(4)
  })
})
