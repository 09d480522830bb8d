import { readdirSync, readFileSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'

// What must be true when the soak is over. Each check hands back what is wrong; undefined: nothing.

/** Tables of which nothing is ever undone, so that the server's counters and the record agree to the row. */
const calmTables = ['calm', 'pgbench_accounts', 'pgbench_branches', 'pgbench_tellers', 'pgbench_history']

/** Open files, sockets among them, and memory in MB, of a process (proc(5)). @param {number} pid */
export function usage(pid) {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8')
  return {
    files: readdirSync(`/proc/${pid}/fd`).length,
    memory: Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) / 1024,
  }
}

/**
 * Memory may grow while things warm up. After that the last third may not need much more than the third before it.
 * @param {readonly number[]} samples MB, equally far apart
 */
export function memoryTrend(samples) {
  const third = Math.floor(samples.length / 3)
  const mean = (/** @type {readonly number[]} */ part) => part.reduce((sum, one) => sum + one, 0) / part.length
  const [middle, last] = [mean(samples.slice(third, 2 * third)), mean(samples.slice(2 * third))]
  return {
    middle,
    last,
    wrong: last > middle * 1.25 + 48 ? `memory grows: ${middle.toFixed(0)} MB, then ${last.toFixed(0)} MB` : undefined,
  }
}

/** @template T @param {() => Promise<T>} look @param {(seen: T) => boolean} isRight @returns {Promise<T>} as last seen */
export async function settles(look, isRight, /** @type {number} */ seconds = 20) {
  for (let i = 0; ; i++) {
    const seen = await look()
    if (isRight(seen) || i >= seconds * 10) return seen
    await delay(100)
  }
}

/** @param {import('pg').Pool} direct @returns {Promise<number>} connections that the door has at the server */
export async function doorConnections(direct) {
  const { rows } = await direct.query(
    `SELECT count(*)::int AS n FROM pg_stat_activity WHERE backend_type = 'client backend' AND application_name NOT LIKE 'soak-direct%'`,
  )
  return rows[0].n
}

/** @typedef {{ requested: number, unended: string[], unknown: number, outcomes: Map<string, number>, sums: Map<string, { inserted: number, updated: number, deleted: number }> }} Told */

/** What the record tells of every action. @param {AsyncIterable<any>} entries @returns {Promise<Told>} */
export async function told(entries) {
  /** @type {Map<string, any>} */
  const open = new Map()
  const outcomes = new Map()
  const sums = new Map()
  let requested = 0
  for await (const { kind, body } of entries) {
    if (kind === 'action.requested') {
      requested += 1
      open.set(body.action.id, body.action.operation)
    } else if (kind === 'action.settled') {
      open.delete(body.action)
      outcomes.set(body.outcome, (outcomes.get(body.outcome) ?? 0) + 1)
      if (body.outcome !== 'completed') continue
      for (const { table, inserted, updated, deleted } of body.measured ?? []) {
        const sum = sums.get(table) ?? { inserted: 0, updated: 0, deleted: 0 }
        sums.set(table, {
          inserted: sum.inserted + inserted,
          updated: sum.updated + updated,
          deleted: sum.deleted + deleted,
        })
      }
    }
  }
  const unended = [...open].map(([id, operation]) => `${operation} ${id}`)
  return { requested, unended, unknown: outcomes.get('unknown') ?? 0, outcomes, sums }
}

/** @param {import('pg').Pool} direct @returns {Promise<Map<string, { inserted: number, updated: number, deleted: number }>>} */
export async function statistics(direct) {
  const { rows } = await direct.query(
    `SELECT 'public.' || relname AS table, n_tup_ins::int AS inserted, n_tup_upd::int AS updated, n_tup_del::int AS deleted
     FROM pg_stat_user_tables WHERE relname = ANY($1)`,
    [calmTables],
  )
  return new Map(rows.map(({ table, ...sum }) => [table, sum]))
}

/**
 * @param {Map<string, any>} before @param {Map<string, any>} after the server's statistics
 * @param {Told['sums']} sums what the record says of the time between
 * @returns {string[]} where they differ
 */
export function differences(before, after, sums) {
  const wrong = []
  for (const [table, now] of after) {
    for (const what of /** @type {const} */ (['inserted', 'updated', 'deleted'])) {
      const server = now[what] - (before.get(table)?.[what] ?? 0)
      const record = sums.get(table)?.[what] ?? 0
      if (server !== record) wrong.push(`${table}: the server counted ${server} rows ${what}, the record ${record}`)
    }
  }
  return wrong
}
