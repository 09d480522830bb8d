import pg from 'pg'
import type { RunningCluster } from './cluster.ts'
import { shopData } from './shop-data.ts'
import { shopFunctions, shopSchema } from './shop-schema.ts'

/** The demo's database. */
export const shopDatabase = 'shop'

/**
 * The demo's database users. Their passwords are no secret: they are the same on every machine, stand in the README,
 * and open a made-up shop on 127.0.0.1. All three may do everything with the shop's tables, as it is in many real
 * places: that is what the guard in front is for.
 */
export const shopUsers = [
  { name: 'shop', password: 'shop-demo', about: 'the shop application; owns the tables' },
  { name: 'alice', password: 'alice-demo', about: 'an engineer with the rights of the application' },
  { name: 'agent', password: 'agent-demo', about: 'a coding agent with the rights of the application' },
] as const

const owner = shopUsers[0].name

/**
 * Makes the users and the shop where they are missing; a shop that is there stays as it is, whatever was done to it.
 * The shop is built under another name and renamed when it is whole, so a start cut short leaves no half of one.
 * Returns whether the shop was made now.
 */
export async function ensureShop(
  server: Pick<RunningCluster, 'superuser' | 'password' | 'url'>,
  log: (line: string) => void = () => {},
): Promise<boolean> {
  const superuserUrl = (database: string) => server.url(server.superuser, server.password, database)
  return withClient(superuserUrl('postgres'), async (admin) => {
    await ensureUsers(admin)
    const { rowCount } = await admin.query('SELECT FROM pg_database WHERE datname = $1', [shopDatabase])
    if (rowCount) return false
    log('filling the shop database')
    const staging = `${shopDatabase}_in_the_making`
    await admin.query(`DROP DATABASE IF EXISTS ${staging}`)
    await admin.query(`CREATE DATABASE ${staging} OWNER ${owner}`)
    await withClient(superuserUrl(staging), fillShop)
    await admin.query(`ALTER DATABASE ${staging} RENAME TO ${shopDatabase}`)
    return true
  })
}

async function ensureUsers(admin: pg.Client): Promise<void> {
  for (const { name, password } of shopUsers) {
    const { rowCount } = await admin.query('SELECT FROM pg_roles WHERE rolname = $1', [name])
    if (!rowCount) await admin.query(`CREATE ROLE ${name} LOGIN PASSWORD ${admin.escapeLiteral(password)}`)
    if (name !== owner) await admin.query(`GRANT ${owner} TO ${name}`)
  }
}

async function fillShop(client: pg.Client): Promise<void> {
  await client.query(`SET ROLE ${owner}`)
  // Sent as one query each, and therefore one transaction each.
  await client.query(shopSchema)
  await client.query(shopData)
  await client.query(shopFunctions)
  // The planner's estimates are what the guard sees before a statement runs: they should be right from the start.
  await client.query('VACUUM (ANALYZE)')
}

async function withClient<T>(connectionString: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString })
  // A connection lost between two queries: the next query says so, and no unhandled event ends the process.
  client.on('error', () => {})
  await client.connect()
  try {
    return await work(client)
  } finally {
    await client.end()
  }
}
