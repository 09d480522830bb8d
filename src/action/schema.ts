import { z } from 'zod'
import { uuidv7 } from './uuidv7.ts'

/**
 * What an action does, not what it is called. A closed list; an action may have several.
 * - `read`      looks at data
 * - `write`     inserts or changes data
 * - `delete`    deletes data
 * - `destroy`   drops or truncates structure
 * - `grant`     gives somebody more rights, or takes another identity
 * - `conceal`   weakens audit, backup, protection or retention
 * - `export`    copies data out in bulk
 * - `disrupt`   locks, kills, scales to zero
 * - `execute`   runs code that the door cannot see into
 * - `deploy`    changes what runs or the structure it runs on
 * - `unknown`   could not be understood
 */
export const effects = [
  'read',
  'write',
  'delete',
  'destroy',
  'grant',
  'conceal',
  'export',
  'disrupt',
  'execute',
  'deploy',
  'unknown',
] as const

const effectSchema = z.enum(effects)
export type Effect = z.infer<typeof effectSchema>

export const actorKinds = ['human', 'service', 'agent', 'unknown'] as const
export type ActorKind = (typeof actorKinds)[number]

const labelsSchema = z.record(z.string(), z.string())

const actorSchema = z.strictObject({
  id: z.string().describe('Stable id of who acts. Through a door with passed-through credentials: <door>:<user>'),
  name: z.string().describe('What to call them'),
  kind: z.enum(actorKinds),
  groups: z.array(z.string()),
  owner: z.string().optional().describe('The person answerable for a service or agent; counts as the requester'),
  client: z.strictObject({
    ip: z.string(),
    application: z.string().describe('What the client calls itself; a claim, not a fact'),
    session: z.string().describe('Id of the connection'),
    certificate: z
      .string()
      .optional()
      .describe('Subject of its TLS certificate, signed by an authority that the door trusts'),
  }),
})
export type Actor = z.infer<typeof actorSchema>

const targetSchema = z.strictObject({
  system: z.string().describe('Name of the system behind the door'),
  environment: z.string().describe('As configured for the door: production, staging, …'),
  database: z.string().optional(),
  account: z
    .string()
    .optional()
    .describe('The account that the door acts with there, where it has one of its own instead of the actor'),
  declared: z.string().optional().describe('What the client said the target was, where that may differ'),
  labels: labelsSchema,
})
export type Target = z.infer<typeof targetSchema>

const resourceSchema = z.strictObject({
  type: z.string().describe('table, view, role, function, database, setting, …'),
  name: z.string().describe('Name as resolved, or as written where it could not be resolved'),
  labels: labelsSchema,
})
export type Resource = z.infer<typeof resourceSchema>

const count = z.number().int().nonnegative()

const impactSchema = z.strictObject({
  rows: count.nullable().describe('Rows touched; null where nobody knows: a rule that compares it then holds'),
  exact: z.boolean().describe('false: an estimate of the planner'),
  ofTotal: count.nullable().describe('Rows in the table before, where known'),
  bounded: z.boolean().describe('false: a write with nothing that limits which rows it touches'),
  cascades: z.array(z.strictObject({ table: z.string(), rows: count })),
  objects: count.describe('Structures touched: tables dropped, roles altered, …'),
  reversible: z.enum(['yes', 'no', 'unknown']),
})
export type Impact = z.infer<typeof impactSchema>

const changeSchema = z.strictObject({
  id: z.string(),
  kind: z.string(),
  verified: z.boolean(),
  by: z.string().optional(),
})

/** One action, complete. */
export const actionSchema = z.strictObject({
  id: z.string().describe('UUIDv7'),
  at: z.string().describe('RFC 3339, UTC'),
  door: z.string().describe('Configured name of the door'),
  protocol: z.string().describe('postgres, http, mcp, …'),
  operation: z.string().describe('In the words of the target: DELETE, DROP TABLE, …'),
  effects: z.array(effectSchema),
  actor: actorSchema,
  target: targetSchema,
  resources: z.array(resourceSchema),
  impact: impactSchema,
  change: changeSchema.optional(),
  request: z
    .record(z.string(), z.json())
    .describe("The protocol's own facts (postgres: statement, parameters, …); never truncated"),
})
export type Action = z.infer<typeof actionSchema>

/** An action as people write it in rule tests and pipe it into `sallyport judge`: every field may be left out. */
export const actionInputSchema = z.strictObject({
  ...actionSchema.partial().shape,
  actor: z
    .strictObject({ ...actorSchema.partial().shape, client: actorSchema.shape.client.partial().optional() })
    .optional(),
  target: targetSchema.partial().optional(),
  resources: z.array(resourceSchema.partial().extend({ name: z.string() })).optional(),
  impact: impactSchema.partial().optional(),
})
export type ActionInput = z.infer<typeof actionInputSchema>

/**
 * An action with every field that was left out filled in with its neutral value: nobody, nothing touched, nothing
 * known. `impact.rows` stays `null` (unknown) unless given.
 */
export function completeAction(input: ActionInput, at: string = '1970-01-01T00:00:00.000Z'): Action {
  return {
    id: input.id ?? uuidv7(),
    at: input.at ?? at,
    door: input.door ?? 'door',
    protocol: input.protocol ?? 'postgres',
    operation: input.operation ?? 'unknown',
    effects: input.effects ?? [],
    actor: {
      ...withDefaults<Omit<Actor, 'client'>>(
        { id: 'nobody', name: input.actor?.id ?? 'nobody', kind: 'unknown', groups: [] },
        input.actor,
      ),
      client: withDefaults({ ip: '127.0.0.1', application: '', session: '' }, input.actor?.client),
    },
    target: withDefaults<Target>({ system: 'system', environment: '', labels: {} }, input.target),
    resources: (input.resources ?? []).map((given) =>
      withDefaults<Resource>({ type: 'table', name: given.name, labels: {} }, given),
    ),
    impact: withDefaults<Impact>(
      {
        rows: null,
        exact: false,
        ofTotal: null,
        bounded: true,
        cascades: [],
        objects: 0,
        reversible: 'unknown',
      },
      input.impact,
    ),
    ...(input.change === undefined ? {} : { change: input.change }),
    request: input.request ?? {},
  }
}

/** `defaults`, with every member that `given` defines put over it. */
function withDefaults<T extends object>(
  defaults: T,
  given: { readonly [K in keyof T]?: T[K] | undefined } | undefined,
): T {
  const out = { ...defaults }
  for (const key in given) {
    const value = given[key]
    if (value !== undefined) out[key] = value
  }
  return out
}
