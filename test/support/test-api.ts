import { type Api, type ApiDeps, createApi, type SessionView } from '../../src/api/index.ts'
import { Changes } from '../../src/changes/index.ts'
import { SallyportError } from '../../src/errors/index.ts'
import { Canary } from '../../src/gate/index.ts'
import { BreakGlass, Holds } from '../../src/holds/index.ts'
import type { HoldOpened } from '../../src/ledger/index.ts'
import { Locks } from '../../src/locks/index.ts'
import { Absences, Passkeys, People, type Person, passkeySite } from '../../src/people/index.ts'
import { tapRules as tapRulesOf } from '../../src/server/open-passkeys.ts'
import { localSearch } from './local-search.ts'
import { MemoryLedger } from './memory-ledger.ts'
import { testSignIn } from './test-sign-in.ts'

/** Who there is: one of each role, the person behind `shop:alice` and her agent, and one without any role. */
const everybody: readonly Person[] = [
  person('root', ['admin']),
  person('vera', ['viewer']),
  person('audrey', ['auditor']),
  { ...person('rick', ['reviewer']), groups: ['dba'] },
  { ...person('rosa', ['reviewer']), groups: ['dba'] },
  { ...person('alice', ['reviewer', 'admin']), groups: ['dba', 'oncall'], actors: ['shop:alice'] },
  { ...person('bot', ['reviewer']), kind: 'agent', owner: 'alice', groups: ['dba'], actors: ['shop:bot'] },
  person('nobody', []),
]

function person(id: string, roles: Person['roles']): Person {
  return { id, name: id, kind: 'human', groups: [], roles, actors: [] }
}

const rulesText = `version: 1
rules:
  - id: r
    about: About
    when: 'impact.rows > 10'
    then: hold
    tests:
      - { name: many, expect: hold, action: { impact: { rows: 11 } } }
`

interface TestRequest {
  readonly method?: string
  /** Sent as JSON. */
  readonly body?: unknown
  /** Sent as it is. */
  readonly raw?: string
  readonly headers?: Record<string, string>
}

export interface TestApi {
  readonly app: Api
  readonly deps: ApiDeps
  readonly ledger: MemoryLedger
  readonly people: People
  readonly holds: Holds
  /** How many clients wait on a hold. */
  readonly waiting: Map<string, number>
  readonly tokens: ReadonlyMap<string, { token: string; id: string }>
  /** Sessions that were ended: `<id> by <person>`. */
  readonly ended: readonly string[]
  /** How often the ledger was verified. */
  readonly verified: { readonly count: number }
  /** How many event streams listen for new rules. */
  listening(): number
  /** Puts another rule set in force. */
  changeRules(version: string): void
  as(who: string, path: string, request?: TestRequest): Promise<Response>
  /** Opens a hold and gives its id. */
  hold(change?: Partial<HoldOpened>): Promise<string>
}

const unknown = async () => {
  throw new SallyportError('not_found', 'There is no rulebook in this test.')
}

/** Where a test is not about versions of rules. */
const noRulebook: ApiDeps['rulebook'] = {
  status: () => {
    throw new Error('There is no rulebook in this test.')
  },
  versions: () => [],
  review: undefined,
  proposals: () => [],
  whyNotVote: () => undefined,
  read: unknown,
  load: unknown,
  rollback: unknown,
  candidate: unknown,
  vote: unknown,
}

/** The whole API on a ledger in memory. */
export async function testApi(
  options: {
    consoleDir?: string
    rulebook?: ApiDeps['rulebook']
    canary?: Canary
    ledger?: MemoryLedger
    notify?: ApiDeps['notify']
  } = {},
): Promise<TestApi> {
  const { ledger = new MemoryLedger() } = options
  const people = await People.open({ ledger })
  const tokens = new Map<string, { token: string; id: string }>()
  for (const one of everybody) {
    await people.put(one, 'test')
    tokens.set(one.id, await people.issueToken(one.id, { label: 'test', expiresAt: null, by: 'test' }))
  }
  const absences = await Absences.open({ ledger, people })
  const parties = {
    ledger,
    reviewer: (id: string) => absences.reviewerOf(id),
    isRequester: people.isSamePerson.bind(people),
  }
  const passkeys = await Passkeys.open({ ledger, site: passkeySite('https://guard.example/') })
  const tapRules = tapRulesOf({ ask: 'registered', severity: 'high' }, passkeys)
  const holds = await Holds.open({ ...parties, breakGlass: ['oncall'], passkeys: tapRules })
  const breakGlass = new BreakGlass({ ...parties, holds, groups: ['oncall'], passkeys: tapRules })
  const locks = await Locks.open({ ledger, isPerson: people.isSamePerson.bind(people) })
  const changes = await Changes.open({ ...parties, review: { approvals: 1, from: ['dba'] } })
  const waiting = new Map<string, number>()
  const listeners = new Set<() => void>()
  const ended: string[] = []
  const verified = { count: 0 }
  const sessions: SessionView[] = [
    {
      id: 's1',
      actor: { id: 'shop:app', name: 'app', kind: 'unknown' },
      ip: '127.0.0.1',
      application: 'psql',
      database: 'shop',
      since: '2026-01-01T00:00:00.000Z',
      waiting: false,
    },
  ]
  let version = 'abc123'
  const deps: ApiDeps = {
    people,
    absences,
    signIn: testSignIn(people, ledger, passkeys),
    passkeys,
    tapRules,
    holds,
    breakGlass,
    locks,
    changes,
    workloads: {
      verify: async () => {
        throw new SallyportError('unauthenticated', 'No issuer is trusted here.')
      },
      open: (identity, { title, door, database }) =>
        changes.ask({ title, door, database, identity, statements: [], lasts: 60_000 }),
    },
    notify: { status: () => [], test: unknown },
    publicLog: { key: 'test+00000000+AQ==', prove: unknown },
    ledger,
    search: localSearch(ledger),
    rules: {
      current: () => ({
        version,
        files: [{ file: 'a.yaml', digest: 'd'.repeat(64), text: rulesText }],
        rules: [{ id: 'r', about: 'About', outcome: 'hold', mode: 'enforce', file: 'a.yaml', line: 3, severity: null }],
        problems: null,
      }),
      subscribe: (listener) => {
        listeners.add(listener)
        return () => listeners.delete(listener)
      },
    },
    rulebook: noRulebook,
    canary: new Canary({ ledger }),
    doors: () => [
      {
        name: 'shop',
        protocol: 'postgres',
        listen: '127.0.0.1:6432',
        environment: 'production',
        unknown: 'hold',
        sessions: 2,
        waiting: 1,
        upstream: '127.0.0.1:5432',
        unreachable: null,
      },
    ],
    sessions: {
      list: (door) => (door === 'shop' ? sessions : undefined),
      end: (_, id, by) => {
        const at = sessions.findIndex((session) => session.id === id)
        if (at >= 0) ended.push(`${sessions.splice(at, 1)[0]?.id} by ${by}`)
        return at >= 0
      },
    },
    verify: async () => {
      verified.count += 1
      return {
        ok: true,
        entries: ledger.head.size,
        head: ledger.head,
        segments: 1,
        checkpoint: null,
        witnessed: null,
        problems: [],
      }
    },
    waiting: (hold) => waiting.get(hold) ?? 0,
    version: '1.2.3',
    publicUrl: 'https://guard.example/',
    ...options,
  }
  const app = createApi(deps)
  return {
    app,
    deps,
    ledger,
    people,
    holds,
    waiting,
    tokens,
    ended,
    verified,
    listening: () => listeners.size,
    changeRules: (next) => {
      version = next
      for (const listener of listeners) listener()
    },
    as: async (who, path, { method = 'GET', body, raw, headers = {} } = {}) => {
      const sent = raw ?? (body === undefined ? undefined : JSON.stringify(body))
      return app.request(path, {
        method,
        headers: {
          authorization: `Bearer ${tokens.get(who)?.token}`,
          ...(sent === undefined ? {} : { 'content-type': 'application/json' }),
          ...headers,
        },
        ...(sent === undefined ? {} : { body: sent }),
      })
    },
    hold: async (change = {}) => {
      const { hold, durable } = holds.open(
        {
          requester: { id: 'shop:app', name: 'app' },
          door: 'shop',
          target: { system: 'db', environment: 'production' },
          digest: 'd'.repeat(64),
          ruleSet: version,
          rule: { id: 'r', about: 'About', message: 'Too much' },
          review: { approvals: 1, from: [] },
          actions: [],
          ...change,
        },
        60_000,
      )
      await durable
      return hold.hold
    },
  }
}
