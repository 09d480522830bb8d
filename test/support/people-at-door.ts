import { readFile, writeFile } from 'node:fs/promises'
import type pg from 'pg'
import { type DoorCredentials, parseConfig } from '../../src/config/index.ts'
import { People } from '../../src/people/index.ts'
import { doorCredentials } from '../../src/server/door-credentials.ts'
import { type Guard, startGuard } from './guard.ts'
import { MemoryLedger } from './memory-ledger.ts'
import type { TestPostgres } from './postgres.ts'

/** The password of the account that doors of tests have. */
export const secret = 'the-password-of-the-service'

/** A door with credentials, people who have tokens, and everything that the door logged. */
export interface SignInSetUp {
  readonly guard: Guard
  readonly tokens: { readonly alice: string; readonly bob: string }
  readonly logged: string[]
  readonly people: People
}

export async function startWithPeople(
  postgres: Pick<TestPostgres, 'host' | 'port' | 'superuser' | 'password'>,
  credentials: DoorCredentials,
  environment: Record<string, string> = { SERVICE: secret },
  options: Pick<NonNullable<Parameters<typeof startGuard>[1]>, 'tls' | 'upstreamTls'> = {},
): Promise<SignInSetUp> {
  const ledger = new MemoryLedger()
  const people = await People.open({ ledger })
  await people.put({ id: 'root', name: 'Root', kind: 'human', groups: [], roles: ['admin'], actors: [] }, 'test')
  const tokens = { alice: '', bob: '' }
  for (const id of ['alice', 'bob'] as const) {
    const name = id === 'alice' ? 'Alice Ahlers' : 'Bob'
    await people.put(
      { id, name, kind: 'human', groups: ['shop'], roles: ['viewer'], actors: [`shop-db:${id}_db`] },
      't',
    )
    tokens[id] = (await people.issueToken(id, { label: 'psql', expiresAt: null, by: 'test' })).token
  }
  const [door] = parseConfig(
    'doors: [{ name: shop-db, protocol: postgres, listen: "127.0.0.1:0", upstream: "postgres://127.0.0.1:5432" }]',
    's.yaml',
    {},
  ).doors
  if (door === undefined) throw new Error('no door')
  const logged: string[] = []
  const guard = await startGuard(postgres, {
    ...options,
    ledger,
    credentials: await doorCredentials({ ...door, credentials }, people, environment),
    log: (event, details) => logged.push(`${event} ${JSON.stringify(details)}`),
  })
  return { guard, tokens, logged, people }
}

/** Puts rules (`<database> <user> <address> <method>`) before those that a server has. */
export async function hostRules(direct: pg.Client, pid: number, rules: readonly string[]): Promise<void> {
  // The server names files as it sees them from its own folder.
  const shown = (await direct.query<{ hba_file: string }>('SHOW hba_file')).rows[0]?.hba_file ?? ''
  const file = shown.replace('/proc/self/', `/proc/${pid}/`)
  const lines = rules.map((rule) => `host ${rule}`)
  await writeFile(file, `${lines.join('\n')}\n${await readFile(file, 'utf8')}`)
  await direct.query('SELECT pg_reload_conf()')
}
