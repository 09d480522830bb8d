import { chmodSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createSecureContext, TLSSocket } from 'node:tls'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { WithoutChannelBinding } from '../src/doors/postgres/tls/channel-binding.ts'
import { connectUpstream } from '../src/doors/postgres/tls/upstream.ts'
import { type CertificateFiles, encryptServer, TestAuthority } from './support/certificates.ts'
import { hostRules, type SignInSetUp, secret, startWithPeople } from './support/people-at-door.ts'
import { availablePostgres, psql, psqlPath } from './support/postgres.ts'
import { failure, testServer } from './support/test-server.ts'

describe.each(availablePostgres().map((kind) => [kind.name, kind] as const))(
  'a door with credentials of its own and TLS, in front of %s',
  (_name, kind) => {
    const server = testServer(kind)
    let folder: string
    let authority: TestAuthority
    let doorFiles: CertificateFiles
    let started: SignInSetUp | undefined

    beforeAll(async () => {
      folder = mkdtempSync(join(tmpdir(), 'sallyport-credentials-'))
      // The server has to reach its own.
      chmodSync(folder, 0o755)
      authority = new TestAuthority(folder, 'authority')
      doorFiles = authority.issue('door', [['commonName', 'door.test']], ['localhost', '127.0.0.1'])
      await encryptServer(server.postgres, authority.issue('server', [['commonName', 'db']], ['127.0.0.1']))
      await server.direct.query(`CREATE ROLE service LOGIN PASSWORD '${secret}'`)
      await server.direct.query(`CREATE ROLE service_cleartext LOGIN PASSWORD '${secret}'`)
      await hostRules(server.direct, server.postgres.pid, ['all service_cleartext 127.0.0.1/32 password'])
    })
    afterAll(() => rmSync(folder, { recursive: true, force: true }))
    afterEach(async () => {
      await started?.guard.close()
      started = undefined
    })

    async function setUp(user: string, port: number, mode: 'verify-full' | 'require', tls = false) {
      started = await startWithPeople(
        { ...server.postgres, port },
        { user, password: { env: 'SERVICE' } },
        { SERVICE: secret },
        {
          upstreamTls: { mode, ca: authority.file },
          ...(tls ? { tls: { ...doorFiles, clientCa: authority.file, required: true } } : {}),
        },
      )
      return started
    }

    test.each(['service', 'service_cleartext'])('signs in to the server as %s', async (user) => {
      const { guard, tokens } = await setUp(user, server.postgres.port, 'verify-full')
      const client = await guard.connect({ user: 'alice', password: tokens.alice })
      const { rows } = await client.query(
        'SELECT session_user AS who, ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()',
      )
      expect(rows).toEqual([{ who: user, ssl: true }])
    })

    test.skipIf(psqlPath() === undefined)(
      'takes a token over TLS, and puts the certificate on the record',
      async () => {
        const { guard, tokens } = await setUp('service', server.postgres.port, 'verify-full', true)
        const own = authority.issue('alice', [['commonName', 'alice.test']])
        const target = `host=localhost hostaddr=127.0.0.1 port=${guard.door.address.port} dbname=postgres user=alice`
        const given = (password: string) => ({
          env: { PGPASSWORD: password, PGSSLROOTCERT: authority.file, PGSSLCERT: own.cert, PGSSLKEY: own.key },
        })
        const verified = `${target} sslmode=verify-full`
        const right = await psql(['-Atc', 'SELECT session_user', verified], given(tokens.alice))
        expect(right).toMatchObject({ code: 0, stdout: 'service\n' })
        const wrong = await psql(['-Atc', 'SELECT 1', verified], given(tokens.bob))
        expect(wrong.stderr).toContain('password authentication failed')
        const clear = await psql(['-Atc', 'SELECT 1', `${target} sslmode=disable`], given(tokens.alice))
        expect(clear.stderr).toContain('encrypted connections only')
        const requested = await guard.entries('action.requested')
        const who = requested.map(({ body }) => [body.action.actor.id, body.action.actor.client.certificate])
        const certificate = expect.stringContaining('alice.test')
        expect(who).toEqual([
          ['alice', certificate],
          ['alice', certificate],
          ['shop-db:?', certificate],
        ])
      },
    )

    test('somebody in between who shows another certificate gets no session out of it', async () => {
      const between = await startBetween(server.postgres.port, doorFiles, (chunk) => chunk)
      // The careless mode: any certificate goes.
      const { guard, tokens, logged } = await setUp('service', between.port, 'require')
      expect(await failure(guard.connect({ user: 'alice', password: tokens.alice }))).toMatchObject({ code: '08004' })
      expect(logged.join()).toMatch(/SCRAM channel binding check failed/)
      await between.close()
    })

    test('nor does somebody who takes channel binding out of the offer', async () => {
      const between = await startBetween(server.postgres.port, doorFiles, (chunk, binding) => binding.fromServer(chunk))
      const { guard, tokens, logged } = await setUp('service', between.port, 'require')
      expect(await failure(guard.connect({ user: 'alice', password: tokens.alice }))).toMatchObject({ code: '08004' })
      expect(logged.join()).toMatch(/SCRAM channel binding negotiation error/)
      await between.close()
    })
  },
)

/** Ends TLS from a door, and goes on to the server with TLS of its own. */
async function startBetween(
  port: number,
  { cert, key }: CertificateFiles,
  change: (chunk: Buffer, binding: WithoutChannelBinding) => Buffer,
): Promise<{ port: number; close(): Promise<void> }> {
  const sockets = new Set<Socket>()
  const context = createSecureContext({ cert: readFileSync(cert), key: readFileSync(key) })
  const server = createServer((raw) => {
    sockets.add(raw)
    raw.on('error', () => undefined)
    raw.once('data', () => {
      raw.write('S')
      const door = new TLSSocket(raw, { isServer: true, secureContext: context, ALPNProtocols: ['postgresql'] })
      door.on('error', () => undefined)
      connectUpstream({ host: '127.0.0.1', port, tls: { mode: 'require' } }).then(
        ({ socket }) => {
          sockets.add(socket)
          const binding = new WithoutChannelBinding()
          socket.on('error', () => undefined)
          socket.on('data', (chunk: Buffer) => door.write(change(chunk, binding)))
          socket.on('close', () => door.destroy())
          door.on('close', () => socket.destroy())
          door.pipe(socket)
        },
        () => raw.destroy(),
      )
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  return {
    port: address !== null && typeof address === 'object' ? address.port : 0,
    close: async () => {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()))
      for (const socket of sockets) socket.destroy()
      await closed
    },
  }
}
