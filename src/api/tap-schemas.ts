import { z } from '@hono/zod-openapi'

/** The shapes of a tap: those of WebAuthn level 3, 5.1.8 to 5.1.10, as browsers read and write them as JSON. */

export const bytes = z
  .string()
  .max(16_384)
  .regex(/^[A-Za-z0-9_-]*$/, 'base64url without padding')
export const credentialId = bytes.min(1).max(1_400)

export const descriptors = z.array(
  z.object({ id: z.string(), type: z.string(), transports: z.array(z.string()).optional() }),
)
export const verification = z.enum(['required', 'preferred', 'discouraged'])

export const tapRequestSchema = z
  .object({
    challenge: z.string(),
    timeout: z.number().int().optional(),
    rpId: z.string().optional(),
    allowCredentials: descriptors.optional(),
    userVerification: verification.optional(),
  })
  .openapi('TapRequest', { description: 'For navigator.credentials.get: PublicKeyCredentialRequestOptionsJSON' })

/** AuthenticationResponseJSON; what else a browser says is not looked at. */
export const tapSchema = z
  .object({
    id: credentialId,
    rawId: credentialId,
    type: z.literal('public-key'),
    response: z.object({
      authenticatorData: bytes,
      clientDataJSON: bytes,
      signature: bytes,
      userHandle: bytes.nullable().optional(),
    }),
  })
  .openapi('Tap')

/** The tap as people/ takes it: what was left out is not there. */
export function tapAnswer({ response: { userHandle, ...response }, ...tap }: z.output<typeof tapSchema>) {
  return {
    ...tap,
    clientExtensionResults: {},
    response: { ...response, ...(userHandle == null ? {} : { userHandle }) },
  }
}
