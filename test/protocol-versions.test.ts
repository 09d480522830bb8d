import { spawn } from 'node:child_process'
import { connect } from 'node:net'
import { dirname, join } from 'node:path'
import pg from 'pg'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { embeddedBinaries } from '../src/demo/index.ts'
import { ServiceAccount } from '../src/doors/postgres/index.ts'
import { encodeMessage, encodeStartup } from '../src/doors/postgres/wire/encode.ts'
import { type Frame, FrameSplitter } from '../src/doors/postgres/wire/frame-splitter.ts'
import { type Guard, startGuard } from './support/guard.ts'
import {
  availablePostgres,
  type PsqlResult,
  psqlPath,
  startTestPostgres,
  type TestPostgres,
} from './support/postgres.ts'

const version = { '3.0': 0x30000, '3.2': 0x30002, 'of tomorrow': 0x3270f } as const

describe.each(availablePostgres().map((kind) => [kind.name, kind] as const))(
  'protocol versions, in front of %s',
  (_name, kind) => {
    let postgres: TestPostgres
    let direct: pg.Client
    let guard: Guard | undefined
    let libraries: string

    beforeAll(async () => {
      // libpq 18 comes with the embedded server: the first that speaks 3.2.
      libraries = join(dirname((await embeddedBinaries(undefined)).postgres), '..', 'lib')
      postgres = await startTestPostgres(kind)
      direct = new pg.Client({ connectionString: postgres.superuserUrl })
      await direct.connect()
    })
    afterAll(async () => {
      await direct?.end()
      await postgres?.stop()
    })
    afterEach(async () => {
      await guard?.close()
      guard = undefined
    })

    /** psql on libpq 18, through the door; Ctrl-C once its statement runs, where asked. */
    async function psql18(
      guard: Guard,
      conninfo: string,
      sql: string,
      interrupt: boolean = false,
    ): Promise<PsqlResult> {
      const { host, port } = guard.door.address
      const target = `host=${host} port=${port} dbname=postgres user=${postgres.superuser} ${conninfo}`
      const child = spawn(psqlPath() ?? 'psql', ['-X', '-At', '-c', sql, target], {
        env: { PATH: process.env.PATH ?? '', LC_ALL: 'C', PGPASSWORD: postgres.password, LD_LIBRARY_PATH: libraries },
        timeout: 20_000,
        killSignal: 'SIGKILL',
      })
      let stdout = ''
      let stderr = ''
      child.stdout.on('data', (chunk: Buffer) => {
        stdout += chunk
      })
      child.stderr.on('data', (chunk: Buffer) => {
        stderr += chunk
      })
      const closed = new Promise<PsqlResult>((resolve, reject) => {
        child.once('error', reject)
        child.once('close', (code, signal) => resolve({ code, signal, stdout, stderr }))
      })
      while (interrupt && child.exitCode === null && child.signalCode === null) {
        const query = 'SELECT 1 FROM pg_stat_activity WHERE query = $1 AND pid <> pg_backend_pid()'
        if (((await direct.query(query, [sql])).rowCount ?? 0) > 0 && child.kill('SIGINT')) break
      }
      return closed
    }

    describe.skipIf(psqlPath() === undefined)('psql on libpq 18', () => {
      const speaks32 = kind.name === 'embedded-18'

      test('gets 3.2 where the server speaks it, and hears the truth where not', async () => {
        guard = await startGuard(postgres)
        const atLeast = await psql18(guard, 'min_protocol_version=3.2 max_protocol_version=3.2', 'SELECT 1')
        if (speaks32) expect(atLeast).toMatchObject({ code: 0, stdout: '1\n' })
        else expect(atLeast.stderr).toMatch(/only supports protocol version 3.0|protocol version/)
        const atMost = await psql18(guard, 'max_protocol_version=3.2', "SELECT 'hi'")
        expect(atMost).toMatchObject({ code: 0, stdout: 'hi\n', stderr: '' })
      })

      test('can cancel what runs', async () => {
        guard = await startGuard(postgres)
        const { code, stderr } = await psql18(guard, 'max_protocol_version=3.2', 'SELECT pg_sleep(60)', true)
        expect(stderr).toContain('canceling statement due to user request')
        expect(code).toBe(1)
      })
    })

    /** What a client that asks for a protocol version hears until it is ready. */
    async function greeting(asked: number, parameters: [string, string][], password: string): Promise<Frame[]> {
      if (guard === undefined) throw new Error('no door')
      const socket = connect(guard.door.address.port, guard.door.address.host)
      const splitter = new FrameSplitter(65_536)
      const heard: Frame[] = []
      await new Promise<void>((resolve, reject) => {
        socket.on('error', reject)
        socket.on('close', () => resolve())
        socket.on('data', (chunk: Buffer) => {
          for (const frame of splitter.push(chunk)) {
            heard.push(frame)
            if (frame.type === 0x52 && frame.bytes.readUInt32BE(5) === 3) socket.write(encodeMessage('p', password))
            if (frame.type === 0x5a) socket.destroy()
          }
        })
        socket.write(encodeStartup(parameters, asked))
      })
      return heard
    }

    describe('a door that signs in itself', () => {
      test.each(Object.keys(version) as (keyof typeof version)[])(
        'asks the server for what the client asks for: %s',
        async (name) => {
          const account = new ServiceAccount(postgres.superuser, async () => postgres.password)
          const known = { id: 'alice', name: 'Alice', kind: 'human', groups: [] } as const
          const authenticate = (_name: string, token: string) => (token === 't' ? { ...known, groups: [] } : undefined)
          guard = await startGuard(postgres, { credentials: { account, authenticate } })
          const startup: [string, string][] = [
            ['user', 'alice'],
            ['database', 'postgres'],
          ]
          const heard = await greeting(version[name], startup, 't')
          const types = heard.map(({ type }) => String.fromCharCode(type)).join('')
          const key = heard.find(({ type }) => type === 0x4b)
          const speaks = name === '3.0' || kind.name !== 'embedded-18' ? '3.0' : '3.2'
          // Process id and key: four bytes in 3.0, thirty-two in 3.2.
          expect(key?.bytes.length).toBe(5 + 4 + (speaks === '3.2' ? 32 : 4))
          // What the server cannot speak it says, and which version it takes instead.
          const negotiated = heard.find(({ type }) => type === 0x76)
          const expected = name === speaks ? undefined : version[speaks] & 0xffff
          expect(negotiated === undefined ? undefined : negotiated.bytes.readUInt32BE(5) & 0xffff).toBe(expected)
          expect(types.startsWith('R') && types.endsWith('Z')).toBe(true)
        },
      )
    })
  },
)
