import type { Workloads } from '../api/index.ts'
import { Changes, Issuers } from '../changes/index.ts'
import type { Config } from '../config/index.ts'
import { loadGrammar, readChange } from '../doors/postgres/index.ts'
import { SallyportError } from '../errors/index.ts'
import type { ChangeStatement, Ledger } from '../ledger/index.ts'
import type { People } from '../people/index.ts'

/** Statements of one change; more is a restore, not a deployment. */
const statementsAtMost = 2_000

/** The changes of a server, and how workloads open them. */
export async function openChanges(
  config: Pick<Config, 'changes' | 'doors'>,
  ledger: Ledger,
  people: People,
): Promise<{ readonly changes: Changes; readonly workloads: Workloads }> {
  const { issuers: trusted, approvals, from, longest } = config.changes
  const changes = await Changes.open({
    ledger,
    reviewer: (id) => people.reviewerOf(id),
    isRequester: people.isSamePerson.bind(people),
    review: { approvals, from },
  })
  const issuers = new Issuers(trusted)
  const open: Workloads['open'] = async (identity, { sql, rows, expiresIn, ...request }) => {
    if (!config.doors.some(({ name }) => name === request.door)) {
      throw new SallyportError('invalid_request', `There is no door ${request.door}.`)
    }
    const lasts = expiresIn * 1_000
    if (lasts > longest) {
      throw new SallyportError('invalid_request', `A change lasts ${longest / 1_000} seconds at most.`)
    }
    const grammar = await loadGrammar(0)
    const statements: ChangeStatement[] = sql.flatMap((text) => readChange(text, grammar))
    if (statements.length === 0 || statements.length > statementsAtMost) {
      throw new SallyportError('invalid_request', `A change has 1 to ${statementsAtMost} statements.`)
    }
    for (const { statement, rows: declared } of rows) {
      const at = statements[statement - 1]
      if (at === undefined) throw new SallyportError('invalid_request', `There is no statement ${statement}.`)
      statements[statement - 1] = { ...at, rows: declared }
    }
    return changes.ask({ ...request, identity, statements, lasts })
  }
  return { changes, workloads: { verify: (token) => issuers.verify(token), open } }
}
