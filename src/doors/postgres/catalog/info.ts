import { z } from 'zod'
import type { Routine } from '../grammar/index.ts'

/** Lists that are empty come as null. */
const many = <T extends z.ZodType>(item: T) =>
  z
    .array(item)
    .nullable()
    .transform((items) => items ?? [])

const cascade = z.object({
  child: z.number(),
  parent: z.number(),
  table: z.string(),
  parentTable: z.string(),
  /** As the server last counted; negative: never. */
  rows: z.number(),
  parentRows: z.number(),
  /** Live rows by the server's running statistics; 0 where it has none. */
  live: z.number(),
  /** a no action, r restrict, c cascade, n set null, d set default (pg_constraint.confdeltype). */
  onDelete: z.string(),
  onUpdate: z.string(),
  columns: many(z.string()),
  keys: many(z.string()),
})
/** A foreign key, from the table that is referred to. */
export type Cascade = z.infer<typeof cascade>

const asked = { s: z.string().nullable(), n: z.string().nullable() }

const relation = z.object({
  ...asked,
  i: z.number().or(z.string()).nullable(),
  oid: z.number(),
  schema: z.string(),
  name: z.string(),
  /** r table, p partitioned table, v view, m materialized view, f foreign table (pg_class.relkind). */
  kind: z.string(),
  /** p permanent, u unlogged, t temporary. */
  persistence: z.string(),
  rows: z.number(),
  /** Live rows by the server's running statistics; 0 where it has none. */
  live: z.number(),
  columns: many(z.string()),
  /** Columns of each unique key. */
  keys: many(many(z.string())),
  /** pg_trigger.tgtype and the function. */
  triggers: many(z.object({ type: z.number(), function: z.number() })),
  /** Rewrite rules: event 2 update, 3 insert, 4 delete. */
  rules: many(z.object({ event: z.string(), instead: z.boolean(), definition: z.string() })),
  /** Partitions and children that have triggers of their own. */
  partitions: many(z.number()),
  /** Functions (1255, operators' included) and relations (1259) that using it brings in: `a` always, `w` on writing. */
  code: many(z.object({ use: z.string(), class: z.number(), oid: z.number() })),
  /** Foreign keys that refer to it, and to what refers to it. */
  cascades: many(cascade),
})
export type RelationInfo = z.infer<typeof relation>

const routine = z.object({
  ...asked,
  i: z.number().nullable(),
  oid: z.number(),
  schema: z.string(),
  name: z.string(),
  language: z.string(),
  /** i immutable, s stable, v volatile. */
  volatility: z.string(),
  settings: z.array(z.string()).nullable(),
  /** f function, p procedure, a aggregate, w window function. */
  kind: z.string(),
  extension: z.string().nullable(),
  parameters: z.string().nullable(),
  returns: z.string().nullable(),
  body: z.string().nullable(),
  /** Functions in the defaults of its parameters, and in a body in SQL-standard form. */
  uses: many(z.number()),
  /** Functions an aggregate is made of. */
  parts: z.array(z.number()).nullable(),
})
export type RoutineInfo = z.infer<typeof routine>

const behind = z.object({ ...asked, functions: many(z.number()) })

export const answerSchema = z.object({
  path: z.array(z.string()),
  relations: many(relation),
  functions: many(routine),
  operators: many(behind),
  types: many(behind),
})

export type Answer = z.infer<typeof answerSchema>

/** The code of a routine, where it is written in a language that can be read. */
export function routineOf({ language, body, parameters, returns }: RoutineInfo): Routine | undefined {
  if (body === null || (language !== 'sql' && language !== 'plpgsql')) return undefined
  return {
    language,
    body,
    ...(parameters === null ? {} : { parameters }),
    ...(returns === null ? {} : { returns }),
  }
}

export const pulseSchema = z.object({ path: z.array(z.string()), mark: z.string() })
