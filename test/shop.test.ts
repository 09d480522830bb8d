import pg from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ensureShop, shopDatabase, shopUsers } from '../src/demo/index.ts'
import { availablePostgres, startTestPostgres, type TestPostgres } from './support/postgres.ts'

describe.each(availablePostgres())('the demo shop on $name', (kind) => {
  let server: TestPostgres
  const open: pg.Client[] = []

  beforeAll(async () => {
    server = await startTestPostgres(kind)
    expect(await ensureShop(server)).toBe(true)
  })

  afterAll(async () => {
    for (const client of open) await client.end()
    await server.stop()
  })

  async function as(name: string): Promise<pg.Client> {
    const user = shopUsers.find((candidate) => candidate.name === name)
    const client = new pg.Client({ connectionString: server.url(name, user?.password ?? '', shopDatabase) })
    await client.connect()
    open.push(client)
    return client
  }

  it('has about as many rows as a small shop', async () => {
    const shop = await as('shop')
    const { rows } = await shop.query(`
      SELECT (SELECT count(*)::int FROM customers) AS customers, (SELECT count(*)::int FROM addresses) AS addresses,
             (SELECT count(*)::int FROM products) AS products, (SELECT count(*)::int FROM orders) AS orders,
             (SELECT count(*)::int FROM order_items) AS items, (SELECT count(*)::int FROM payments) AS payments,
             (SELECT count(*)::int FROM audit_log) AS log`)
    expect(rows[0]).toMatchObject({ customers: 2000, products: 120, orders: 6000 })
    expect(rows[0].items).toBeGreaterThan(14_000)
    expect(rows[0].items).toBeLessThan(16_000)
    expect(rows[0].payments).toBeGreaterThan(5_500)
    expect(rows[0].payments).toBeLessThan(6_500)
    expect(rows[0].addresses).toBeGreaterThan(2_400)
    expect(rows[0].log).toBeGreaterThan(6_000)
  })

  it('is a shop one can believe: sums add up, nobody orders before joining, all stages are there', async () => {
    const shop = await as('shop')
    const { rows } = await shop.query(`
      SELECT (SELECT count(*)::int FROM orders o WHERE total_cents NOT IN (
                SELECT sum(quantity * unit_price_cents) + extra FROM order_items i, (VALUES (0), (490)) AS s (extra)
                WHERE i.order_id = o.id GROUP BY extra)) AS wrong_sums,
             (SELECT count(*)::int FROM orders o JOIN customers c ON c.id = o.customer_id
              WHERE o.placed_at < c.created_at) AS too_early,
             (SELECT count(*)::int FROM orders WHERE address_id IS NULL) AS nowhere,
             (SELECT count(*)::int FROM orders WHERE placed_at > now()) AS in_the_future,
             (SELECT count(*)::int FROM customers WHERE email !~ '^[^@ ]+@example[.](com|net|org)$') AS odd_mail,
             (SELECT count(*)::int FROM customers WHERE full_name ~ '\\n|  ') AS odd_names,
             (SELECT count(DISTINCT status)::int FROM orders) AS stages`)
    expect(rows[0]).toEqual({
      wrong_sums: 0,
      too_early: 0,
      nowhere: 0,
      in_the_future: 0,
      odd_mail: 0,
      odd_names: 0,
      stages: 7,
    })
  })

  it('gives the planner fresh statistics, so that its estimates are near the truth', async () => {
    const alice = await as('alice')
    for (const [sql, rows] of [
      ['SELECT * FROM orders', 6000],
      ['SELECT * FROM customers WHERE id < 501', 500],
    ] as const) {
      const plan = await alice.query(`EXPLAIN (FORMAT JSON) ${sql}`)
      const estimate = plan.rows[0]['QUERY PLAN'][0].Plan['Plan Rows']
      expect(estimate).toBeGreaterThan(rows * 0.9)
      expect(estimate).toBeLessThan(rows * 1.1)
    }
  })

  it('lets alice and the agent do all the harm the application could', async () => {
    for (const name of ['alice', 'agent']) {
      const client = await as(name)
      await client.query('BEGIN')
      const items = await client.query('SELECT count(*)::int AS n FROM order_items')
      const gone = await client.query('DELETE FROM customers WHERE id <= 100')
      const left = await client.query('SELECT count(*)::int AS n FROM order_items')
      expect(gone.rowCount).toBe(100)
      expect(items.rows[0].n - left.rows[0].n).toBeGreaterThan(1000)
      await client.query('DROP TABLE payments')
      await client.query('ROLLBACK')
    }
  })

  it('goes on numbering where the made-up rows end', async () => {
    const shop = await as('shop')
    await shop.query('BEGIN')
    const made = await shop.query('INSERT INTO orders (customer_id) VALUES (1) RETURNING id::int')
    expect(made.rows[0].id).toBe(6001)
    await shop.query(`INSERT INTO payments (order_id, method, status, amount_cents, reference)
                      VALUES (6001, 'card', 'captured', 100, 'PAY-new')`)
    await shop.query('ROLLBACK')
  })

  it('is left alone when it is there already, changed or not', async () => {
    const alice = await as('alice')
    await alice.query('DELETE FROM audit_log')
    expect(await ensureShop(server)).toBe(false)
    const { rows } = await alice.query('SELECT count(*)::int AS n FROM audit_log')
    expect(rows[0].n).toBe(0)
  })
})
