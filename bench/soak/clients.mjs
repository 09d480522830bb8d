import { connect as connectSocket } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import pg from 'pg'

// What clients do while the soak runs. Each function is one turn; it throws where the door answers what it must not.

/**
 * @typedef {{ host: string, port: number, user: string, password: string, database: string }} Address
 * @typedef {{ door: Address, direct: pg.Pool, chance: () => number, tally: Map<string, number> }} World
 */

/** Answers that end a statement by design: refused, rejected, expired, cancelled, ended by an administrator. */
const byDesign = new Set(['SP001', 'SP002', 'SP003', 'SP004', '57014', '57P01', '25P02'])

export const schema = `
  CREATE TABLE calm (id int PRIMARY KEY, note text);
  CREATE TABLE shaken (id int PRIMARY KEY, note text);
  CREATE TABLE lines (id int PRIMARY KEY, of int REFERENCES shaken ON DELETE CASCADE);
  INSERT INTO calm SELECT i, 'n' FROM generate_series(1, 100000) i;
  INSERT INTO shaken SELECT i, 'n' FROM generate_series(1, 2000) i;
  INSERT INTO lines SELECT i, 1 + i % 2000 FROM generate_series(1, 8000) i;
  CREATE SEQUENCE numbers START 1000000;
  ANALYZE`

/** @param {World} world @param {string} what */
function note({ tally }, what) {
  tally.set(what, (tally.get(what) ?? 0) + 1)
}

/** @param {World} world @param {string} application */
async function connect({ door }, application) {
  const client = new pg.Client({ ...door, application_name: application })
  client.on('error', () => undefined)
  await client.connect()
  return client
}

/** @param {Promise<unknown>} work @returns {Promise<string>} 'ok', the code of the refusal, or 'lost' */
async function ending(work) {
  try {
    await work
    return 'ok'
  } catch (error) {
    if (error instanceof pg.DatabaseError) {
      if (error.code !== undefined && byDesign.has(error.code)) return error.code
      throw error
    }
    if (error instanceof Error && /terminated|ECONNRESET|EPIPE|closed|not queryable/i.test(error.message)) return 'lost'
    throw error
  }
}

/** Ordinary work, of which the record and the server's statistics must agree to the row: nothing of it is ever undone. */
export async function ordinaryTurn(/** @type {World} */ world) {
  const client = await connect(world, 'soak-ordinary')
  const id = () => 1 + Math.floor(world.chance() * 90_000)
  try {
    for (let i = 0; i < 20; i++) {
      await client.query({ name: 'change', text: 'UPDATE calm SET note = $2 WHERE id = $1', values: [id(), `n${i}`] })
      await client.query("INSERT INTO calm VALUES (nextval('numbers'), 'new')")
      await client.query('BEGIN')
      await client.query("INSERT INTO calm VALUES (nextval('numbers'), 'new')")
      await client
        .query('DELETE FROM calm WHERE id = (SELECT max(id) FROM calm WHERE id > 1000000)')
        .catch(() => undefined)
      const { rows } = await client.query('SELECT count(*)::int AS n FROM calm WHERE id < 100')
      if (rows[0]?.n !== 99) throw new Error(`a read gave ${JSON.stringify(rows)}`)
      await client.query('COMMIT')
    }
    note(world, 'ordinary turns')
  } finally {
    await client.end()
  }
}

/** A statement that is held before it runs; reviewers approve it, reject it, or leave it, and some clients give up. */
export async function heldTurn(/** @type {World} */ world) {
  const client = await connect(world, 'soak-held')
  const ids = Array.from({ length: 150 }, (_, i) => i + 1).join(', ')
  const patience = world.chance()
  // Who gives up may do so while it runs; then nobody knows whether it was committed.
  const table = patience < 0.3 ? 'shaken' : 'calm'
  const running = ending(client.query(`UPDATE ${table} SET note = 'held' WHERE id IN (${ids})`))
  if (patience < 0.3) {
    await delay(100 + 400 * world.chance())
    if (patience < 0.15) await cancel(world, client)
    else destroy(client)
  }
  note(world, `held: ${await running}`)
  await client.end().catch(() => undefined)
}

/** More than the text says: measured, taken back and held; in a transaction, refused at COMMIT. */
export async function cascadeTurn(/** @type {World} */ world) {
  const client = await connect(world, 'soak-cascade')
  const from = 1 + Math.floor(world.chance() * 1900)
  const sql = `DELETE FROM shaken WHERE id BETWEEN ${from} AND ${from + 60}`
  if (world.chance() < 0.5) note(world, `cascade: ${await ending(client.query(sql))}`)
  else {
    await client.query('BEGIN')
    const ended = [await ending(client.query(sql)), await ending(client.query('COMMIT'))]
    note(world, `transaction: ${ended.join(', ')}`)
    await ending(client.query('ROLLBACK'))
  }
  await client.end().catch(() => undefined)
}

/** Clients that are killed, cancelled, or lose the server, in the middle of what they do. */
export async function shakenTurn(/** @type {World} */ world) {
  const client = await connect(world, 'soak-shaken')
  const id = 1 + Math.floor(world.chance() * 2000)
  const explicit = world.chance() < 0.5
  if (explicit) await ending(client.query('BEGIN'))
  await ending(client.query('UPDATE shaken SET note = $2 WHERE id = $1', [id, 'x']))
  const running = ending(client.query(`UPDATE shaken SET note = 'y' WHERE id = ${id} AND pg_sleep(2) IS NOT NULL`))
  await delay(50 + 150 * world.chance())
  const way = world.chance()
  if (way < 0.4) destroy(client)
  else if (way < 0.7) await cancel(world, client)
  else
    await world.direct.query(
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'soak-shaken'`,
    )
  note(world, `${way < 0.4 ? 'killed' : way < 0.7 ? 'cancelled' : 'server lost'}: ${await running}`)
  if (explicit) await ending(client.query('COMMIT'))
  await client.end().catch(() => undefined)
}

/** @param {pg.Client} client the socket goes, without a word */
function destroy(client) {
  Reflect.get(client, 'connection').stream.destroy()
}

/** Ctrl-C, as libpq sends it. @param {World} world @param {pg.Client} client */
async function cancel({ door }, client) {
  const request = Buffer.alloc(16)
  for (const [i, value] of [16, 80877102, Reflect.get(client, 'processID'), Reflect.get(client, 'secretKey')].entries())
    request.writeInt32BE(value, 4 * i)
  const socket = connectSocket(door.port, door.host)
  socket.on('error', () => undefined)
  socket.end(request)
  await new Promise((resolve) => socket.once('close', resolve))
}

/** tpcb-like, for machines without pgbench. @param {World} world */
export async function tpcbTurn(world) {
  const client = await connect(world, 'soak-tpcb')
  const { chance } = world
  try {
    for (let i = 0; i < 50; i++) {
      const [aid, delta] = [1 + Math.floor(chance() * 100_000), Math.floor(chance() * 10_000) - 5_000]
      await client.query('BEGIN')
      await client.query('UPDATE pgbench_accounts SET abalance = abalance + $1 WHERE aid = $2', [delta, aid])
      await client.query('SELECT abalance FROM pgbench_accounts WHERE aid = $1', [aid])
      await client.query('INSERT INTO pgbench_history (tid, bid, aid, delta, mtime) VALUES (1, 1, $1, $2, now())', [
        aid,
        delta,
      ])
      await client.query('COMMIT')
    }
    note(world, 'tpcb turns')
  } finally {
    await client.end()
  }
}

export const tpcbSchema = `
  CREATE TABLE pgbench_accounts (aid int PRIMARY KEY, bid int, abalance int, filler char(84));
  CREATE TABLE pgbench_history (tid int, bid int, aid int, delta int, mtime timestamp, filler char(22));
  INSERT INTO pgbench_accounts SELECT i, 1, 0, '' FROM generate_series(1, 100000) i;
  ANALYZE`
