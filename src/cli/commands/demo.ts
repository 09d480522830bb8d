import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Option } from 'commander'
import type { Config } from '../../config/index.ts'
import type { People, Person } from '../../people/index.ts'
import type { AddCommand } from '../command.ts'
import { exitCodes } from '../exit-codes.ts'
import { untilStopped } from '../until-stopped.ts'

/** Where the demo listens, unless told otherwise. */
export const demoPorts = { api: 7070, door: 6432, postgres: 5433 } as const

/** The rules that come with Sallyport, beside `dist/` and `src/`. */
export const shippedRules = fileURLToPath(new URL('../../../rules', import.meta.url))

/** The people of the demo: Alice and her coding agent, who use the shop, and Rita, who reviews. Returns Rita's token. */
export async function introduce(
  people: People,
  signIn: (person: Omit<Person, 'kind' | 'actors'>) => Promise<string>,
): Promise<string> {
  const token = await signIn({ id: 'rita', name: 'Rita', groups: ['dba'], roles: ['admin', 'reviewer'] })
  const here: Person[] = [
    {
      id: 'alice',
      name: 'Alice',
      kind: 'human',
      groups: ['engineering'],
      roles: ['viewer'],
      actors: ['shop-db:alice'],
    },
    {
      id: 'agent',
      name: "Alice's coding agent",
      kind: 'agent',
      owner: 'alice',
      groups: [],
      roles: [],
      actors: ['shop-db:agent'],
    },
    {
      id: 'shop-app',
      name: 'The shop',
      kind: 'service',
      owner: 'alice',
      groups: [],
      roles: [],
      actors: ['shop-db:shop'],
    },
  ]
  for (const person of here) if (people.get(person.id) === undefined) await people.put(person, 'sallyport')
  return token
}

export function demoConfig(options: {
  data: string
  rules: string
  api: number
  door: number
  postgres: number
}): Config {
  const local = (port: number) => ({ host: '127.0.0.1', port })
  return {
    listen: local(options.api),
    data: options.data,
    rules: [options.rules],
    rulesReview: { approvals: 0, groups: [] },
    breakGlass: { groups: [] },
    passkeys: { ask: 'registered', severity: 'high' },
    changes: { issuers: [], approvals: 1, from: [], longest: 24 * 3_600_000 },
    doors: [
      {
        name: 'shop-db',
        protocol: 'postgres',
        listen: local(options.door),
        upstream: local(options.postgres),
        environment: 'production',
        system: 'shop',
        unknown: 'hold',
        hold: { wait: 10 * 60_000 },
        record: 'strict',
        commitGate: true,
        sample: 5,
        limits: { connections: 1_000, messageBytes: 16 * 1024 * 1024, startupTimeout: 30_000 },
      },
    ],
    ledger: { anchors: { files: [], webhooks: [] }, witnesses: [] },
    notify: [],
    allowInsecureListen: false,
    log: { level: 'warn' },
  }
}

/** `sallyport demo`: a PostgreSQL of its own with a shop in it, guarded. What `npm start` runs. */
export const addDemo: AddCommand = (program, { io, exit }) => {
  program
    .command('demo')
    .summary('try it: a PostgreSQL of its own, guarded')
    .description(
      'Starts a real PostgreSQL with a small shop in it, a door in front, the API and the console. Its state stays in the data folder. Ctrl-C stops everything.',
    )
    .option('--data <folder>', 'where the state stays', './data')
    .addOption(new Option('--rules <path>', 'rule file or folder').default(shippedRules, 'the rules that come with it'))
    .option('--port <port>', 'API and console', String(demoPorts.api))
    .option('--door-port <port>', 'where psql connects', String(demoPorts.door))
    .option('--postgres-port <port>', 'the PostgreSQL behind the door', String(demoPorts.postgres))
    .action(async (given: { data: string; rules: string; port: string; doorPort: string; postgresPort: string }) => {
      const { startEmbeddedPostgres, ensureShop, shopUsers, shopDatabase } = await import('../../demo/index.ts')
      const { startServer, signIn } = await import('../../server/index.ts')
      const data = resolve(given.data)
      const rules = resolve(given.rules)
      const ports = { api: Number(given.port), door: Number(given.doorPort), postgres: Number(given.postgresPort) }
      io.err('Starting PostgreSQL …\n')
      const postgres = await startEmbeddedPostgres({ dataDir: join(data, 'postgres'), port: ports.postgres })
      try {
        await ensureShop(postgres, (message: string) => io.err(`${message}\n`))
        let stopping = false
        const starting = startServer(demoConfig({ data, rules, ...ports }))
        const stopped = untilStopped(async () => {
          stopping = true
          await (await starting).close()
          await postgres.stop()
        })
        const server = await starting
        const token = await introduce(server.people, (person) => signIn(server.people, person))
        const alice = shopUsers[1]
        io.out(`
Sallyport is on guard.

  Try      psql "postgres://${alice.name}:${alice.password}@127.0.0.1:${ports.door}/${shopDatabase}"
             DELETE FROM orders WHERE id = 7;      passes
             DELETE FROM orders;                   is held until somebody approves it
             DROP TABLE orders;                    is blocked
  Review   ${server.url}/#token=${token}
           (you are Rita, a reviewer; the link signs you in)
  Rules    ${rules}   edit and save: the next statement is judged by them
  Record   node dist/cli/main.js ledger list --data ${given.data}

Ctrl-C stops everything; the state stays in ${given.data}.
`)
        void postgres.exited.then(() => {
          if (!stopping) io.err('The PostgreSQL behind the door has ended; Ctrl-C and start again.\n')
        })
        if (!(await stopped)) exit(exitCodes.failed.code)
      } catch (error) {
        await postgres.stop()
        throw error
      }
    })
}
