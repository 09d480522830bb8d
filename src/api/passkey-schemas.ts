import { z } from '@hono/zod-openapi'
import { time } from './schemas.ts'
import { bytes, credentialId, descriptors, tapRequestSchema, tapSchema, verification } from './tap-schemas.ts'

/** The shapes of passkeys, and of how one is made (WebAuthn level 3, 5.1.8 and 5.1.9). */

export const passkeySchema = z
  .object({
    id: z.string().describe('Id of the credential'),
    label: z.string().describe('What its owner calls it'),
    addedAt: time,
  })
  .openapi('Passkey')

export const ownPasskeysSchema = z.object({
  passkeys: z.array(passkeySchema).readonly(),
  site: z
    .object({ id: z.string().describe('The RP ID'), origins: z.array(z.string()).readonly() })
    .nullable()
    .describe('Under which addresses of the console they work; null: under none that it has'),
})

export const creationSchema = z
  .object({
    rp: z.object({ id: z.string().optional(), name: z.string() }),
    user: z.object({ id: z.string(), name: z.string(), displayName: z.string() }),
    challenge: z.string(),
    pubKeyCredParams: z.array(z.object({ alg: z.number().int(), type: z.literal('public-key') })),
    timeout: z.number().int().optional(),
    excludeCredentials: descriptors.optional(),
    authenticatorSelection: z
      .object({
        residentKey: verification.optional(),
        requireResidentKey: z.boolean().optional(),
        userVerification: verification.optional(),
      })
      .optional(),
    attestation: z.enum(['none', 'indirect', 'direct', 'enterprise']).optional(),
  })
  .openapi('PasskeyCreation', {
    description: 'For navigator.credentials.create: PublicKeyCredentialCreationOptionsJSON',
  })

export const newPasskeySchema = z
  .strictObject({
    label: z.string().trim().min(1).max(100).describe('What to call it'),
    created: z
      .object({
        id: credentialId,
        rawId: credentialId,
        type: z.literal('public-key'),
        response: z.object({
          clientDataJSON: bytes,
          attestationObject: bytes,
          transports: z.array(z.string().max(20)).max(10).default([]),
        }),
      })
      .describe('RegistrationResponseJSON of the browser'),
    tap: tapSchema.optional().describe('Of a passkey that one has already'),
  })
  .openapi('NewPasskey')

export const passkeyOfferSchema = z
  .object({
    create: creationSchema,
    tap: tapRequestSchema
      .nullable()
      .describe('To be answered too, by a passkey that one has already; null: one has none'),
  })
  .openapi('PasskeyOffer')

export const passkeyRemovalSchema = z
  .strictObject({ tap: tapSchema.optional().describe('Of any of one’s own, where it is one’s own') })
  .openapi('PasskeyRemoval')
