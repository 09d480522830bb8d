import { z } from '@hono/zod-openapi'
import { effects } from '../action/index.ts'

const time = z.string().describe('RFC 3339, UTC')

/** Characters of SQL in one change. */
const sqlAtMost = 1024 * 1024

export const changeInputSchema = z
  .strictObject({
    title: z.string().trim().min(1).max(200).describe('What it is about, for reviewers'),
    door: z.string().min(1).max(64),
    database: z.string().min(1).max(128),
    sql: z
      .array(z.string().max(sqlAtMost))
      .min(1)
      .max(1_000)
      .refine((texts) => texts.reduce((sum, { length }) => sum + length, 0) <= sqlAtMost, 'Too much SQL: 1 MiB at most')
      .describe('Files of SQL, in the order in which they run'),
    rows: z
      .array(z.strictObject({ statement: z.int().min(1), rows: z.int().min(0) }))
      .default([])
      .describe('Rows that a statement may change or delete, counted from 1 over all files; otherwise none'),
    expiresIn: z.int().min(60).default(3_600).describe('Seconds, review included'),
  })
  .openapi('ChangeInput')

export type ChangeInput = z.output<typeof changeInputSchema>

export const changeStates = ['pending', 'approved', 'done', 'rejected', 'closed', 'expired'] as const

export const changeOpenedSchema = z
  .object({
    change: z.string().describe('Id'),
    secret: z.string().describe('What a session shows to be its run; told once'),
  })
  .openapi('ChangeOpened')

/** What the run of a change is told of it. */
export const changeProgressSchema = z
  .object({
    change: z.string(),
    state: z.enum(changeStates),
    used: z.int().describe('Statements that have run'),
    statements: z.int(),
    expiresAt: time,
    reason: z.string().nullable().describe('Why it was rejected or closed'),
  })
  .openapi('ChangeProgress')

const decided = { at: time, by: z.string(), reason: z.string() }

const mayDo = z.object({ allowed: z.boolean(), reason: z.string().nullable() })

export const changeSchema = z
  .object({
    change: z.string().describe('Id'),
    kind: z.string(),
    title: z.string(),
    state: z.enum(changeStates),
    door: z.string(),
    database: z.string(),
    identity: z.object({
      issuer: z.string(),
      name: z.string(),
      subject: z.string(),
      repository: z.string(),
      ref: z.string(),
      sha: z.string(),
      run: z.string(),
      actor: z.string().optional(),
    }),
    review: z.object({ approvals: z.int(), from: z.array(z.string()).readonly() }),
    statements: z
      .array(
        z.object({
          sql: z.string(),
          digest: z.string(),
          operation: z.string(),
          effects: z.array(z.enum(effects)).readonly(),
          rows: z.int().optional(),
          action: z.string().nullable().describe('The action it ran as; null: it has not run'),
        }),
      )
      .readonly(),
    digest: z.string().describe('SHA-256 over target and statements: the plan'),
    openedAt: time,
    expiresAt: time,
    approvals: z.array(z.object({ ...decided, groups: z.array(z.string()).readonly() })).readonly(),
    over: z.object(decided).nullable().describe('Rejected or closed'),
    mayApprove: mayDo.describe('Whether the caller may approve it now'),
    mayReject: mayDo.describe('Whether the caller may reject it now'),
  })
  .openapi('Change')

export const changesSchema = z.object({ changes: z.array(changeSchema).readonly() })

export const changeVoteSchema = z
  .strictObject({ decision: z.enum(['approve', 'reject']), reason: z.string().max(2_000).default('') })
  .openapi('ChangeVote')
