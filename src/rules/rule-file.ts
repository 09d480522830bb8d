import { z } from 'zod'
import { actionInputSchema, outcomes } from '../action/index.ts'
import { durationPattern } from './duration.ts'
import { clockPattern, datePattern, weekdays } from './schedule.ts'

/** Most bytes of one rule file. */
export const maxFileBytes = 1024 * 1024
/** Most rules in force together. */
export const maxRules = 5_000
/** Most characters of one condition, before and after macros are put in. */
export const maxConditionLength = 4_096

export const modes = ['enforce', 'shadow'] as const
export type Mode = (typeof modes)[number]

export const windowKinds = ['effects', 'attempts'] as const

/** From least to most severe. */
export const severities = ['low', 'medium', 'high', 'critical'] as const
export type Severity = (typeof severities)[number]

const identifier = z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/)
const sentence = z.string().trim().min(1).max(500)

const groups = z.array(z.string().min(1).max(100)).min(1).max(20)
const period = z.string().regex(durationPattern)

const stepSchema = z.strictObject({
  approvals: z.int().min(1).max(20).optional().describe('How many different people must approve. Default 1'),
  from: groups
    .optional()
    .describe('Who may review: names of groups, or of lists of groups in this file. Default: any reviewer'),
  match: z
    .enum(['any', 'each'])
    .optional()
    .describe('any: people of any of the groups. each: at least one person of each group. Default any'),
})

const holdSchema = z.strictObject({
  ...stepSchema.shape,
  steps: z
    .array(stepSchema)
    .min(1)
    .max(10)
    .optional()
    .describe('Reviews one after the other, in place of approvals, from and match'),
  reason: z.boolean().optional().describe('Whether an approval must say why. Default false'),
  confirm: z
    .boolean()
    .optional()
    .describe('Whether the person who asked may let it pass by confirming it; reviewers may too. Default false'),
  use: period.optional().describe('How long an approval may lie unused. Default 15m'),
  escalate: z
    .strictObject({
      after: period.describe('How long nobody has decided'),
      to: groups.describe('Groups that may approve then, beside those asked first'),
    })
    .optional()
    .describe('Who is asked too when nobody decides'),
  within: z
    .string()
    .regex(durationPattern)
    .optional()
    .describe('How long reviewers have: 90s, 30m, 2h, 1d. Default 30m'),
})

const expression = z.string().min(1).max(maxConditionLength)

const periodSchema = z.strictObject({
  days: z.array(z.enum(weekdays)).min(1).optional().describe('Default: every day. Over midnight: where it begins'),
  from: z.string().regex(clockPattern).optional().describe("Time of day, such as '22:00'. Default: 00:00"),
  to: z.string().regex(clockPattern).optional().describe('Not after it; before `from`: over midnight. Default: 24:00'),
  since: z.string().regex(datePattern).optional().describe('Date, or date and time: 2026-12-20, 2026-12-20T18:00'),
  until: z.string().regex(datePattern).optional().describe('Through that date, or up to that time'),
  zone: z.string().min(1).optional().describe('Whose clocks: Europe/Berlin. Default UTC'),
})

const exceptionSchema = z.strictObject({
  when: expression.describe('Which actions; a condition'),
  until: z
    .string()
    .regex(datePattern)
    .describe('Through that date, or up to that time, UTC. Then the rule applies again'),
  owner: z.string().trim().min(1).max(100).describe('Who answers for it'),
  why: sentence,
})

const windowSchema = z
  .strictObject({
    count: z.literal(true).optional().describe('Counts actions'),
    sum: expression.optional().describe('Adds up a number of each action, such as impact.rows'),
    distinct: expression
      .optional()
      .describe('Counts different values, such as resources.map(r, r.name): those of a list one by one'),
    of: z
      .enum(windowKinds)
      .optional()
      .describe('effects: what was let through and has not failed (default); attempts: whatever was tried'),
    when: expression.optional().describe('Which actions count; a condition. Default: all'),
    by: expression.optional().describe('What is kept apart, such as actor.id. Default: nothing, one tally for all'),
    over: z.string().regex(durationPattern).describe('How far back it looks: 90s, 10m, 24h, 7d; at most 31d'),
  })
  .describe('Exactly one of count, sum and distinct')

const testSchema = z.strictObject({
  name: z.string().min(1).max(200),
  expect: z.enum(outcomes).describe('What this rule alone must say; allow: it must not match'),
  action: actionInputSchema.describe('An action; fields left out are neutral'),
  window: z
    .record(identifier, z.number().nonnegative())
    .optional()
    .describe('What windows hold, this action included. Default: this action alone'),
})

const ruleSchema = z.strictObject({
  id: z
    .string()
    .max(100)
    .regex(/^[a-z0-9]+([._-][a-z0-9]+)*$/)
    .describe('Unique over all rule files'),
  about: sentence.describe('One line in plain words: what this guards against'),
  references: z
    .array(
      z
        .string()
        .regex(/^https:\/\/[A-Za-z0-9.-]+(:\d+)?([/?#]\S*)?$/)
        .max(500),
    )
    .min(1)
    .max(5)
    .optional()
    .describe('Where to read why: incidents, documentation, techniques. https only'),
  when: z.string().min(1).max(maxConditionLength).describe('One-line CEL condition over the action'),
  // biome-ignore lint/suspicious/noThenProperty: the rule format says "when … then …"; nobody awaits a rule
  then: z.union([z.enum(outcomes), z.strictObject({ hold: holdSchema })]),
  mode: z.enum(modes).optional().describe('shadow: only record what the rule would have done. Default enforce'),
  message: sentence.optional().describe('Sentence for the person at the other end; {impact.rows} puts a field in'),
  severity: z.enum(severities).optional(),
  except: z
    .array(exceptionSchema)
    .min(1)
    .optional()
    .describe('What the rule lets be for a while, and who answers for it'),
  tests: z.array(testSchema).min(1).optional().describe('Tried whenever the file is loaded'),
})

/** One rule file. Has no transformations, so that it is its own JSON Schema. */
export const ruleFileSchema = z.strictObject({
  version: z.literal(1),
  lists: z
    .record(identifier, z.array(z.string().min(1)).min(1))
    .optional()
    .describe('Named lists of strings, used in conditions: target.environment in production'),
  macros: z
    .record(identifier, z.string().min(1).max(maxConditionLength))
    .optional()
    .describe('Named conditions, put into conditions in parentheses; a macro cannot use another'),
  windows: z
    .record(identifier, windowSchema)
    .optional()
    .describe('How much in how long, used in conditions: window.deleted_10m > 5000. See the guide'),
  schedules: z
    .record(identifier, z.array(periodSchema).min(1))
    .optional()
    .describe('Times, used in conditions: !schedule.office_hours. See the guide'),
  rules: z.array(ruleSchema).min(1),
})

export type RuleFileContent = z.infer<typeof ruleFileSchema>
export type HoldSource = z.infer<typeof holdSchema>
export type StepSource = z.infer<typeof stepSchema>
export type WindowSource = NonNullable<RuleFileContent['windows']>[string]
export type RuleSource = RuleFileContent['rules'][number]

/** The JSON Schema (draft 2020-12) of a rule file, for editors to check and complete. */
export function ruleFileJsonSchema(): z.core.JSONSchema.JSONSchema {
  return {
    title: 'Sallyport rule file',
    ...z.toJSONSchema(ruleFileSchema, { io: 'input' }),
  }
}
