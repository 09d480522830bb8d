/** One thing that somebody does on an ordinary day. */
export interface OrdinaryAction {
  /** Milliseconds since the week began, on Monday at midnight. */
  readonly at: number
  /** Who: the shop's web application, its background workers, an engineer on call, the deployment. */
  readonly by: 'web' | 'worker' | 'oncall' | 'deploy'
  /** What kind of work it is part of. */
  readonly work: string
  readonly sql: string
  readonly values?: readonly unknown[]
}

const minute = 60_000
const hour = 60 * minute
const day = 24 * hour

/**
 * An ordinary week at a shop, in the order of time: what its application, workers, deployments and engineers send.
 * Nothing in it is dangerous, so whatever a rule holds of it is a false alarm (or routine that somebody wanted held).
 * @param random numbers from 0 up to 1; the same numbers give the same week
 * @param actions about how many
 */
export function weekOfTraffic(random: () => number, actions: number): OrdinaryAction[] {
  const week = new Week(random)
  for (let d = 0; d < 7; d++) {
    week.night(d)
    if (d < 5) week.office(d)
    if (d === 1 || d === 3) week.deployment(d)
  }
  while (week.size < actions) week.visit()
  return week.inOrder()
}

class Week {
  readonly #random: () => number
  readonly #actions: OrdinaryAction[] = []
  #serial = 0

  constructor(random: () => number) {
    this.#random = random
  }

  get size(): number {
    return this.#actions.length
  }

  inOrder(): OrdinaryAction[] {
    return this.#actions.sort((a, b) => a.at - b.at)
  }

  #add(
    by: OrdinaryAction['by'],
    work: string,
    at: number,
    ...statements: readonly (string | readonly [string, ...unknown[]])[]
  ) {
    for (const [i, statement] of statements.entries()) {
      const [sql, ...values] = typeof statement === 'string' ? [statement] : statement
      this.#actions.push({ at: at + i, by, work, sql, ...(values.length > 0 ? { values } : {}) })
    }
  }

  #upTo(n: number): number {
    return Math.floor(this.#random() * n)
  }

  #oneOf<T>(choices: readonly [T, ...T[]]): T {
    return choices[this.#upTo(choices.length)] ?? choices[0]
  }

  /** Visitors come mostly in the day and in the evening. */
  #momentOfVisit(): number {
    const ofDay = (7 + 16 * Math.sqrt(this.#random())) * hour
    return this.#upTo(7) * day + Math.min(ofDay, day - 1)
  }

  /** What one visitor, or one run of a worker, does. */
  visit(): void {
    const at = this.#momentOfVisit()
    const customer = 1 + this.#upTo(2000)
    const product = 1 + this.#upTo(120)
    const order = 1 + this.#upTo(6000)
    const kind = this.#random()
    if (kind < 0.4) {
      this.#add(
        'web',
        'browsing',
        at,
        [
          'SELECT s.*, c.tier FROM sessions s JOIN customers c ON c.id = s.customer_id WHERE s.token = $1',
          `t${customer}`,
        ],
        [
          'SELECT "products"."id", "products"."name", "products"."price_cents" FROM "products" WHERE "products"."category" = $1 AND "products"."active" = $2 ORDER BY "products"."name" ASC LIMIT 24 OFFSET $3',
          'garden',
          true,
          24 * this.#upTo(4),
        ],
        ['SELECT count(*) FROM "products" WHERE "products"."category" = $1', 'garden'],
        ['SELECT *, price_with_tax(price_cents) AS gross FROM products WHERE id = $1', product],
        ['SELECT p.* FROM best_sellers b JOIN products p ON p.id = b.product_id ORDER BY b.sold DESC LIMIT $1', 10],
        `INSERT INTO events (at, customer_id, kind) VALUES (now(), ${customer}, 'view')`,
      )
    } else if (kind < 0.55) {
      this.#add(
        'web',
        'cart',
        at,
        [
          'INSERT INTO carts (customer_id, product_id, quantity) VALUES ($1, $2, $3) ON CONFLICT (customer_id, product_id) DO UPDATE SET quantity = carts.quantity + excluded.quantity, updated_at = now()',
          customer,
          product,
          1,
        ],
        [
          'SELECT c.product_id, c.quantity, p.name, p.price_cents FROM carts c JOIN products p ON p.id = c.product_id WHERE c.customer_id = $1',
          customer,
        ],
        ['DELETE FROM carts WHERE customer_id = $1 AND product_id = $2', customer, product],
      )
    } else if (kind < 0.65) {
      this.#add(
        'web',
        'order',
        at,
        'BEGIN',
        ['SELECT id, stock FROM products WHERE id = ANY($1::bigint[]) FOR UPDATE', `{${product}}`],
        [
          'INSERT INTO orders (customer_id, status, total_cents) VALUES ($1, $2, $3) RETURNING id',
          customer,
          'placed',
          1999,
        ],
        [
          'INSERT INTO order_items (order_id, line, product_id, quantity, unit_price_cents) SELECT max(id), 1, $2::bigint, 1, 1999 FROM orders WHERE customer_id = $1',
          customer,
          product,
        ],
        ['UPDATE products SET stock = greatest(stock - 1, 0) WHERE id = $1', product],
        ['DELETE FROM carts WHERE customer_id = $1', customer],
        'COMMIT',
        ['SELECT open_orders($1)', customer],
      )
    } else if (kind < 0.73) {
      this.#add(
        'web',
        'account',
        at,
        ['SELECT * FROM customers WHERE email = $1', `nobody${customer}@example.com`],
        ['UPDATE "customers" SET "last_login" = now() WHERE "customers"."id" = $1', customer],
        [
          "INSERT INTO sessions (customer_id, token, expires_at) VALUES ($1, $2, now() + interval '14 days')",
          customer,
          `w${++this.#serial}-${at}`,
        ],
        ['SELECT * FROM orders WHERE customer_id = $1 ORDER BY placed_at DESC LIMIT 20', customer],
        ['SELECT a.* FROM addresses a WHERE a.customer_id = $1', customer],
        [
          'UPDATE customers SET phone = $2, newsletter = $3 WHERE id = $1',
          customer,
          '+49 30 5550 1234',
          this.#random() < 0.5,
        ],
        ['DELETE FROM sessions WHERE customer_id = $1 AND expires_at < now()', customer],
      )
    } else if (kind < 0.83) {
      this.#add(
        'worker',
        'queue',
        at,
        'BEGIN',
        "SELECT id, kind, payload FROM jobs WHERE state = 'waiting' AND run_at <= now() ORDER BY run_at LIMIT 1 FOR UPDATE SKIP LOCKED",
        ["UPDATE jobs SET state = 'done', attempts = attempts + 1 WHERE id = $1", 1 + this.#upTo(500)],
        'COMMIT',
        ["INSERT INTO jobs (kind, payload) VALUES ('mail', $1)", JSON.stringify({ order })],
      )
    } else if (kind < 0.9) {
      this.#add(
        'worker',
        'fulfilment',
        at,
        ['SELECT id, customer_id, status FROM orders WHERE status IN ($1, $2) ORDER BY id LIMIT 100', 'paid', 'packed'],
        ['UPDATE orders SET status = $2 WHERE id = $1', order, this.#oneOf(['paid', 'packed', 'shipped', 'delivered'])],
        ['UPDATE payments SET status = $2 WHERE order_id = $1', order, 'captured'],
        [
          'SELECT o.id, i.line, p.sku FROM orders o JOIN order_items i ON i.order_id = o.id JOIN products p ON p.id = i.product_id WHERE o.id = $1',
          order,
        ],
      )
    } else {
      this.#add(
        'web',
        'back office',
        at,
        [
          'SELECT c.id, c.full_name, c.email, count(o.id) AS orders FROM customers c LEFT JOIN orders o ON o.customer_id = c.id WHERE c.full_name ILIKE $1 GROUP BY c.id ORDER BY c.full_name LIMIT 50',
          '%an%',
        ],
        ['SELECT * FROM audit_log WHERE entity = $1 AND entity_id = $2 ORDER BY at DESC LIMIT 20', 'order', order],
        [
          'UPDATE products SET price_cents = $2 WHERE sku = (SELECT sku FROM products WHERE id = $1)',
          product,
          999 + this.#upTo(900),
        ],
        'SELECT status, count(*) FROM orders GROUP BY status',
        ['SELECT EXISTS (SELECT 1 FROM orders WHERE customer_id = $1 AND status = $2)', customer, 'returned'],
      )
    }
  }

  /** Batches that run while nobody looks: retention, exports of figures, upkeep. */
  night(d: number): void {
    const at = d * day + 2 * hour
    for (let i = 0; i < 6; i++)
      this.#add(
        'worker',
        'retention',
        at + i * minute,
        "DELETE FROM sessions WHERE id IN (SELECT id FROM sessions WHERE expires_at < now() - interval '1 day' ORDER BY expires_at LIMIT 100)",
      )
    for (let i = 0; i < 6; i++)
      this.#add(
        'worker',
        'retention',
        at + 20 * minute + i * minute,
        "WITH old AS (SELECT id FROM jobs WHERE state = 'done' AND run_at < now() - interval '14 days' LIMIT 100) DELETE FROM jobs USING old WHERE jobs.id = old.id",
      )
    this.#add('worker', 'retention', at + 30 * minute, [
      'DELETE FROM carts WHERE updated_at < now() - $1::interval',
      '90 days',
    ])
    if (d === 0) this.#add('worker', 'retention', at + 35 * minute, 'TRUNCATE events_2024_01')
    for (let after = 0; after < 2000; after += 250)
      this.#add('worker', 'newsletter', at + 60 * minute + after, [
        'SELECT id, email, full_name FROM customers WHERE newsletter AND id > $1 ORDER BY id LIMIT 250',
        after,
      ])
    this.#add(
      'worker',
      'upkeep',
      at + 90 * minute,
      'REFRESH MATERIALIZED VIEW CONCURRENTLY best_sellers',
      'VACUUM (ANALYZE) jobs',
      'ANALYZE sessions',
    )
    this.#add(
      'worker',
      'figures',
      at + 2 * hour,
      'SELECT * FROM revenue_by_month ORDER BY month',
      "SELECT date_trunc('day', placed_at) AS d, count(*), sum(total_cents) FROM orders GROUP BY 1 ORDER BY 1",
      'SELECT p.category, sum(i.quantity * i.unit_price_cents) FROM order_items i JOIN products p ON p.id = i.product_id GROUP BY 1',
      'SELECT tier, count(*) FROM customers GROUP BY tier',
      "INSERT INTO events (at, kind) SELECT now(), 'figure' FROM generate_series(1, 50)",
    )
  }

  /** Somebody looks into a complaint. */
  office(d: number): void {
    for (let i = 0; i < 12; i++) {
      const at = d * day + (9 + i * 0.7) * hour + this.#upTo(20) * minute
      const order = 1 + this.#upTo(6000)
      this.#add(
        'oncall',
        'debugging',
        at,
        "SELECT c.relname, c.relkind FROM pg_catalog.pg_class c LEFT JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind IN ('r','p','v','m') AND n.nspname !~ '^pg_toast' AND pg_catalog.pg_table_is_visible(c.oid) ORDER BY 1",
        `SELECT * FROM orders WHERE id = ${order}`,
        `SELECT * FROM orders o JOIN payments p ON p.order_id = o.id WHERE o.id = ${order}`,
        `EXPLAIN SELECT * FROM orders WHERE placed_at > now() - interval '1 hour'`,
        `EXPLAIN (ANALYZE, BUFFERS) SELECT count(*) FROM orders WHERE status = 'paid'`,
        "SELECT pid, state, query FROM pg_stat_activity WHERE state <> 'idle' ORDER BY query_start LIMIT 20",
        'SELECT * FROM customers ORDER BY created_at DESC LIMIT 100',
        "SELECT * FROM customers WHERE full_name ILIKE '%zimmer%' LIMIT 50",
        'SELECT count(*) FROM sessions',
        "SET statement_timeout = '30s'",
        'SHOW search_path',
      )
      const act = i % 4
      if (act === 0)
        this.#add(
          'oncall',
          'repair',
          at + minute,
          'BEGIN',
          `UPDATE orders SET status = 'paid' WHERE id = ${order}`,
          'COMMIT',
        )
      if (act === 1)
        this.#add(
          'oncall',
          'repair',
          at + minute,
          `BEGIN; UPDATE payments SET status = 'refunded' WHERE order_id = ${order}; UPDATE orders SET status = 'returned' WHERE id = ${order}; COMMIT`,
        )
      if (act === 2)
        this.#add(
          'oncall',
          'analysis',
          at + minute,
          `CREATE TEMP TABLE odd_${d}_${i} AS SELECT id, total_cents FROM orders WHERE total_cents = 0`,
          `SELECT count(*) FROM odd_${d}_${i}`,
          `DROP TABLE odd_${d}_${i}`,
        )
      if (act === 3)
        this.#add(
          'oncall',
          'repair',
          at + minute,
          `DELETE FROM carts WHERE customer_id = ${1 + this.#upTo(2000)}`,
          'SELECT pg_cancel_backend(0)',
        )
    }
  }

  /** A release with its migration, in the way it is done where people have been bitten before. */
  deployment(d: number): void {
    const at = d * day + 14 * hour
    const n = `v${d}`
    this.#add(
      'deploy',
      'migration',
      at,
      'SELECT pg_advisory_lock(724623)',
      `CREATE TABLE IF NOT EXISTS coupons_${n} (id bigint GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY, code text NOT NULL)`,
      'BEGIN',
      "SET LOCAL lock_timeout = '3s'",
      `ALTER TABLE orders ADD COLUMN coupon_${n} bigint`,
      `ALTER TABLE orders ADD COLUMN channel_${n} text DEFAULT 'web'`,
      'COMMIT',
      `CREATE INDEX CONCURRENTLY orders_coupon_${n} ON orders (coupon_${n})`,
      `ALTER TABLE orders ADD CONSTRAINT orders_coupon_fk_${n} FOREIGN KEY (coupon_${n}) REFERENCES coupons_${n} NOT VALID`,
      `ALTER TABLE orders VALIDATE CONSTRAINT orders_coupon_fk_${n}`,
      `COMMENT ON COLUMN orders.coupon_${n} IS 'since release ${n}'`,
      `CREATE VIEW coupon_use_${n} AS SELECT coupon_${n}, count(*) AS used FROM orders GROUP BY 1`,
      // Somebody wants to see these two, on every release day.
      `CREATE OR REPLACE VIEW coupon_use_${n} AS SELECT coupon_${n}, count(*) AS used, sum(total_cents) AS revenue FROM orders GROUP BY 1`,
      `DROP VIEW IF EXISTS coupon_use_old`,
      `DROP INDEX CONCURRENTLY orders_coupon_${n}`,
      'SELECT pg_advisory_unlock(724623)',
    )
    for (let from = 1; from < 6000; from += 250)
      this.#add('deploy', 'backfill', at + 10 * minute + from, [
        `UPDATE orders SET channel_${n} = $1 WHERE id BETWEEN $2 AND $3 AND channel_${n} IS NULL`,
        'web',
        from,
        from + 249,
      ])
  }
}
