/** Believable held actions and a record for the mock API. */

const minute = 60_000

function action(fields) {
  const { statement, parameters, actor, environment = 'production', impact, ...rest } = fields
  return {
    door: environment === 'production' ? 'shop-db' : 'shop-staging',
    protocol: 'postgres',
    actor: {
      kind: 'human',
      groups: [],
      ...actor,
      client: { ip: '10.20.4.17', application: 'psql', session: 's_41f2', ...actor.client },
    },
    target: { system: 'shop', environment, database: 'shop', labels: {} },
    impact: {
      rows: null,
      exact: false,
      ofTotal: null,
      bounded: true,
      cascades: [],
      objects: 0,
      reversible: 'unknown',
      ...impact,
    },
    request: { statement, parameters: parameters ?? [], user: actor.id.split(':')[1] ?? actor.id },
    ...rest,
  }
}

const table = (name) => ({ type: 'table', name, labels: {} })
const alice = { id: 'shop-db:alice', name: 'alice' }
const billing = {
  id: 'shop-db:billing',
  name: 'billing-worker',
  kind: 'service',
  owner: 'omar',
  client: { ip: '10.20.9.3', application: 'billing/4.12.0' },
}
const agent = {
  id: 'shop-db:claude-ops',
  name: 'ops-agent',
  kind: 'agent',
  owner: 'priya',
  client: { ip: '10.20.7.88', application: 'mcp-postgres' },
}

const unbounded = {
  id: 'unbounded-delete',
  about: 'A DELETE without a WHERE empties the table; a second person looks first',
  message: 'This DELETE has no WHERE: it removes every row of public.orders.',
}

export const seeds = [
  {
    agoMs: 40_000,
    seed: {
      requester: { id: alice.id, name: 'alice' },
      rule: unbounded,
      review: { approvals: 1, from: ['dba'] },
      withinMs: 10 * minute,
      waiting: true,
      actions: [
        action({
          operation: 'DELETE',
          effects: ['delete'],
          actor: alice,
          resources: [table('public.orders')],
          statement: 'DELETE FROM orders;',
          impact: {
            rows: 48_210,
            ofTotal: 48_210,
            bounded: false,
            cascades: [
              { table: 'public.order_items', rows: 131_044 },
              { table: 'public.shipments', rows: 40_118 },
            ],
            reversible: 'no',
          },
        }),
      ],
    },
  },
  {
    agoMs: 3 * minute,
    seed: {
      requester: { id: billing.id, name: 'billing-worker', owner: 'omar' },
      rule: {
        id: 'mass-update',
        about: 'Changing more than 1,000 production rows at once needs a second pair of eyes',
        message: 'This UPDATE would change about 9,400 rows; more than 1,000 need a review.',
      },
      review: { approvals: 2, from: ['dba', 'finance'] },
      withinMs: 30 * minute,
      waiting: false,
      decided: (opened) => ({
        votes: [
          {
            by: 'omar-lead',
            decision: 'approve',
            reason: 'Matches the price list in FIN-2291.',
            at: new Date(opened + minute).toISOString(),
          },
        ],
      }),
      actions: [
        action({
          operation: 'UPDATE',
          effects: ['write'],
          actor: billing,
          resources: [table('public.invoices')],
          statement: `UPDATE public.invoices AS i
   SET amount_cents = round(i.amount_cents * $1),
       note = coalesce(i.note, '') || $2
  FROM public.customers AS c
 WHERE c.id = i.customer_id
   AND c.region = ANY ($3)
   AND i.status = 'open'
   AND i.issued_at >= $4`,
          parameters: ['1.021', ' [index 2026]', '{eu-west,eu-north}', '2026-01-01'],
          impact: { rows: 9_412, ofTotal: 212_900, reversible: 'no' },
        }),
      ],
    },
  },
  {
    agoMs: 7 * minute,
    seed: {
      requester: { id: agent.id, name: 'ops-agent', owner: 'priya' },
      rule: {
        id: 'not-understood',
        about: 'What the door cannot understand waits for a person',
        message: 'A DO block runs code that the door cannot see into.',
      },
      review: { approvals: 1, from: [] },
      withinMs: 8 * minute,
      waiting: true,
      actions: [
        action({
          operation: 'DO',
          effects: ['execute', 'unknown'],
          actor: agent,
          resources: [],
          statement:
            "DO $$\nBEGIN\n  -- tidy up old carts\u202e ;sredro morf eteled\u202c\n  EXECUTE format('delete from %I where updated_at < now() - interval ''1 year''', 'c\u0430rts');\nEND\n$$;",
          impact: { bounded: false },
        }),
      ],
    },
  },
  {
    agoMs: 12 * minute,
    seed: {
      requester: { id: 'dana', name: 'Dana Reyes' },
      rule: {
        id: 'privilege-escalation',
        about: 'Giving somebody more rights on production is decided by two people',
        message: 'GRANT ALL on every table of schema public to reporting.',
      },
      review: { approvals: 1, from: ['dba'] },
      withinMs: 60 * minute,
      waiting: false,
      actions: [
        action({
          operation: 'GRANT',
          effects: ['grant'],
          actor: { id: 'shop-db:dana', name: 'dana' },
          resources: [
            { type: 'schema', name: 'public', labels: {} },
            { type: 'role', name: 'reporting', labels: {} },
          ],
          statement: 'GRANT ALL ON ALL TABLES IN SCHEMA public TO reporting WITH GRANT OPTION',
          impact: { objects: 23, reversible: 'yes' },
        }),
        action({
          operation: 'ALTER ROLE',
          effects: ['grant', 'conceal'],
          actor: { id: 'shop-db:dana', name: 'dana' },
          resources: [{ type: 'role', name: 'reporting', labels: {} }],
          statement: 'ALTER ROLE reporting SET log_statement = none',
          impact: { objects: 1, reversible: 'yes' },
        }),
      ],
    },
  },
  {
    agoMs: 50 * minute,
    seed: {
      requester: { id: alice.id, name: 'alice' },
      rule: unbounded,
      review: { approvals: 1, from: ['dba'] },
      withinMs: 10 * minute,
      waiting: false,
      decided: (opened) => ({
        state: 'rejected',
        votes: [
          {
            by: 'dana',
            decision: 'reject',
            reason: 'Please limit to test customers: add WHERE customer_id < 100.',
            at: new Date(opened + 2 * minute).toISOString(),
          },
        ],
        closed: {
          at: new Date(opened + 2 * minute).toISOString(),
          by: 'dana',
          reason: 'Please limit to test customers: add WHERE customer_id < 100.',
        },
      }),
      actions: [
        action({
          operation: 'DELETE',
          effects: ['delete'],
          actor: alice,
          resources: [table('public.carts')],
          statement: 'delete from carts',
          impact: { rows: 3_120, ofTotal: 3_120, bounded: false, reversible: 'no' },
        }),
      ],
    },
  },
  {
    agoMs: 130 * minute,
    seed: {
      requester: { id: billing.id, name: 'billing-worker', owner: 'omar' },
      rule: {
        id: 'mass-delete',
        about: 'Deleting more than 1,000 production rows needs a second pair of eyes',
        message: 'This DELETE would remove about 12,000 rows; more than 1,000 need a review.',
      },
      review: { approvals: 1, from: ['dba'] },
      withinMs: 30 * minute,
      waiting: false,
      decided: (opened) => ({
        state: 'released',
        useBy: new Date(opened + 14 * minute).toISOString(),
        votes: [
          {
            by: 'dana',
            decision: 'approve',
            reason: 'Agreed in OPS-118.',
            at: new Date(opened + 4 * minute).toISOString(),
          },
        ],
      }),
      actions: [
        action({
          operation: 'DELETE',
          effects: ['delete'],
          actor: billing,
          resources: [table('public.sessions')],
          statement: "DELETE FROM public.sessions WHERE last_seen < now() - interval '90 days'",
          impact: { rows: 12_004, ofTotal: 80_000, reversible: 'no' },
        }),
      ],
    },
  },
]

const ordinary = [
  ['SELECT', ['read'], 'public.products', 'SELECT id, name, price_cents FROM products WHERE id = $1', 'allow', 1],
  ['UPDATE', ['write'], 'public.stock', 'UPDATE stock SET on_hand = on_hand - 1 WHERE product_id = $1', 'allow', 1],
  ['INSERT', ['write'], 'public.orders', 'INSERT INTO orders (customer_id, total_cents) VALUES ($1, $2)', 'allow', 1],
  ['DROP TABLE', ['destroy'], 'public.orders', 'DROP TABLE orders', 'block', null],
  ['DELETE', ['delete'], 'public.orders', 'DELETE FROM orders WHERE id = 77', 'allow', 1],
  ['SELECT', ['read', 'export'], 'public.customers', 'SELECT * FROM customers', 'flag', 9_800],
  ['DELETE', ['delete'], 'public.orders', 'DELETE FROM orders', 'hold', null],
]

/** The record's entry at `index`, the same each time. */
export function record(index) {
  const [operation, effects, name, statement, verdict, rows] = ordinary[index % ordinary.length]
  const rule = { block: 'drop-or-truncate', hold: 'unbounded-delete', flag: 'bulk-read', allow: null }[verdict]
  const started = action({
    operation,
    effects,
    actor: index % 3 === 0 ? alice : billing,
    resources: [table(name)],
    statement,
    impact: { rows, exact: false },
  })
  return {
    index,
    action: { ...started, id: `a${index}`, at: new Date(Date.now() - (120 - index) * 37_000).toISOString() },
    verdict,
    rule,
    reason: rule === null ? 'No rule matched.' : `Rule ${rule} matched.`,
    ruleSet: '7c1f0a93b2de',
    outcome: verdict === 'block' ? 'refused' : verdict === 'hold' ? 'withdrawn' : 'completed',
    rows: verdict === 'allow' || verdict === 'flag' ? rows : null,
    ...(verdict === 'block' ? { message: 'SP002: dropping a production table is never let through here' } : {}),
  }
}
