import { once } from 'node:events'
import { chmodSync, copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { connect, createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connect as tlsConnect } from 'node:tls'
import { fileURLToPath } from 'node:url'
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import { parseConfig } from '../src/config/index.ts'
import { startServer } from '../src/server/index.ts'
import { type CertificateFiles, encryptServer, TestAuthority } from './support/certificates.ts'
import { type Guard, startGuard } from './support/guard.ts'
import { freePort } from './support/ports.ts'
import { availablePostgres, psql, psqlPath } from './support/postgres.ts'
import { testServer } from './support/test-server.ts'

const startupMessage = (user: string, minor = 0) => {
  const body = Buffer.from(`user\0${user}\0database\0postgres\0\0`, 'latin1')
  const message = Buffer.alloc(8 + body.length)
  message.writeUInt32BE(message.length, 0)
  message.writeUInt16BE(3, 4)
  message.writeUInt16BE(minor, 6)
  body.copy(message, 8)
  return message
}
const sslRequest = Buffer.from([0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f])

/** The first bytes that come, or undefined where the connection ends before. */
function answer(socket: Socket): Promise<Buffer | undefined> {
  return new Promise((resolve) => {
    socket.on('error', () => undefined)
    socket.once('data', resolve)
    socket.once('close', () => resolve(undefined))
  })
}

describe.each(availablePostgres().map((kind) => [kind.name, kind] as const))('TLS in front of %s', (_name, kind) => {
  const server = testServer(kind)
  let folder: string
  let authority: TestAuthority
  let stranger: TestAuthority
  let doorFiles: CertificateFiles
  let serverFiles: CertificateFiles
  let guard: Guard

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'sallyport-tls-'))
    // The server has to reach its own.
    chmodSync(folder, 0o755)
    authority = new TestAuthority(folder, 'authority')
    stranger = new TestAuthority(join(folder, 'stranger'), 'authority')
    doorFiles = authority.issue('door', [['commonName', 'door.test']], ['localhost', '127.0.0.1'])
    serverFiles = authority.issue('server', [['commonName', 'db.test']], ['localhost', '127.0.0.1'])
    await encryptServer(server.postgres, serverFiles)
  })
  afterAll(() => rmSync(folder, { recursive: true, force: true }))
  afterEach(() => guard?.close())

  const tls = (more: object = {}) => ({ ...doorFiles, required: true, ...more })
  const verified = () => ({ ca: readFileSync(authority.file, 'utf8'), servername: 'localhost' })
  const byPsql = (sql: string, parameters: string) =>
    psql(
      [
        '-At',
        '-c',
        sql,
        `host=localhost hostaddr=127.0.0.1 port=${guard.door.address.port} user=${server.postgres.superuser} dbname=postgres ${parameters}`,
      ],
      {
        env: { PGPASSWORD: server.postgres.password, PGSSLROOTCERT: authority.file },
      },
    )

  test('a client verifies the door, and its statements are judged as ever', async () => {
    guard = await startGuard(server.postgres, { tls: tls() })
    const client = await guard.connect({ ssl: verified() })
    expect((await client.query('SELECT 1 AS one')).rows).toEqual([{ one: 1 }])
    await expect(client.query('DROP TABLE nothing_of_the_kind')).rejects.toThrow()
    await client.query('CREATE TABLE kept (id int)')
    await expect(client.query('DROP TABLE kept')).rejects.toMatchObject({ code: 'SP002' })
    await server.direct.query('DROP TABLE kept')
    await expect(guard.connect({ ssl: { ca: readFileSync(stranger.file, 'utf8') } })).rejects.toThrow(/certificate/)
  })

  test.skipIf(psqlPath() === undefined)(
    'psql verifies it in full, and by default looks for channel binding',
    async () => {
      guard = await startGuard(server.postgres, { tls: tls() })
      const verifying = await byPsql('SELECT 1', 'sslmode=verify-full')
      expect(verifying).toMatchObject({ code: 0, stdout: '1\n' })
      const insisting = await byPsql('SELECT 1', 'sslmode=require channel_binding=require')
      expect(insisting.stderr).toMatch(/channel binding/)
    },
  )

  test('a client in the clear is refused where TLS is required, and served where it is offered', async () => {
    guard = await startGuard(server.postgres, { tls: tls() })
    await expect(guard.connect()).rejects.toMatchObject({ code: '28000' })
    await guard.close()
    guard = await startGuard(server.postgres, { tls: tls({ required: false }) })
    expect((await (await guard.connect()).query('SELECT 1 AS one')).rows).toEqual([{ one: 1 }])
    expect((await (await guard.connect({ ssl: verified() })).query('SELECT 1 AS one')).rows).toEqual([{ one: 1 }])
  })

  test('TLS from the first byte needs the name of the protocol', async () => {
    guard = await startGuard(server.postgres, { tls: tls() })
    const { port } = guard.door.address
    const direct = (more: object) => tlsConnect({ port, host: '127.0.0.1', ...verified(), ...more })
    const named = direct({ ALPNProtocols: ['postgresql'] })
    named.write(startupMessage(server.postgres.superuser))
    expect((await answer(named))?.toString('latin1', 0, 1)).toBe('R')
    named.destroy()
    for (const more of [{}, { ALPNProtocols: ['http/1.1'] }]) {
      const other = direct(more)
      other.write(startupMessage(server.postgres.superuser))
      expect(await answer(other)).toBeUndefined()
    }
  })

  test('bytes sent along before the handshake are not taken, nor is a second request for TLS within it', async () => {
    guard = await startGuard(server.postgres, { tls: tls() })
    const { port } = guard.door.address
    const eager = connect({ port, host: '127.0.0.1' })
    eager.write(Buffer.concat([sslRequest, startupMessage(server.postgres.superuser)]))
    expect((await answer(eager))?.toString('latin1')).toContain('before the request for encryption was answered')
    const raw = connect({ port, host: '127.0.0.1' })
    raw.write(sslRequest)
    expect((await answer(raw))?.toString('latin1')).toBe('S')
    const inside = tlsConnect({ socket: raw, ...verified() })
    inside.write(sslRequest)
    expect((await answer(inside))?.toString('latin1')).toContain('encrypted already')
  })

  test('a client that does not finish the handshake is let go', async () => {
    const limits = { connections: 10, messageBytes: 65_536, startupTimeout: 300 }
    guard = await startGuard(server.postgres, { tls: tls(), limits })
    const slow = connect({ port: guard.door.address.port, host: '127.0.0.1' })
    slow.write(sslRequest)
    expect((await answer(slow))?.toString('latin1')).toBe('S')
    expect(await answer(slow)).toBeUndefined()
  })

  test("a client's certificate is on the record; one of somebody else's, or none where one is asked for, is refused", async () => {
    guard = await startGuard(server.postgres, { tls: tls({ clientCa: authority.file, requireClientCert: true }) })
    const own = authority.issue('ada', [
      ['countryName', 'DE'],
      ['commonName', 'ada'],
    ])
    const pem = ({ cert, key }: CertificateFiles) => ({
      cert: readFileSync(cert, 'utf8'),
      key: readFileSync(key, 'utf8'),
    })
    const client = await guard.connect({ ssl: { ...verified(), ...pem(own) } })
    await client.query('SELECT 1')
    const requested = (await guard.entries('action.requested')).at(-1)?.body.action
    expect(requested?.actor.client.certificate).toBe('CN=ada,C=DE')
    const forged = stranger.issue('ada', [['commonName', 'ada']])
    await expect(guard.connect({ ssl: { ...verified(), ...pem(forged) } })).rejects.toThrow()
    await expect(guard.connect({ ssl: verified() })).rejects.toThrow()
  })

  test('the server is verified in full, and nothing is sent to one that is not it', async () => {
    guard = await startGuard(server.postgres, { upstreamTls: { mode: 'verify-full', ca: authority.file } })
    const client = await guard.connect()
    const encrypted = await client.query('SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()')
    expect(encrypted.rows).toEqual([{ ssl: true }])
    await guard.close()
    const wrong = [
      { mode: 'verify-full', ca: stranger.file },
      { mode: 'verify-ca', ca: stranger.file },
      { mode: 'verify-full' },
      { mode: 'verify-full', ca: authority.file, serverName: 'other.test' },
    ] as const
    for (const upstreamTls of wrong) {
      guard = await startGuard(server.postgres, { upstreamTls })
      await expect(guard.connect()).rejects.toMatchObject({ code: '08001' })
      expect(guard.door.unreachable).not.toBeNull()
      await guard.close()
    }
    for (const upstreamTls of [
      { mode: 'verify-ca', ca: authority.file, serverName: 'other.test' },
      { mode: 'require' },
    ] as const) {
      guard = await startGuard(server.postgres, { upstreamTls })
      expect((await (await guard.connect()).query('SELECT 1 AS one')).rows).toEqual([{ one: 1 }])
      await guard.close()
    }
  })

  test('a server that does not encrypt, or says more than its answer first, is not spoken to', async () => {
    for (const [reply, words] of [
      ['N', 'does not encrypt'],
      ['Sand more', 'more than its answer'],
    ] as const) {
      const port = await freePort()
      const received: Buffer[] = []
      const false_ = createServer((socket) => {
        socket.on('data', (chunk: Buffer) => {
          received.push(chunk)
          if (received.length === 1) socket.write(reply)
        })
        socket.on('error', () => undefined)
      }).listen(port, '127.0.0.1')
      try {
        guard = await startGuard({ ...server.postgres, port }, { upstreamTls: { mode: 'require' } })
        await expect(guard.connect()).rejects.toThrow(words)
        expect(Buffer.concat(received)).toEqual(sslRequest)
        await guard.close()
      } finally {
        false_.close()
      }
    }
  })

  test.skipIf(psqlPath() === undefined)(
    'TLS on both legs: a sign-in that could be bound is told what to do',
    async () => {
      guard = await startGuard(server.postgres, {
        tls: tls(),
        upstreamTls: { mode: 'verify-full', ca: authority.file },
      })
      const preferring = await byPsql('SELECT 1', 'sslmode=verify-full')
      expect(preferring.code).not.toBe(0)
      expect(preferring.stderr).toContain('channel_binding=disable')
      const without = await byPsql('SELECT 1', 'sslmode=verify-full channel_binding=disable')
      expect(without).toMatchObject({ code: 0, stdout: '1\n' })
      // A driver that binds nothing.
      expect((await (await guard.connect({ ssl: verified() })).query('SELECT 1 AS one')).rows).toEqual([{ one: 1 }])
    },
  )

  test.skipIf(psqlPath() === undefined)(
    'with the certificate of the server itself a sign-in is bound end to end',
    async () => {
      const same = { cert: join(folder, 'same.crt'), key: join(folder, 'same.key') }
      copyFileSync(serverFiles.cert, same.cert)
      copyFileSync(serverFiles.key, same.key)
      guard = await startGuard(server.postgres, {
        tls: { ...same, required: true },
        upstreamTls: { mode: 'verify-full', ca: authority.file },
      })
      const bound = await byPsql('SELECT 1', 'sslmode=verify-full channel_binding=require')
      expect(bound).toMatchObject({ code: 0, stdout: '1\n' })
    },
  )

  test('a statement is cancelled over both legs', async () => {
    guard = await startGuard(server.postgres, { tls: tls(), upstreamTls: { mode: 'verify-full', ca: authority.file } })
    const client = await guard.connect({ ssl: verified() })
    const sleeping = client.query('SELECT pg_sleep(60)')
    sleeping.catch(() => undefined)
    await vi.waitFor(async () => {
      const { rows } = await server.direct.query("SELECT 1 FROM pg_stat_activity WHERE wait_event = 'PgSleep'")
      expect(rows).toHaveLength(1)
    })
    const request = Buffer.alloc(16)
    request.writeUInt32BE(16, 0)
    request.writeUInt32BE(80877102, 4)
    request.writeInt32BE(Number(Reflect.get(client, 'processID')), 8)
    request.writeInt32BE(Number(Reflect.get(client, 'secretKey')), 12)
    connect({ port: guard.door.address.port, host: '127.0.0.1' }).end(request)
    await expect(sleeping).rejects.toMatchObject({ code: '57014' })
  })

  test('a new certificate is taken without a restart; one that cannot be used changes nothing', async () => {
    const files = { cert: join(folder, 'turn.crt'), key: join(folder, 'turn.key') }
    const put = (from: CertificateFiles) => {
      copyFileSync(from.cert, files.cert)
      copyFileSync(from.key, files.key)
    }
    put(doorFiles)
    guard = await startGuard(server.postgres, { tls: { ...files, required: true } })
    const shown = async () => {
      const client = await guard.connect({ ssl: verified() })
      const { stream } = client.connection as unknown as { stream: import('node:tls').TLSSocket }
      return { client, serial: stream.getPeerX509Certificate()?.serialNumber }
    }
    const before = await shown()
    writeFileSync(files.key, 'not a key')
    expect(() => guard.door.reloadCertificate()).toThrow(/cannot be used/)
    expect((await shown()).serial).toBe(before.serial)
    put(authority.issue('next', [['commonName', 'door.test']], ['localhost']))
    guard.door.reloadCertificate()
    expect((await shown()).serial).not.toBe(before.serial)
    expect((await before.client.query('SELECT 1 AS one')).rows).toEqual([{ one: 1 }])
  })

  test('a server takes a certificate whose files change', async () => {
    const files = authority.issue('serving', [['commonName', 'door.test']], ['localhost'])
    const { host, port } = server.postgres
    const config = parseConfig(
      `listen: 127.0.0.1:0
data: data
rules: [${JSON.stringify(fileURLToPath(new URL('../rules', import.meta.url)))}]
doors:
  - name: shop-db
    protocol: postgres
    listen: 127.0.0.1:0
    upstream: postgres://${host}:${port}
    tls: { cert: serving.crt, key: serving.key }
    upstreamTls: { ca: authority.crt }
`,
      join(folder, 'sallyport.yaml'),
      {},
    )
    const running = await startServer(config, { log: () => undefined })
    try {
      const { port: doorPort } = running.doors[0]?.address ?? { port: 0 }
      const serial = async () => {
        const raw = connect({ port: doorPort, host: '127.0.0.1' })
        raw.write(sslRequest)
        await answer(raw)
        const secure = tlsConnect({ socket: raw, ...verified() })
        await once(secure, 'secureConnect')
        const { serialNumber } = secure.getPeerX509Certificate() ?? {}
        secure.destroy()
        return serialNumber
      }
      const before = await serial()
      const next = authority.issue('renewed', [['commonName', 'door.test']], ['localhost'])
      copyFileSync(next.cert, files.cert)
      copyFileSync(next.key, files.key)
      await vi.waitFor(async () => expect(await serial()).not.toBe(before), { timeout: 15_000 })
    } finally {
      await running.close()
    }
  })

  test('a door with files that do not fit does not open', async () => {
    const wrong = { cert: doorFiles.cert, key: serverFiles.key, required: true }
    await expect(startGuard(server.postgres, { tls: wrong })).rejects.toMatchObject({ code: 'config_invalid' })
    const missing = { cert: join(folder, 'no.crt'), key: doorFiles.key, required: true }
    await expect(startGuard(server.postgres, { tls: missing })).rejects.toThrow(/no\.crt/)
  })
})
