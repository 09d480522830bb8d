import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import pg from 'pg'
import { z } from 'zod'
import { compileRules, type Judge, type Window } from '../../src/rules/index.ts'
import type { TestPostgres } from './postgres.ts'

const file = (name: string) => readFileSync(fileURLToPath(new URL(`../corpus/${name}`, import.meta.url)), 'utf8')

/** One statement with the decision wanted of the shipped rules on production, and what it does where it runs. */
export const corpusStatement = z.object({
  id: z.string(),
  class: z.string(),
  expect: z.enum(['allow', 'flag', 'hold', 'block']),
  sql: z.string(),
  why: z.string(),
  /** Rows before and after by table (null: the table is gone); `_updated`: rows changed in place. */
  effect: z.record(z.string(), z.union([z.number(), z.tuple([z.number(), z.number().nullable()])])).optional(),
})
export type CorpusStatement = z.infer<typeof corpusStatement>

export function readCorpus(name: string): CorpusStatement[] {
  return z.array(corpusStatement).parse(JSON.parse(file(name)))
}

/** The rules as shipped. */
/** The shipped rules, with the windows that they count in. */
export function shippedRules(): { judge: Judge; windows: readonly Window[] } {
  const path = fileURLToPath(new URL('../../rules/postgres.yaml', import.meta.url))
  const compiled = compileRules([{ file: 'rules/postgres.yaml', text: readFileSync(path, 'utf8') }])
  if (!compiled.ok) throw new Error(compiled.diagnostics.map(({ message }) => message).join('; '))
  return compiled
}

/**
 * A database filled from SQL text that belongs to an ordinary role: who signs in owns the tables, but is no superuser
 * and cannot make roles. It can be put back as it was.
 */
export class CorpusDatabase {
  readonly user = 'app'
  readonly password = 'app'
  readonly name: string
  readonly #postgres: TestPostgres
  #direct: pg.Client | undefined

  private constructor(postgres: TestPostgres, name: string) {
    this.#postgres = postgres
    this.name = name
  }

  static async create(
    postgres: TestPostgres,
    schema: string,
    { name = 'corpus', analysed = false }: { name?: string; analysed?: boolean } = {},
  ): Promise<CorpusDatabase> {
    const database = new CorpusDatabase(postgres, name)
    const text = file(schema)
    await database.#asSuperuser(async (client) => {
      const known = await client.query("SELECT FROM pg_roles WHERE rolname = 'app'")
      if (known.rowCount === 0) await client.query("CREATE ROLE app LOGIN PASSWORD 'app'")
      for (const statement of text.match(/CREATE ROLE [^;]*;/g) ?? []) await client.query(statement)
      await client.query(`CREATE DATABASE ${name}_template OWNER app`)
    })
    const owner = new pg.Client({ connectionString: postgres.url('app', 'app', `${name}_template`) })
    await owner.connect()
    await owner.query(text.replaceAll(/CREATE ROLE [^;]*;/g, ''))
    if (analysed) await owner.query('ANALYZE')
    await owner.end()
    await database.reset()
    return database
  }

  /** A connection of the superuser's own, past the door. */
  get direct(): pg.Client {
    if (this.#direct === undefined) throw new Error('the database is not there')
    return this.#direct
  }

  /** Puts everything back as it was, roles excepted. */
  async reset(): Promise<void> {
    await this.#direct?.end()
    await this.#asSuperuser(async (client) => {
      await client.query(`DROP DATABASE IF EXISTS ${this.name} WITH (FORCE)`)
      await client.query(`CREATE DATABASE ${this.name} TEMPLATE ${this.name}_template OWNER app`)
    })
    const { superuser, password } = this.#postgres
    this.#direct = new pg.Client({ connectionString: this.#postgres.url(superuser, password, this.name) })
    this.#direct.on('error', () => undefined)
    await this.#direct.connect()
  }

  async close(): Promise<void> {
    await this.#direct?.end()
  }

  /** Rows of a table; null where there is no such table. */
  async count(table: string): Promise<number | null> {
    const { rows } = await this.direct.query<{ there: boolean }>('SELECT to_regclass($1) IS NOT NULL AS there', [table])
    if (rows[0]?.there !== true) return null
    const counted = await this.direct.query<{ n: number }>(`SELECT count(*)::int AS n FROM ${table}`)
    return counted.rows[0]?.n ?? null
  }

  /** Every row of every table, and what the catalog says of structure, code, rights and roles: changed means changed. */
  async fingerprint(): Promise<string> {
    const tables = await this.direct.query<{ name: string }>(
      `SELECT oid::regclass::text AS name FROM pg_class
       WHERE relkind IN ('r', 'm') AND relpersistence <> 't' AND relnamespace::regnamespace::text !~ '^pg_(catalog|toast)|^information_schema'
       ORDER BY 1`,
    )
    const contents = tables.rows.map(
      ({ name }) => `SELECT '${name.replaceAll("'", "''")}' AS what,
        count(*) || ' ' || md5(coalesce(string_agg(t::text, '|' ORDER BY t::text), '')) AS is FROM ${name} t`,
    )
    const { rows } = await this.direct.query<{ what: string; is: string }>([...contents, structure].join(' UNION ALL '))
    return rows
      .map(({ what, is }) => `${what}: ${is}`)
      .sort()
      .join('\n')
  }

  async #asSuperuser(work: (client: pg.Client) => Promise<void>): Promise<void> {
    const client = new pg.Client({ connectionString: this.#postgres.superuserUrl })
    await client.connect()
    try {
      await work(client)
    } finally {
      await client.end()
    }
  }
}

const catalogs: readonly (readonly [string, string])[] = [
  [
    'pg_class',
    "relname, relkind, relowner, relpersistence, relrowsecurity, relforcerowsecurity, relreplident, relacl WHERE relnamespace::regnamespace::text <> 'pg_toast'",
  ],
  ['pg_attribute', 'attrelid, attname, atttypid, attnotnull, attisdropped WHERE attrelid >= 16384'],
  ['pg_attrdef', 'adrelid, adnum, pg_get_expr(adbin, adrelid)'],
  ['pg_constraint', 'conname, conrelid, contype, convalidated'],
  ['pg_proc', 'proname, pronamespace, proowner, prosrc, prosecdef, proconfig, proacl'],
  ['pg_trigger', 'tgrelid, tgname, tgenabled'],
  ['pg_rewrite', 'ev_class, rulename, ev_enabled'],
  ['pg_policy', 'polrelid, polname'],
  ['pg_publication', 'pubname'],
  ['pg_namespace', 'nspname, nspowner, nspacl'],
  ['pg_foreign_server', 'srvname'],
  ['pg_extension', 'extname'],
  ['pg_default_acl', 'oid'],
  ['pg_authid', 'rolname, rolsuper, rolcanlogin, rolbypassrls, rolcreaterole, rolreplication, rolpassword'],
  ['pg_auth_members', 'roleid, member'],
  ['pg_db_role_setting', 'setdatabase, setrole, setconfig'],
  ['pg_database', 'datname, datallowconn'],
  ['pg_prepared_xacts', 'gid'],
]

const structure = catalogs
  .map(([catalog, what]) => {
    const [columns = '', where = 'true'] = what.split(' WHERE ')
    const row = `ROW(${columns})::text`
    return `SELECT '${catalog}', md5(coalesce(string_agg(${row}, '|' ORDER BY ${row}), '')) FROM ${catalog} WHERE ${where}`
  })
  .join(' UNION ALL ')
