import { z } from '@hono/zod-openapi'
import { outcome, time } from './schemas.ts'

/** The shapes of rules and their versions. */

export const rulesSchema = z
  .object({
    version: z.string(),
    files: z.array(z.object({ file: z.string(), digest: z.string() })).readonly(),
    rules: z
      .array(
        z.object({
          id: z.string(),
          about: z.string(),
          references: z.array(z.string()).readonly().describe('Where to read why: https addresses'),
          outcome,
          mode: z.string(),
          file: z.string(),
          line: z.number().int(),
          severity: z.string().optional(),
        }),
      )
      .readonly(),
    problems: z.string().nullable().describe('Why the newest files are not in force; null when they are'),
  })
  .openapi('Rules')

export const ruleFilesSchema = z.object({
  version: z.string().describe('Of the rule set in force'),
  files: z.array(z.object({ file: z.string(), digest: z.string(), text: z.string() })).readonly(),
})

const versionId = z.string().regex(/^[0-9a-f]{12}$/)

export const ruleVersionSchema = z
  .object({
    version: z.string(),
    digest: z.string().describe('SHA-256 over the names and texts of the files; `version` is its beginning'),
    files: z.array(z.object({ file: z.string(), digest: z.string() })).readonly(),
    index: z.number().int().describe('Where its files stand on the ledger'),
    at: time.describe('When it went on the record'),
    inForceAt: time.nullable().describe('When it came into force last; null: never'),
    inForce: z.boolean(),
    switched: z
      .object({ by: z.string(), reason: z.string() })
      .nullable()
      .describe('Who put it in force last, and why; null: nobody but the files'),
    commit: z.string().optional().describe('The commit it came from last, where files come from git'),
  })
  .openapi('RuleVersion')

export const ruleVersionsSchema = z.object({
  inForce: z.string(),
  files: z.string().describe('The version of the files; another where somebody put one in their place'),
  versions: z.array(ruleVersionSchema).readonly(),
})

export const ruleVersionFilesSchema = ruleVersionSchema.extend({
  texts: z.array(z.object({ file: z.string(), text: z.string() })).readonly(),
})

const ruleFileSet = z
  .array(z.strictObject({ file: z.string().min(1).max(1_000), text: z.string() }))
  .min(1)
  .max(1_000)
  .refine((files) => new Set(files.map(({ file }) => file)).size === files.length, 'a file is named twice')

export const ruleLoadSchema = z.strictObject({
  files: ruleFileSet.describe('The whole set: it takes the place of all rules in force'),
  reason: z.string().trim().min(1).max(2_000),
})

export const canaryInputSchema = z.strictObject({
  files: ruleFileSet.describe('The whole candidate'),
  until: time.describe('When it ends by itself; at most seven days from now'),
})

export const ruleRollbackSchema = z.strictObject({ version: versionId, reason: z.string().trim().min(1).max(2_000) })

export const ruleChangeSchema = z
  .object({
    state: z.enum(['in-force', 'proposed']).describe('`proposed`: others have to accept it first'),
    version: z.string(),
    proposal: z.string().optional(),
  })
  .openapi('RuleChange')

export const ruleProposalSchema = z
  .object({
    proposal: z.string(),
    version: z.string(),
    digest: z.string(),
    origin: z.enum(['files', 'load', 'rollback']),
    by: z.string().nullable().describe('null: the files were changed, and nobody knows by whom'),
    reason: z.string(),
    commit: z.string().optional().describe('The commit it came from, where files come from git'),
    at: time,
    votes: z
      .array(z.object({ by: z.string(), decision: z.enum(['accept', 'reject']), reason: z.string(), at: time }))
      .readonly(),
    state: z.enum(['open', 'accepted', 'rejected', 'superseded']),
    mayVote: z.object({ allowed: z.boolean(), reason: z.string().nullable().describe('Why not') }),
  })
  .openapi('RuleProposal')

export const ruleProposalsSchema = z.object({
  review: z
    .object({ approvals: z.number().int(), groups: z.array(z.string()).readonly() })
    .nullable()
    .describe('Who has to accept a change; no groups: any reviewer; null: nobody'),
  proposals: z.array(ruleProposalSchema).readonly(),
})

const said = z.object({ outcome, rule: z.string().nullable().describe('The rule that decided; null: none did') })

export const canaryReportSchema = z
  .object({
    canary: z.string(),
    version: z.string().describe('Of the candidate; its files are on the record'),
    by: z.string(),
    at: time,
    until: time,
    endedAt: time.nullable().describe('null: it goes on'),
    judgements: z.number().int().describe('How often something was judged by both'),
    differently: z.number().int(),
    differences: z
      .array(
        z.object({
          was: said,
          becomes: said,
          judgements: z.number().int(),
          examples: z
            .array(
              z.object({
                at: time,
                action: z.string(),
                actor: z.string(),
                door: z.string(),
                operation: z.string(),
                statement: z.string().nullable(),
                rows: z.number().nullable(),
                was: outcome,
                becomes: outcome,
              }),
            )
            .readonly(),
        }),
      )
      .readonly(),
  })
  .openapi('CanaryReport')

export const ruleVoteSchema = z.strictObject({
  decision: z.enum(['accept', 'reject']),
  reason: z.string().trim().max(2_000).default(''),
})

export const ruleTextSchema = z
  .strictObject({
    file: z.string().min(1).max(1_000).describe('One of the files in force, which it would replace, or a new one'),
    text: z.string(),
  })
  .openapi('RuleText')

export const ruleCheckSchema = z
  .object({
    ok: z.boolean().describe('The set would load'),
    version: z.string().nullable().describe('The version it would have'),
    rules: z.number().int(),
    diagnostics: z
      .array(
        z.object({
          severity: z.enum(['error', 'warning']),
          message: z.string(),
          hint: z.string().optional(),
          file: z.string(),
          line: z.number().int().describe('From 1'),
          column: z.number().int().describe('From 1, in characters'),
          length: z.number().int().optional(),
        }),
      )
      .readonly(),
    tests: z
      .array(z.object({ rule: z.string(), test: z.string(), expected: outcome, got: outcome, passed: z.boolean() }))
      .readonly(),
  })
  .openapi('RuleCheck')
