import { z } from 'zod'
import { actionSchema } from '../action/index.ts'
import { SallyportError } from '../errors/index.ts'

/**
 * What the API says of a hold, as far as it is shown to people. Members that a newer server adds are left aside;
 * `--json` prints the answer as it came.
 */
const holdSchema = z.object({
  hold: z.string(),
  state: z.string(),
  openedAt: z.string(),
  expiresAt: z.string(),
  useBy: z.string().nullable(),
  requester: z.object({ id: z.string(), name: z.string(), owner: z.string().optional() }),
  door: z.string(),
  target: z.object({ system: z.string(), environment: z.string(), database: z.string().optional() }),
  digest: z.string(),
  ruleSet: z.string(),
  rule: z.object({ id: z.string(), about: z.string(), message: z.string() }),
  review: z.object({ approvals: z.number(), from: z.array(z.string()) }),
  actions: z.array(z.object(actionSchema.shape)),
  samples: z
    .array(z.object({ table: z.string(), columns: z.array(z.string()), rows: z.array(z.array(z.string().nullable())) }))
    .default([]),
  votes: z.array(z.object({ by: z.string(), decision: z.string(), reason: z.string(), at: z.string() })),
  closed: z.object({ at: z.string(), by: z.string(), reason: z.string() }).nullable(),
  waiting: z.boolean(),
  missing: z.object({ approvals: z.number(), from: z.array(z.string()) }),
  mayVote: z.object({ allowed: z.boolean(), reason: z.string().nullable() }),
})

export type HoldView = z.infer<typeof holdSchema>

export const readHold = (answer: unknown): HoldView => read(holdSchema, answer)
export const readHolds = (answer: unknown): HoldView[] => read(z.object({ holds: z.array(holdSchema) }), answer).holds

/** An answer of the API in its shape. @throws SallyportError `unsupported` */
export function read<T>(schema: z.ZodType<T>, answer: unknown): T {
  const parsed = schema.safeParse(answer)
  if (parsed.success) return parsed.data
  const where = parsed.error.issues.map(({ path }) => path.join('.')).slice(0, 3)
  throw new SallyportError(
    'unsupported',
    `The server's answer has another shape than expected (${where.join(', ')}).`,
    {
      hint: 'Are the server and this command of the same version?',
      cause: parsed.error,
    },
  )
}
