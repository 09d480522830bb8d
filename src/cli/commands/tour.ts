import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { SallyportError } from '../../errors/index.ts'
import type { AddCommand } from '../command.ts'
import type { CliIo } from '../io.ts'
import { safeText } from '../safe-text.ts'
import { demoConfig, introduce, shippedRules } from './demo.ts'

const addedRule = `
  - id: quiet-hours
    about: Prices stay as they are while the tour is on
    when: '"write" in effects && resources.exists(r, r.name == "products")'
    then: block
`

/** `sallyport tour`: the whole story in a minute, with a real client on a real PostgreSQL, in a folder of its own. */
export const addTour: AddCommand = (program, { io }) => {
  program
    .command('tour')
    .summary('see it: the whole story in a minute')
    .description('Plays the story with a real client and prints every step with what came back. Leaves nothing behind.')
    .action(async () => {
      const folder = await mkdtemp(join(tmpdir(), 'sallyport-tour-'))
      try {
        await play(io, folder)
      } finally {
        await rm(folder, { recursive: true, force: true })
      }
    })
}

async function play(io: CliIo, folder: string): Promise<void> {
  const { startEmbeddedPostgres, ensureShop, shopUsers, shopDatabase } = await import('../../demo/index.ts')
  const { startServer, signIn } = await import('../../server/index.ts')
  const rules = join(folder, 'rules')
  await cp(shippedRules, rules, { recursive: true })
  io.out('Starting a PostgreSQL with a small shop, and Sallyport in front of it …\n')
  const postgres = await startEmbeddedPostgres({ dataDir: join(folder, 'postgres'), port: await freePort() })
  try {
    await ensureShop(postgres)
    // Free ports, so that a demo may run beside.
    const server = await startServer(
      demoConfig({ data: folder, rules, api: await freePort(), door: 0, postgres: postgres.port }),
      {
        log: () => undefined,
      },
    )
    try {
      const token = await introduce(server.people, (person) => signIn(server.people, person))
      const door = server.doors[0]?.address
      const alice = shopUsers[1]
      const client = new pg.Client({ ...door, user: alice.name, password: alice.password, database: shopDatabase })
      client.on('error', () => undefined)
      await client.connect()
      await new Tour(io, client, server.url, token).tell(join(rules, 'postgres.yaml'), async () => {
        await server.rules.reload()
      })
      await client.end()
      await printRecord(io, server.ledger)
    } finally {
      await server.close()
    }
  } finally {
    await postgres.stop()
  }
}

class Tour {
  readonly #io: CliIo
  readonly #client: pg.Client
  readonly #url: string
  readonly #token: string
  #step = 0

  constructor(io: CliIo, client: pg.Client, url: string, token: string) {
    this.#io = io
    this.#client = client
    this.#url = url
    this.#token = token
    client.on('notice', (notice) => {
      io.out(
        `   ← NOTICE  ${safeText(notice.message ?? '')}\n     DETAIL  ${safeText(notice.detail ?? '')}\n     HINT    ${safeText(notice.hint ?? '')}\n`,
      )
    })
  }

  async tell(ruleFile: string, reload: () => Promise<void>): Promise<void> {
    this.#title('A routine deletion passes')
    await this.#run('DELETE FROM payments WHERE id = 42')

    this.#title('A mass deletion is held, shown to a second person, approved, and then runs: the very same bytes')
    const held = this.#run('DELETE FROM orders')
    const hold = await this.#pendingHold()
    await this.#approve(hold)
    await held

    this.#title('Dropping a table is blocked')
    await this.#run('DROP TABLE customers')

    this.#title('A rule file is edited; the next statement on the same open connection is judged by it')
    await this.#run('UPDATE products SET name = name WHERE id = 1')
    await writeFile(ruleFile, (await readFile(ruleFile, 'utf8')).trimEnd() + addedRule)
    await reload()
    this.#io.out('   (rule quiet-hours added)\n')
    await this.#run('UPDATE products SET name = name WHERE id = 1')
  }

  #title(text: string): void {
    this.#step += 1
    this.#io.out(`\n${this.#step}. ${text}\n`)
  }

  async #run(sql: string): Promise<void> {
    this.#io.out(`   → ${sql}\n`)
    try {
      const { command, rowCount } = await this.#client.query(sql)
      this.#io.out(`   ← ${command} ${rowCount ?? ''}\n`)
    } catch (error) {
      if (!(error instanceof pg.DatabaseError)) throw error
      this.#io.out(
        `   ← ERROR   ${safeText(error.message)} (${error.code})\n     DETAIL  ${safeText(error.detail ?? '')}\n     HINT    ${safeText(error.hint ?? '')}\n`,
      )
    }
  }

  async #call(path: string, body?: unknown): Promise<unknown> {
    const response = await fetch(`${this.#url}${path}`, {
      method: body === undefined ? 'GET' : 'POST',
      headers: { authorization: `Bearer ${this.#token}`, 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
    const answer: unknown = await response.json()
    if (!response.ok)
      throw new SallyportError('conflict', `${path} answered ${response.status}: ${JSON.stringify(answer)}`)
    return answer
  }

  /** Waits for the hold to appear, as a reviewer's inbox does. */
  async #pendingHold(): Promise<string> {
    const deadline = Date.now() + 15_000
    for (;;) {
      const id = /"hold":"([0-9A-Z]+)"/.exec(JSON.stringify(await this.#call('/api/holds?state=pending')))?.[1]
      if (id !== undefined) return id
      if (Date.now() > deadline) throw new SallyportError('not_found', 'The statement was not held.')
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
  }

  async #approve(hold: string): Promise<void> {
    this.#io.out(`   Rita, of the group dba, approves it: POST /api/holds/${hold}/votes\n`)
    await this.#call(`/api/holds/${hold}/votes`, { decision: 'approve', reason: 'Seen in the tour, this shop may go.' })
  }
}

async function printRecord(
  io: CliIo,
  ledger: { entries(): AsyncIterable<{ index: number; at: string; kind: string; body: unknown }> },
): Promise<void> {
  io.out('\n5. The record of all that, each entry chained to the one before\n')
  for await (const { index, at, kind, body } of ledger.entries()) {
    io.out(
      `   ${String(index).padStart(3)}  ${at.slice(11, 23)}  ${kind.padEnd(17)} ${safeText(JSON.stringify(body)).slice(0, 110)}\n`,
    )
  }
}

/** A port that nothing listens on now. PostgreSQL, unlike ourselves, cannot be told to take any. */
function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0))
    })
  })
}
