import { z } from '@hono/zod-openapi'
import { actionSchema, actorKinds, outcomes } from '../action/index.ts'
import { settlements } from '../ledger/index.ts'
import { lockKinds } from '../locks/index.ts'
import { countDimensions } from '../search/index.ts'
import { tapSchema } from './tap-schemas.ts'

/** The shapes that go over the wire; the API description is made from them. */

export const time = z.string().describe('RFC 3339, UTC')
export const texts = z.array(z.string()).readonly()
export const outcome = z.enum(outcomes)

const action = z
  .object({
    ...actionSchema.shape,
    request: z.record(z.string(), z.unknown()).describe("The protocol's own facts, such as statement and parameters"),
  })
  .openapi('Action')

const target = z.object({ system: z.string(), environment: z.string(), database: z.string().optional() })

/** A place in the event stream. */
const place = z.object({ run: z.string(), seq: z.number().int() })

const tapAsked = z.enum(['no', 'asked', 'lacking'])

const voteDecisions = ['approve', 'reject', 'confirm'] as const

const reviewSchema = z.object({
  approvals: z.number().int(),
  from: texts,
  demands: z
    .array(
      z
        .array(z.object({ approvals: z.number().int(), from: texts, each: z.boolean().optional() }))
        .readonly()
        .describe('Steps, in their order'),
    )
    .readonly()
    .optional()
    .describe('In full, where approvals and groups do not say it all: each demand must be met by itself'),
  reason: z.boolean().optional().describe('Every vote needs a reason'),
  confirm: z.boolean().optional().describe('Whoever asked may confirm it themselves'),
  use: z.number().optional().describe('Milliseconds an approval may lie unused'),
  escalate: z.object({ after: z.number().describe('Milliseconds'), to: texts }).optional(),
  severity: z.string().optional().describe('The highest of the rules that hold it; left out: one of them does not say'),
})

export const holdSchema = z
  .object({
    hold: z.string().describe('Id'),
    requester: z.object({ id: z.string(), name: z.string(), owner: z.string().optional() }),
    door: z.string(),
    target,
    digest: z.string().describe('SHA-256 over the exact bytes that would run'),
    ruleSet: z.string(),
    rule: z.object({
      id: z.string(),
      about: z.string(),
      message: z.string(),
      references: texts.optional().describe('Where to read why: https addresses'),
    }),
    review: reviewSchema,
    expiresAt: time,
    actions: z.array(action).readonly(),
    state: z.enum(['pending', 'approved', 'released', 'rejected', 'expired', 'withdrawn']),
    openedAt: time,
    samples: z
      .array(
        z.object({
          table: z.string(),
          columns: texts,
          rows: z.array(z.array(z.string().nullable()).readonly()).readonly(),
        }),
      )
      .readonly()
      .describe('Some of the rows it is about, by the columns of their key'),
    votes: z
      .array(
        z.object({
          by: z.string(),
          decision: z.enum(voteDecisions),
          reason: z.string(),
          at: time,
          groups: texts.optional().describe('The groups asked for that the voter stood for'),
          standsIn: texts.optional().describe('In whose place, while they are away'),
          passkey: z.string().optional().describe('Id of the passkey it is signed with'),
        }),
      )
      .readonly(),
    escalatedAt: time.nullable().describe('When more people were asked, because nobody had decided'),
    useBy: time.nullable().describe('Until when an approval can be used'),
    forced: z
      .object({
        at: time,
        by: z.string(),
        reason: z.string(),
        review: z.object({ at: time, by: z.string(), note: z.string() }).nullable().describe('null: still to be done'),
      })
      .nullable()
      .describe('Let pass in an emergency, without its review'),
    closed: z.object({ at: time, by: z.string(), reason: z.string() }).nullable(),
    change: place.describe('Its last change: of two views of a hold in one run the larger number is newer'),
    link: z.string().describe('Where a person can see it'),
    waiting: z.boolean().describe('A client connection is open and waits for the decision'),
    missing: z.object({ approvals: z.number().int(), from: texts }),
    mayVote: z.object({ allowed: z.boolean(), reason: z.string().nullable() }).describe('Whether the caller may vote'),
    mayConfirm: z.boolean().describe('Whether the caller may confirm what they asked for themselves'),
    mayForce: z.boolean().describe('Whether the caller may let it pass in an emergency'),
    mayFollowUp: z.boolean().describe('Whether the caller may say that they have looked at what was forced'),
    tap: z
      .object({ approve: tapAsked, confirm: tapAsked, force: tapAsked })
      .describe('Whether yes takes a tap of a passkey of the caller; `lacking`: it does, and they have none'),
  })
  .openapi('Hold')

export const holdsSchema = z.object({
  holds: z.array(holdSchema).readonly(),
  at: place.describe('When it was made: every change of a hold up to `seq` of this run is in the list'),
})

export const voteSchema = z
  .strictObject({
    decision: z.enum(voteDecisions),
    reason: z.string().max(2_000).default(''),
    tap: tapSchema.optional().describe('Of the passkey, where yes takes one'),
  })
  .refine(({ decision, reason }) => decision !== 'reject' || reason.trim() !== '', {
    path: ['reason'],
    message: 'A rejection needs a reason: whoever asked will read it',
  })
  .openapi('Vote')

export const withdrawalSchema = z.strictObject({ reason: z.string().max(2_000).default('') }).openapi('Withdrawal')

const saying = z.string().trim().min(1).max(2_000)

export const forceSchema = z
  .strictObject({
    reason: saying.describe('What the emergency is'),
    tap: tapSchema.optional().describe('Of the passkey, where yes takes one'),
  })
  .openapi('BreakGlass')

export const tapForSchema = z
  .strictObject({
    decision: z.enum(['approve', 'confirm', 'force']),
    reason: z.string().max(2_000).default('').describe('As it will be given'),
  })
  .openapi('TapFor')
export const followUpSchema = z
  .strictObject({ note: saying.describe('What came of looking at it') })
  .openapi('FollowUp')

const lockSubject = z.strictObject({
  kind: z.enum(lockKinds),
  name: z
    .string()
    .min(1)
    .max(256)
    .describe('Id of a person, actor id, name of a door, or of a resource as rules see it'),
})

export const lockInputSchema = z
  .strictObject({
    on: lockSubject,
    message: saying.describe('For whoever runs into it'),
    until: z.iso.datetime({ offset: true }).nullable().describe('null: until it is lifted'),
  })
  .openapi('LockInput')

export const lockSchema = z
  .object({
    lock: z.string().describe('Id'),
    on: lockSubject,
    message: z.string(),
    until: time.nullable(),
    by: z.string(),
    at: time,
  })
  .openapi('Lock')

export const ledgerSchema = z
  .object({ state: z.enum(['open', 'failed', 'closed']), size: z.number().int().describe('Entries') })
  .openapi('Ledger')

export const ledgerHeadSchema = z.object({
  size: z.number().int(),
  hash: z.string(),
  state: z.enum(['open', 'failed', 'closed']),
})

export const actionRecordSchema = z
  .object({
    index: z.number().int().describe('Where its request stands on the ledger'),
    at: time.describe('When it was put on the record, RFC 3339 UTC'),
    action,
    cut: z.boolean().describe('The request is so long that texts in it are cut here; the action alone has all of it'),
    verdict: outcome.nullable(),
    rule: z.string().nullable(),
    reason: z.string(),
    ruleSet: z.string().nullable(),
    outcome: z.enum(settlements).nullable().describe('null: not over'),
    rows: z.number().int().nullable(),
    endedAt: time.nullable(),
    message: z.string().optional(),
    hold: z.string().optional(),
  })
  .openapi('ActionRecord')

export const holdContextSchema = z
  .object({
    actions: z.array(actionRecordSchema).readonly().describe('What the same actor did last before this, newest first'),
    holds: z
      .array(
        z.object({
          hold: z.string(),
          state: holdSchema.shape.state,
          openedAt: time,
          requester: z.object({ id: z.string(), name: z.string() }),
          rule: z.string(),
          operation: z.string(),
          same: z.boolean().describe('The same statement with the same parameters at the same door'),
          decided: z.object({ by: z.string(), reason: z.string() }).nullable(),
        }),
      )
      .readonly()
      .describe('Earlier holds of the same statement or requester, newest first'),
    ended: z
      .object({ released: z.number().int(), rejected: z.number().int(), other: z.number().int() })
      .describe('How earlier holds of the requester ended'),
  })
  .openapi('HoldContext')

export const doorSchema = z
  .object({
    name: z.string(),
    protocol: z.string(),
    listen: z.string(),
    environment: z.string(),
    unknown: outcome.describe('What happens to what cannot be understood'),
    sessions: z.number().int(),
    waiting: z.number().int().describe('Clients that wait for a reviewer'),
    upstream: z.string().describe('Where the server behind it is'),
    unreachable: z.string().nullable().describe('Why that could not be reached last; null: it could, or nobody came'),
  })
  .openapi('Door')

export const sessionSchema = z
  .object({
    id: z.string(),
    actor: z.object({ id: z.string(), name: z.string(), kind: z.enum(actorKinds) }),
    ip: z.string(),
    application: z.string().describe('What the client calls itself; a claim'),
    database: z.string(),
    since: time,
    waiting: z.boolean().describe('It waits for a reviewer'),
  })
  .openapi('Session')

export const verificationSchema = z
  .object({
    ok: z.boolean().describe('Every acknowledged entry is there and unchanged'),
    entries: z.number().int(),
    head: z.object({ size: z.number().int(), hash: z.string() }),
    segments: z.number().int(),
    checkpoint: z
      .object({ origin: z.string(), size: z.number().int(), root: z.string() })
      .nullable()
      .describe('The newest signed checkpoint'),
    problems: z
      .array(
        z.object({
          kind: z.string(),
          file: z.string(),
          offset: z.number().int(),
          index: z.number().int(),
          message: z.string(),
        }),
      )
      .readonly(),
    at: time.describe('When it began'),
    milliseconds: z.number().int().describe('How long it took'),
  })
  .openapi('Verification')

export const indexStatusSchema = z
  .object({
    state: z.enum(['following', 'catching-up', 'failed', 'closed']),
    indexed: z.number().int().describe('Entries that the index knows'),
    size: z.number().int().describe('Durable entries on the ledger'),
    lag: z.number().int().describe('How many entries the index is behind'),
    error: z.string().nullable().describe('Why it does not follow'),
  })
  .openapi('IndexStatus')

export const actionPageSchema = z.object({
  actions: z.array(actionRecordSchema).readonly(),
  next: z.number().int().nullable().describe('Where to go on; null: there are no more'),
  index: indexStatusSchema,
})

export const countsSchema = z
  .object({
    by: z.enum(countDimensions),
    step: z.number().int().describe('Width of a bucket in seconds'),
    times: z.array(time).readonly().describe('Start of each bucket'),
    series: z
      .array(
        z.object({
          value: z.string().nullable().describe('null: all values that are too rare for a line of their own'),
          total: z.number().int(),
          counts: z.array(z.number().int()).readonly().describe('One for each bucket'),
        }),
      )
      .readonly()
      .describe('Most frequent first'),
  })
  .openapi('ActionCounts')

export const entrySchema = z
  .object({
    index: z.number().int(),
    at: time,
    kind: z.string(),
    body: z.unknown().openapi({ type: 'object', additionalProperties: true }),
    hash: z.string().describe('Chain hash after this entry'),
  })
  .openapi('Entry')

export const errorSchema = z
  .object({ error: z.object({ code: z.string(), message: z.string(), hint: z.string().optional() }) })
  .openapi('Error')
