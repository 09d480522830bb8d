import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import type { DoorCredentials } from '../src/config/index.ts'
import { authentication, encodeAuthentication } from '../src/doors/postgres/wire/authentication.ts'
import { encodeMessage, encodeReady, encodeStartup } from '../src/doors/postgres/wire/encode.ts'
import { FrameSplitter } from '../src/doors/postgres/wire/frame-splitter.ts'
import type { Scope } from '../src/people/index.ts'
import { startFakeServer } from './support/fake-server.ts'
import type { Guard } from './support/guard.ts'
import { hostRules, type SignInSetUp, secret, startWithPeople } from './support/people-at-door.ts'
import { availablePostgres, psql, psqlPath, startTestPostgres, type TestPostgres } from './support/postgres.ts'
import { failure } from './support/test-server.ts'

/** As a driver does it: the key on a connection of its own. */
function cancel(guard: Guard, client: pg.Client): void {
  const request = Buffer.alloc(16)
  request.writeUInt32BE(16, 0)
  request.writeUInt32BE(80877102, 4)
  request.writeInt32BE(Reflect.get(client, 'processID'), 8)
  request.writeInt32BE(Reflect.get(client, 'secretKey'), 12)
  connect(guard.door.address.port, guard.door.address.host).end(request)
}

async function everything(guard: Guard): Promise<string> {
  await guard.ledger.flush()
  const all: unknown[] = []
  for await (const entry of guard.ledger.entries()) all.push(entry)
  return JSON.stringify(all)
}

describe.each(availablePostgres().map((kind) => [kind.name, kind] as const))(
  'a door with credentials of its own in front of %s',
  (_name, kind) => {
    let postgres: TestPostgres
    let direct: pg.Client
    let folder: string
    let started: SignInSetUp | undefined

    beforeAll(async () => {
      folder = await mkdtemp(join(tmpdir(), 'sallyport-credentials-'))
      postgres = await startTestPostgres(kind)
      direct = new pg.Client({ connectionString: postgres.superuserUrl })
      await direct.connect()
      await direct.query(`CREATE ROLE service LOGIN PASSWORD '${secret}'`)
      await direct.query(`SET password_encryption = 'md5'`)
      await direct.query(`CREATE ROLE service_md5 LOGIN PASSWORD '${secret}'`)
      await direct.query('CREATE ROLE service_cleartext LOGIN')
      await direct.query('CREATE ROLE service_trust LOGIN')
      await direct.query('CREATE DATABASE service')
      await direct.query('CREATE TABLE orders (id int PRIMARY KEY)')
      await direct.query('GRANT ALL ON orders TO service')
      await direct.query('INSERT INTO orders SELECT generate_series(1, 1000)')
      await direct.query('ANALYZE orders')
      await hostRules(direct, postgres.pid, [
        'all service_md5 127.0.0.1/32 md5',
        'all service_cleartext 127.0.0.1/32 password',
        'all service_trust 127.0.0.1/32 trust',
      ])
    })
    afterAll(async () => {
      await direct?.end()
      await postgres?.stop()
      await rm(folder, { recursive: true, force: true })
    })
    afterEach(async () => {
      await started?.guard.close()
      started = undefined
    })

    async function setUp(credentials: Partial<DoorCredentials> = {}, environment?: Record<string, string>) {
      started = await startWithPeople(
        postgres,
        { user: 'service', password: { env: 'SERVICE' }, ...credentials },
        environment,
      )
      return started
    }

    test('people sign in with their token; the record names them, and the account that the server saw', async () => {
      const { guard, tokens } = await setUp()
      const client = await guard.connect({ user: 'alice', password: tokens.alice, application_name: 'shell' })
      expect((await client.query('SELECT session_user AS who')).rows).toEqual([{ who: 'service' }])
      const requested = await guard.entries('action.requested')
      expect(requested.map(({ body }) => body.action.operation)).toEqual(['CONNECT', 'SELECT'])
      for (const { body } of requested) {
        expect(body.action.actor).toMatchObject({
          id: 'alice',
          name: 'Alice Ahlers',
          kind: 'human',
          groups: ['shop'],
          client: { application: 'shell' },
        })
        expect(body.action.target).toMatchObject({ database: 'postgres', account: 'service' })
      }
      const settled = await guard.entries('action.settled')
      expect(settled.map(({ body }) => body.outcome)).toEqual(['completed', 'completed'])
    })

    test('the name that a person has had at this door is theirs, too', async () => {
      const { guard, tokens } = await setUp()
      const client = await guard.connect({ user: 'alice_db', password: tokens.alice })
      await client.query('SELECT 1')
      const [connected] = await guard.entries('action.requested')
      expect(connected?.body.action.actor.id).toBe('alice')
    })

    test('a token opens the door if it was made for everything or for doors, not if it was made to read elsewhere', async () => {
      const { guard, people } = await setUp()
      const issue = async (scope: Scope) =>
        (await people.issueToken('alice', { label: 't', expiresAt: null, by: 'test', scope })).token
      const client = await guard.connect({ user: 'alice', password: await issue('door') })
      await client.query('SELECT 1')
      for (const scope of ['read', 'review', 'admin'] as const) {
        const password = await issue(scope)
        expect(await failure(guard.connect({ user: 'alice', password }))).toMatchObject({ code: '28P01' })
      }
    })

    test.each([
      ['alice', () => 'wrong'],
      ['alice', ({ alice }) => `${alice.slice(0, -1)}${alice.endsWith('x') ? 'y' : 'x'}`],
      ['alice', ({ bob }) => bob],
      ['bob_db', ({ alice }) => alice],
      ['alice', () => ''],
      ['alice', () => secret],
      ['nobody', ({ alice }) => alice],
      ['service', () => secret],
      ['postgres', () => postgres.password],
    ] as readonly [string, (tokens: SignInSetUp['tokens']) => string][])(
      'whatever is wrong is refused in the same words, and recorded for nobody: %s',
      async (user, password) => {
        const { guard, tokens } = await setUp()
        const given = password(tokens)
        const error = await failure(guard.connect({ user, password: () => given }))
        expect(error).toMatchObject({ code: '28P01', severity: 'FATAL' })
        expect(error.message).toBe(`password authentication failed for user "${user}"`)
        expect(error.detail ?? error.hint).toBeUndefined()
        const requested = await guard.entries('action.requested')
        expect(requested).toHaveLength(1)
        expect(requested[0]?.body.judged).toBeNull()
        expect(requested[0]?.body.action.actor).toMatchObject({ id: 'shop-db:?', kind: 'unknown', groups: [] })
        expect(requested[0]?.body.action.request.statement).toContain(`user=${user}`)
        const settled = await guard.entries('action.settled')
        expect(settled.map(({ body }) => [body.outcome, body.code])).toEqual([['failed', '28P01']])
        const record = await everything(guard)
        for (const known of [tokens.alice, tokens.bob, secret, postgres.password]) expect(record).not.toContain(known)
      },
    )

    test('a token that was revoked, or whose person is gone, opens nothing', async () => {
      const { guard, tokens, people } = await setUp()
      const [issued] = people.tokensOf('alice')
      await people.revokeToken(issued?.id ?? '', 'test')
      await people.remove('bob', 'test')
      for (const [user, password] of Object.entries(tokens)) {
        expect(await failure(guard.connect({ user, password }))).toMatchObject({ code: '28P01' })
      }
    })

    test('nothing that comes before the sign-in is over reaches the server', async () => {
      const { guard, tokens } = await setUp()
      const socket = connect(guard.door.address.port, guard.door.address.host)
      const splitter = new FrameSplitter(65_536)
      const heard: string[] = []
      socket.on('data', (chunk: Buffer) => {
        for (const { type, bytes } of splitter.push(chunk)) {
          heard.push(String.fromCharCode(type))
          if (type === 0x52) {
            // The token and a statement in one go: whoever is not let in yet cannot know what comes next.
            const statement = encodeMessage('Q', 'DELETE FROM orders WHERE id = 7')
            socket.write(Buffer.concat([encodeMessage('p', tokens.alice), statement]))
          }
          expect(bytes.length).toBeLessThan(1024)
        }
      })
      socket.on('error', () => undefined)
      socket.write(encodeStartup([['user', 'alice']]))
      await new Promise((resolve) => socket.on('close', resolve))
      expect(heard).toEqual(['R'])
      expect((await direct.query('SELECT id FROM orders WHERE id = 7')).rowCount).toBe(1)
    })

    test('a held statement is theirs, and so not theirs to approve', async () => {
      const { guard, tokens } = await setUp()
      const client = await guard.connect({ user: 'alice', password: tokens.alice })
      const next = guard.nextHold()
      const work = client.query('DELETE FROM orders WHERE id <= 500')
      const hold = await next
      await expect(guard.holds.vote(hold, 'alice', 'approve', '')).rejects.toMatchObject({ code: 'forbidden' })
      await guard.holds.vote(hold, 'bob', 'approve', '')
      expect((await work).rowCount).toBe(500)
      await direct.query('INSERT INTO orders SELECT generate_series(1, 500)')
    })

    test('a statement can be cancelled', async () => {
      const { guard, tokens } = await setUp()
      const client = await guard.connect({ user: 'alice', password: tokens.alice })
      const work = failure(client.query('SELECT pg_sleep(60)'))
      for (let active = 0; active === 0; ) {
        const { rowCount } = await direct.query("SELECT 1 FROM pg_stat_activity WHERE query ~ '^SELECT pg_sleep'")
        active = rowCount ?? 0
      }
      cancel(guard, client)
      expect(await work).toMatchObject({ code: '57014' })
    })

    test('the server may ask by md5, or not at all', async () => {
      for (const user of ['service_md5', 'service_trust']) {
        const { guard, tokens } = await setUp({ user })
        const client = await guard.connect({ user: 'bob', password: tokens.bob })
        expect((await client.query('SELECT session_user AS who')).rows).toEqual([{ who: user }])
        await guard.close()
      }
      started = undefined
    })

    test('the password is not sent in the clear over a connection that is not encrypted', async () => {
      const { guard, tokens, logged } = await setUp({ user: 'service_cleartext' })
      const error = await failure(guard.connect({ user: 'bob', password: tokens.bob }))
      expect(error).toMatchObject({ code: '08004', message: 'Door shop-db cannot sign in to the server behind it.' })
      expect(logged.join()).toContain('in the clear')
      const settled = await guard.entries('action.settled')
      expect(settled.map(({ body }) => [body.outcome, body.code])).toEqual([['failed', '08004']])
    })

    test('a wrong password of its own is for the log, without the password', async () => {
      const { guard, tokens, logged } = await setUp({}, { SERVICE: 'another-password' })
      const error = await failure(guard.connect({ user: 'bob', password: tokens.bob }))
      expect(error).toMatchObject({ code: '08004', severity: 'FATAL' })
      expect(`${error.message} ${error.detail} ${error.hint}`).not.toContain('service"')
      expect(logged.join()).toContain('28P01 password authentication failed for user \\"service\\"')
      for (const text of [logged.join(), await everything(guard)]) expect(text).not.toContain('another-password')
    })

    test('a new password in the file counts from the next sign-in on', async () => {
      const file = join(folder, 'password')
      await writeFile(file, 'outdated\n')
      const { guard, tokens } = await setUp({ password: { file } })
      expect(await failure(guard.connect({ user: 'bob', password: tokens.bob }))).toMatchObject({ code: '08004' })
      await writeFile(file, `${secret}\n`)
      const client = await guard.connect({ user: 'bob', password: tokens.bob })
      expect((await client.query('SELECT 1 AS one')).rows).toEqual([{ one: 1 }])
    })

    test('what the server has to say about anything else is heard', async () => {
      const { guard, tokens } = await setUp()
      const given = { user: 'bob', password: tokens.bob }
      expect(await failure(guard.connect({ ...given, database: 'nowhere' }))).toMatchObject({ code: '3D000' })
    })

    test.skipIf(psqlPath() === undefined)(
      'psql signs in; without a database it gets the one of the account',
      async () => {
        const { guard, tokens } = await setUp()
        const { host, port } = guard.door.address
        const signIn = { PGHOST: host, PGPORT: String(port), PGUSER: 'alice', PGPASSWORD: tokens.alice }
        const named = await psql(['-Atc', 'SELECT current_user, current_database()', 'postgres'], { env: signIn })
        expect(named).toMatchObject({ code: 0, stdout: 'service|postgres\n' })
        const denied = await psql(['-Atc', 'SELECT 1', 'postgres'], { env: { ...signIn, PGPASSWORD: 'wrong' } })
        expect(denied).toMatchObject({ code: 2 })
        expect(denied.stderr).toContain('password authentication failed for user "alice"')
      },
    )
  },
)

describe('a server that wants the password of the door', () => {
  const ok = encodeAuthentication(authentication.ok)
  const sasl = encodeAuthentication(authentication.sasl, 'SCRAM-SHA-256', Buffer.alloc(1))
  const key = encodeMessage('K', Buffer.alloc(8))

  async function outcome(answers: (n: number, message: Buffer) => Buffer | undefined) {
    const server = await startFakeServer(answers)
    const postgres = { host: '127.0.0.1', port: server.port, superuser: '', password: '' }
    const { guard, tokens, logged } = await startWithPeople(postgres, { user: 'service', password: { env: 'SERVICE' } })
    const signedIn = guard.connect({ user: 'alice', password: tokens.alice })
    const error = await failure(signedIn)
    const heard = Buffer.concat(server.heard).toString('latin1')
    await guard.close()
    await server.close()
    return { error, heard, logged: logged.join('\n') }
  }

  test.each([
    ['lets anybody in after it began to ask', (n: number) => (n === 0 ? sasl : ok)],
    ['skips its own proof', (n: number) => [sasl, Buffer.concat([ok, key, encodeReady('I')])][n]],
    ['asks in the clear', (n: number) => (n === 0 ? encodeAuthentication(authentication.cleartextPassword) : ok)],
    [
      'asks in another way after SCRAM',
      (n: number) => [sasl, encodeAuthentication(authentication.md5Password, Buffer.alloc(4))][n],
    ],
    ['gives a nonce that is not ours', (n: number) => [sasl, sent(authentication.saslContinue, 'r=x,s=AAAA,i=1')][n]],
    [
      'wants the machine to count for hours',
      (n: number, message: Buffer) =>
        [sasl, sent(authentication.saslContinue, `r=${nonceIn(message)}more,s=AAAA,i=2147483647`)][n],
    ],
    [
      'proves with a made-up signature',
      (n: number, message: Buffer) =>
        [
          sasl,
          sent(authentication.saslContinue, `r=${nonceIn(message)}more,s=AAAA,i=4096`),
          sent(authentication.saslFinal, `v=${Buffer.alloc(32).toString('base64')}`),
        ][n],
    ],
    ['answers in a protocol of its own', () => Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n')],
    ['asks by Kerberos', (n: number) => (n === 0 ? encodeAuthentication(7) : ok)],
    ['goes on as if', () => Buffer.concat([key, encodeReady('I')])],
  ])('%s', async (_what, answers) => {
    const { error, heard, logged } = await outcome(answers)
    expect(error).toMatchObject({ code: '08004' })
    expect(heard).not.toContain(secret)
    expect(logged).toContain('service_sign_in_failed')
    expect(logged).not.toContain(secret)
  })

  function sent(kind: number, text: string): Buffer {
    return encodeAuthentication(kind, Buffer.from(text, 'latin1'))
  }

  function nonceIn(message: Buffer): string {
    return /r=([^,]+)/.exec(message.toString('latin1'))?.[1] ?? ''
  }

  test('tells the client nothing of what it said about the account', async () => {
    const { error } = await outcome(() =>
      encodeMessage('E', Buffer.from('SFATAL\0C28000\0Mno entry for host "10.1.2.3", user "service"\0\0', 'latin1')),
    )
    expect(error.message).toBe('Door shop-db cannot sign in to the server behind it.')
  })
})
