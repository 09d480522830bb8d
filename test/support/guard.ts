import pg from 'pg'
import { PostgresDoor, type PostgresDoorOptions, type UpstreamTls } from '../../src/doors/postgres/index.ts'
import { LedgerGate, WindowKeeper } from '../../src/gate/index.ts'
import { Holds } from '../../src/holds/index.ts'
import type { Entry, EntryKind, EntryOf, Ledger } from '../../src/ledger/index.ts'
import { compileRules, type Judge, type Window } from '../../src/rules/index.ts'
import { MemoryLedger } from './memory-ledger.ts'
import type { TestPostgres } from './postgres.ts'

/** Compiles rules given as the body of a `rules:` list. */
export function judgeOf(rules: string): Judge {
  const compiled = compileRules([{ file: 'test.yaml', text: `version: 1\nrules:\n${rules}` }])
  if (!compiled.ok) throw new Error(compiled.diagnostics.map(({ message }) => message).join('; '))
  return compiled.judge
}

/** Rules that stop what these tests are about, and nothing else. */
export const testRules = `
  - { id: no-drop, about: Nothing is dropped here, when: '"destroy" in effects', then: block }
  - id: mass-delete
    about: Deleting more than 100 rows needs a second pair of eyes
    when: '"delete" in effects && (impact.rows > 100 || !impact.bounded)'
    then: { hold: { approvals: 1, from: [dba], within: 30m } }
`

export interface Guard {
  readonly door: PostgresDoor
  readonly ledger: Ledger
  readonly holds: Holds
  readonly gate: LedgerGate
  /** Rules from the next action on. */
  use(judge: Judge): void
  /** A client through the door, connected. Notices are collected in \`notices\`. */
  connect(config?: pg.ClientConfig): Promise<GuardedClient>
  /** Entries of one kind, in order. */
  entries<K extends EntryKind>(kind: K): Promise<EntryOf<K>[]>
  /** Resolves with the next hold that is opened and durable. */
  nextHold(): Promise<string>
  close(): Promise<void>
}

export interface GuardedClient extends pg.Client {
  notices: {
    message?: string | undefined
    detail?: string | undefined
    hint?: string | undefined
    code?: string | undefined
  }[]
}

/** A door in front of a test server, with everything behind it in this process. */
export async function startGuard(
  postgres: Pick<TestPostgres, 'host' | 'port' | 'superuser' | 'password'>,
  options: Partial<
    Pick<
      PostgresDoorOptions,
      | 'unknown'
      | 'wait'
      | 'record'
      | 'limits'
      | 'name'
      | 'commitGate'
      | 'sample'
      | 'identify'
      | 'now'
      | 'tls'
      | 'credentials'
      | 'log'
      | 'enterChange'
    >
  > & {
    ledger?: Ledger
    judge?: Judge
    upstreamTls?: UpstreamTls
    /** What the judge counts in; of a ledger that tells the time of `now`. */
    windows?: readonly Window[]
  } = {},
): Promise<Guard> {
  const ledger = options.ledger ?? new MemoryLedger(options.now === undefined ? {} : { now: options.now })
  const holds = await Holds.open({
    ledger,
    reviewer: (id) => ({ id, kind: 'human', groups: ['dba'], isReviewer: true }),
    isRequester: (reviewer, requester) => reviewer === requester.id || reviewer === requester.owner,
  })
  let judge = options.judge ?? judgeOf(testRules)
  const windows = new WindowKeeper({ ledger, ...(options.now === undefined ? {} : { now: options.now }) })
  await windows.prepare(options.windows ?? [])
  const gate = new LedgerGate({
    ledger: windows.record,
    holds,
    judge: () => judge,
    moment: (actions) => windows.moment(actions),
    publicUrl: 'http://console.test',
  })
  const door = await PostgresDoor.open({
    name: options.name ?? 'shop-db',
    listen: { host: '127.0.0.1', port: 0 },
    upstream: { host: postgres.host, port: postgres.port, tls: options.upstreamTls },
    tls: options.tls,
    system: 'test',
    environment: 'production',
    unknown: options.unknown ?? 'hold',
    wait: options.wait ?? 20_000,
    record: options.record ?? 'strict',
    commitGate: options.commitGate ?? true,
    sample: options.sample ?? 5,
    limits: options.limits ?? { connections: 100, messageBytes: 16 * 1024 * 1024, startupTimeout: 10_000 },
    gate,
    credentials: options.credentials,
    ...(options.enterChange === undefined ? {} : { enterChange: options.enterChange }),
    identify: options.identify ?? (() => ({})),
    ...(options.now === undefined ? {} : { now: options.now }),
    log: options.log ?? (() => undefined),
  })
  const clients: pg.Client[] = []
  return {
    door,
    ledger,
    holds,
    gate,
    use: (next) => {
      judge = next
    },
    connect: async (config = {}) => {
      const notices: GuardedClient['notices'] = []
      const client = Object.assign(
        new pg.Client({
          host: door.address.host,
          port: door.address.port,
          user: postgres.superuser,
          password: postgres.password,
          database: 'postgres',
          ...config,
        }),
        { notices },
      )
      client.on('notice', (notice) => notices.push(notice))
      client.on('error', () => undefined)
      clients.push(client)
      await client.connect()
      return client
    },
    entries: async <K extends EntryKind>(kind: K) => {
      await ledger.flush()
      const found: EntryOf<K>[] = []
      for await (const entry of ledger.entries()) if (isKind(entry, kind)) found.push(entry)
      return found
    },
    nextHold: () =>
      new Promise((resolve) => {
        const stop = holds.subscribe((hold) => {
          if (hold.state !== 'pending' || hold.votes.length > 0) return
          stop()
          resolve(hold.hold)
        })
      }),
    close: async () => {
      await Promise.all(clients.map((client) => client.end().catch(() => undefined)))
      await door.close()
      holds.close()
      await ledger.close()
    },
  }
}

function isKind<K extends EntryKind>(entry: Entry, kind: K): entry is EntryOf<K> {
  return entry.kind === kind
}
