import { z } from '@hono/zod-openapi'
import { commands, roles, scopes } from '../people/index.ts'
import { passkeySchema } from './passkey-schemas.ts'
import { ledgerSchema, texts, time } from './schemas.ts'
import { tapSchema } from './tap-schemas.ts'

/** The shapes of people, and of how they sign in. */

const scope = z.enum(scopes)
const personId = z.string().max(128)

export const personSchema = z
  .object({
    id: personId,
    name: z.string(),
    kind: z.enum(['human', 'service', 'agent']),
    groups: texts,
    roles: z.array(z.enum(roles)).readonly(),
  })
  .openapi('Me')

export const absenceSchema = z
  .object({
    person: z.string(),
    from: time,
    until: time,
    deputy: z.string().describe('Who stands in for them on holds'),
  })
  .openapi('Absence')

export const absenceInputSchema = z
  .strictObject({
    from: z.iso.datetime({ offset: true }).optional().describe('Default: now'),
    until: z.iso.datetime({ offset: true }).describe('Within a year'),
    deputy: personId.describe('Id of the person who stands in'),
  })
  .openapi('AbsenceInput')

export const meSchema = z.object({
  person: personSchema,
  absence: absenceSchema.nullable().describe('Their own, also one to come'),
  standsInFor: z.array(absenceSchema).readonly().describe('Those who are away and whom they stand in for now'),
  access: z
    .object({
      session: z.boolean().describe('Signed in as a person; else with a token that was issued'),
      scope: scope.nullable(),
      expiresAt: time.nullable().describe('null: until it is revoked'),
      commands: z.array(z.enum(commands)).readonly().describe('All that may be asked with it'),
    })
    .describe('What the request came with, and how far that goes'),
  server: z.object({ version: z.string(), rules: z.string(), ledger: ledgerSchema }),
})

export const personInputSchema = z
  .strictObject({
    id: personId,
    name: z.string().min(1).max(200),
    kind: z.enum(['human', 'service', 'agent']),
    groups: z.array(z.string().min(1).max(128)).max(200).readonly().default([]),
    roles: z.array(z.enum(roles)).max(roles.length).readonly().default([]),
    actors: z
      .array(z.string().min(1).max(256))
      .max(200)
      .readonly()
      .default([])
      .describe('Actor ids under which this person acts at doors, such as shop-db:alice'),
    owner: personId.optional().describe('For a service or agent: the person answerable for it'),
    doors: z
      .array(z.string().min(1).max(64))
      .min(1)
      .max(200)
      .readonly()
      .optional()
      .describe('Doors at which they review. Left out: all'),
  })
  .openapi('PersonInput')

export const personDetailsSchema = z
  .object({
    ...personSchema.shape,
    actors: texts,
    owner: z.string().optional(),
    doors: texts.optional().describe('Doors at which they review; left out: all'),
    absence: absenceSchema.nullable().describe('Not ended, also one to come'),
    password: z.boolean().describe('They have set one'),
    passkeys: z.array(passkeySchema).readonly(),
    tokens: z
      .array(
        z.object({
          id: z.string(),
          label: z.string(),
          issuedAt: time,
          expiresAt: time.nullable(),
          scope: scope.nullable().describe('The most it may be used for; null: all that its owner may do'),
          session: z.boolean().describe('It was given at a sign-in'),
        }),
      )
      .readonly(),
  })
  .openapi('Person')

export const tokenInputSchema = z
  .strictObject({
    label: z.string().min(1).max(200).describe('What it is for'),
    expiresAt: z.iso.datetime({ offset: true }).nullable().describe('null: until it is revoked'),
    scope: scope
      .optional()
      .describe('The most it may be used for, whatever its owner may do. Left out: all that its owner may'),
  })
  .openapi('TokenInput')

const password = z.string().min(1).max(1_024)

const as = z
  .enum(['cookie', 'token'])
  .default('cookie')
  .describe('How the session is given: as a cookie, for browsers, or as a bearer token in the answer')

export const signInSchema = z
  .strictObject({ person: personId.describe('Id of the person'), password, as })
  .openapi('SignIn')

export const signInLinkSchema = z
  .strictObject({ link: z.string().max(128).describe('What stands behind `#link=`'), password, as })
  .openapi('SignInLink')

export const signInPasskeySchema = z
  .strictObject({ tap: tapSchema.describe('The answer of the browser'), as })
  .openapi('SignInPasskey')

export const signedInSchema = z
  .object({
    person: z.string(),
    expiresAt: time,
    token: z.string().nullable().describe('Where it was asked for; shown this once'),
  })
  .openapi('SignedIn')

export const passwordLinkSchema = z
  .object({ link: z.string().describe('Opens once; shown this once'), expiresAt: time })
  .openapi('PasswordLink')

export const tokenSchema = z.object({ id: z.string(), token: z.string().describe('Shown this once') }).openapi('Token')
