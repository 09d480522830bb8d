import type pg from 'pg'
import { Changes } from '../../src/changes/index.ts'
import { loadGrammar, readChange } from '../../src/doors/postgres/index.ts'
import type { Ledger } from '../../src/ledger/index.ts'
import type { Judge } from '../../src/rules/index.ts'
import { type Guard, type GuardedClient, judgeOf, startGuard } from './guard.ts'
import { MemoryLedger } from './memory-ledger.ts'
import type { TestPostgres } from './postgres.ts'

/** Structure is changed by approved changes only; mass deletions are held as everywhere. */
export const changeRules = `
  - { id: unverified-deploy, about: Deployed by approved changes, when: '("deploy" in effects || "destroy" in effects) && !(has(change.id) && change.verified)', then: hold }
  - { id: destroy, about: Dropping needs somebody, when: '"destroy" in effects', then: hold }
  - { id: roles, about: Two must agree on roles, when: '"grant" in effects', then: { hold: { approvals: 2 } } }
  - { id: no-truncate, about: Nothing is emptied, when: 'operation == "TRUNCATE"', then: block }
  - { id: opaque-code, about: What code does, when: '"execute" in effects', then: hold }
  - { id: mass, about: Not more than 100 rows at once, when: '("delete" in effects || "write" in effects) && operation != "INSERT" && impact.rows > 100', then: hold }
`

export interface ChangeDoor {
  readonly guard: Guard
  readonly changes: Changes
  /** Opens a change with these statements; approved unless told otherwise. */
  open(
    sql: string,
    more?: { rows?: readonly (number | undefined)[]; approve?: boolean; lasts?: number },
  ): Promise<Opened>
  /** A client that shows a secret. */
  run(secret: string, config?: pg.ClientConfig): Promise<GuardedClient>
  close(): Promise<void>
}

export interface Opened {
  readonly change: string
  readonly secret: string
}

export interface ChangeDoorOptions {
  readonly ledger?: Ledger
  readonly judge?: Judge
  readonly now?: () => number
  readonly commitGate?: boolean
}

/** A door in front of a test server whose sessions may be runs of changes. A client that is held is refused at once. */
export async function startChangeDoor(
  postgres: Pick<TestPostgres, 'host' | 'port' | 'superuser' | 'password'>,
  options: ChangeDoorOptions = {},
): Promise<ChangeDoor> {
  const { now } = options
  const ledger = options.ledger ?? new MemoryLedger(now === undefined ? {} : { now })
  const changes = await Changes.open({
    ledger,
    reviewer: (id) => ({ id, kind: 'human', groups: ['dba'], isReviewer: true }),
    isRequester: (person, { id }) => id === `ci:${person}`,
    review: { approvals: 1, from: ['dba'] },
    ...(now === undefined ? {} : { now }),
  })
  const guard = await startGuard(postgres, {
    wait: 0,
    ...options,
    ledger,
    judge: options.judge ?? judgeOf(changeRules),
    enterChange: (secret, at) => changes.enter(secret, at),
  })
  const grammar = await loadGrammar(18)
  return {
    guard,
    changes,
    open: async (sql, { rows = [], approve = true, lasts = 3_600_000 } = {}) => {
      const opened = await changes.ask({
        title: 'A test',
        door: 'shop-db',
        database: 'postgres',
        identity: {
          issuer: 'https://issuer.test',
          name: 'ci',
          subject: 'repo:acme/shop',
          repository: 'acme/shop',
          ref: 'refs/heads/main',
          sha: 'a'.repeat(40),
          run: '7',
          actor: 'ci:dev',
        },
        statements: readChange(sql, grammar).map((statement, i) => {
          const declared = rows[i]
          return declared === undefined ? statement : { ...statement, rows: declared }
        }),
        lasts,
      })
      if (approve) await changes.approve(opened.change, 'ann', 'read it')
      return opened
    },
    run: (secret, config = {}) => guard.connect({ options: `-c sallyport.change=${secret}`, ...config }),
    close: async () => {
      await guard.close()
      changes.close()
    },
  }
}
