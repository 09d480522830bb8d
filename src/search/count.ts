import type { ActionCounts, CountQuery } from './action-record.ts'
import type { Db } from './database.ts'
import { minuteMs, minuteOf } from './tables.ts'

/** Values that get a line of their own. */
const mostSeries = 24

/** How many actions there were in each stretch of time, by the counts that are kept for each minute. */
export function countActions(db: Db, { by, since, until, step }: CountQuery): ActionCounts {
  const first = Math.floor(minuteOf(since) / step)
  const last = Math.max(first, Math.floor(minuteOf(until - 1) / step))
  const length = last - first + 1
  const rows = db
    .prepare(
      `SELECT n.name, c.minute / CAST(?1 AS INTEGER) AS bucket, sum(c.n) AS n FROM counts c JOIN names n ON n.id = c.name
       WHERE c.dimension = ?2 AND c.minute >= ?3 AND c.minute < ?4 GROUP BY c.name, bucket HAVING sum(c.n) <> 0`,
    )
    .all(step, by, first * step, (last + 1) * step)
  const found = new Map<string, { total: number; counts: number[] }>()
  for (const row of rows) {
    const [name, bucket, n] = cells(row)
    const one = found.get(name) ?? { total: 0, counts: new Array<number>(length).fill(0) }
    found.set(name, one)
    one.total += n
    one.counts[bucket - first] = n
  }
  const sorted = [...found].map(([value, one]) => ({ value, ...one })).sort((a, b) => b.total - a.total)
  const series: ActionCounts['series'][number][] = sorted.slice(0, mostSeries)
  const rest = sorted.slice(mostSeries)
  if (rest.length > 0) {
    series.push({
      value: null,
      total: rest.reduce((sum, { total }) => sum + total, 0),
      counts: Array.from({ length }, (_, i) => rest.reduce((sum, { counts }) => sum + (counts[i] ?? 0), 0)),
    })
  }
  return {
    by,
    step: (step * minuteMs) / 1000,
    times: Array.from({ length }, (_, i) => new Date((first + i) * step * minuteMs).toISOString()),
    series,
  }
}

function cells(row: unknown): [string, number, number] {
  const get = (name: string): unknown => Reflect.get(Object(row), name)
  return [String(get('name')), Number(get('bucket')), Number(get('n'))]
}
