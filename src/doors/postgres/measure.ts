import { z } from 'zod'
import type { Measured } from '../../gate/index.ts'
import { encodeBind, encodeClose, encodeExecute, encodeParse } from './wire/encode.ts'

/**
 * What the transaction under way has really done, asked inside it, before COMMIT or Sync makes it final: rows inserted,
 * updated and deleted in each table, whatever statement, function, trigger or foreign key did it
 * (PostgreSQL documentation, "Statistics Functions": `pg_stat_get_xact_tuples_*`).
 *
 * The counters also hold what the session did earlier and has not reported yet; `pg_stat_force_next_flush` has it
 * reported when the session is next idle, so that every transaction starts from zero. Everything is schema-qualified,
 * operators included: a search path must not put other code in their place. Tables that PostgreSQL made itself have
 * numbers below 16384; temporary tables concern nobody else.
 */
const counts = `
SELECT pg_catalog.json_build_array('track_counts', pg_catalog.current_setting('track_counts'))::pg_catalog.text
FROM pg_catalog.pg_stat_force_next_flush()
UNION ALL
SELECT pg_catalog.json_build_array('rows', c.relnamespace::pg_catalog.regnamespace, c.relname,
  pg_catalog.pg_stat_get_xact_tuples_inserted(c.oid), pg_catalog.pg_stat_get_xact_tuples_updated(c.oid),
  pg_catalog.pg_stat_get_xact_tuples_deleted(c.oid))::pg_catalog.text
FROM pg_catalog.pg_class c
WHERE c.oid OPERATOR(pg_catalog.>=) 16384
  AND c.relkind OPERATOR(pg_catalog.=) 'r' AND c.relpersistence OPERATOR(pg_catalog.<>) 't'
  AND pg_catalog.pg_stat_get_xact_tuples_inserted(c.oid) OPERATOR(pg_catalog.+)
    pg_catalog.pg_stat_get_xact_tuples_updated(c.oid) OPERATOR(pg_catalog.+)
    pg_catalog.pg_stat_get_xact_tuples_deleted(c.oid) OPERATOR(pg_catalog.>) 0`

/** Tables that this transaction has locked as only DROP, TRUNCATE and ALTER do. One that is gone has no name any more. */
const locks = `
UNION ALL
SELECT pg_catalog.json_build_array('lock', pg_catalog.concat_ws('.', n.nspname, c.relname))::pg_catalog.text
FROM pg_catalog.pg_locks l
LEFT JOIN pg_catalog.pg_class c ON c.oid OPERATOR(pg_catalog.=) l.relation
LEFT JOIN pg_catalog.pg_namespace n ON n.oid OPERATOR(pg_catalog.=) c.relnamespace
WHERE l.pid OPERATOR(pg_catalog.=) pg_catalog.pg_backend_pid() AND l.granted
  AND l.locktype OPERATOR(pg_catalog.=) 'relation' AND l.mode OPERATOR(pg_catalog.=) 'AccessExclusiveLock'
  AND l.relation OPERATOR(pg_catalog.>=) 16384
  AND (c.oid IS NULL OR c.relkind OPERATOR(pg_catalog.=) 'r' AND c.relpersistence OPERATOR(pg_catalog.<>) 't')`

const names = { rows: '__sallyport_measure', once: '__sallyport_measure_once' } as const

function run(name: string): Buffer {
  return Buffer.concat([encodeBind(name, name), encodeExecute(name), encodeClose('portal', name)])
}

function once(text: string): Buffer {
  const { once: name } = names
  return Buffer.concat([encodeParse(name, text), run(name), encodeClose('statement', name)])
}

/** A query of the door's own: its messages, and how many Close messages are among them. */
export interface OwnQuery {
  readonly messages: Buffer
  readonly closes: number
}

/**
 * The counting query. Planning it takes several times as long as running it, so the server keeps it prepared: made
 * with `prepare`, run again with `again`, and gone with `forget`.
 */
export const measureQuery: {
  readonly prepare: OwnQuery
  readonly again: OwnQuery
  /** With the locks; leaves nothing behind. */
  readonly withLocks: OwnQuery
  readonly forget: Buffer
} = {
  prepare: { messages: Buffer.concat([encodeParse(names.rows, counts), run(names.rows)]), closes: 1 },
  again: { messages: run(names.rows), closes: 1 },
  withLocks: { messages: once(counts + locks), closes: 2 },
  forget: Buffer.concat([encodeClose('statement', names.rows), encodeClose('statement', names.once)]),
}

/** Lets the session's earlier work be reported, so that it is not counted again. */
export const reportMessages = once('SELECT 1 FROM pg_catalog.pg_stat_force_next_flush()')

const count = z.int().nonnegative()
const row = z.union([
  z.tuple([z.literal('track_counts'), z.string()]),
  z.tuple([z.literal('rows'), z.string(), z.string(), count, count, count]),
  z.tuple([z.literal('lock'), z.string()]),
])

/** @throws Error for an answer that is not one to the counting query; nothing may become final on it. */
export function readMeasured(answer: readonly (string | null)[]): Measured {
  const tables: Measured['tables'][number][] = []
  const locked: string[] = []
  let counted = false
  for (const text of answer) {
    const read = row.parse(JSON.parse(text ?? 'null'))
    if (read[0] === 'track_counts') counted = read[1] === 'on'
    else if (read[0] === 'lock') locked.push(read[1])
    else
      tables.push({
        table: `${read[1].replaceAll('"', '')}.${read[2]}`,
        inserted: read[3],
        updated: read[4],
        deleted: read[5],
      })
  }
  if (counted) return { tables, locked }
  const unknownBecause = 'The server does not count rows (track_counts is off), so what this did cannot be measured.'
  return { tables, locked, unknownBecause }
}
