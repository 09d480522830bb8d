import { z } from 'zod'
import { isLoopback } from './address.ts'
import { duration, httpUrl, longestWait } from './values.ts'

/** Whole names, or their beginnings with a * behind. */
const patterns = z
  .array(
    z
      .string()
      .min(1)
      .max(512)
      .regex(/^[^*]*\*?$/, 'a * may stand at the end only'),
  )
  .min(1)

/** Who may open changes, and who approves them. */
export const changesSchema = z
  .strictObject({
    issuers: z
      .array(
        z.strictObject({
          name: z
            .string()
            .regex(/^[a-z0-9][a-z0-9-]{0,62}$/, 'lower-case letters, digits and -, such as github')
            .describe('What to call it on the record; people who set runs off are `<name>:<login>`'),
          url: httpUrl
            .refine(isTrusted, 'an issuer is reached over https, or on this machine')
            .describe('As it stands in `iss`; its keys are found from there'),
          audience: z.string().min(1).describe('What must stand in `aud`'),
          provider: z.enum(['github', 'gitlab']).default('github').describe('Whose names the claims have'),
          repositories: patterns.describe(
            'Repositories whose runs may open changes; a * at the end stands for anything',
          ),
          refs: patterns.describe('Refs of these runs, such as `refs/heads/main`; a * at the end stands for anything'),
          environments: patterns.optional().describe('Deployment environments of these runs. Default: any, or none'),
        }),
      )
      .max(20)
      .default([])
      .describe('Issuers of OIDC tokens whose workloads may open changes. Default: none'),
    approvals: z.int().min(1).max(10).default(1).describe('People who have to approve a change'),
    from: z
      .array(z.string().min(1).max(128))
      .max(50)
      .default([])
      .describe('Groups that they are of, any one of them. Default: any reviewer'),
    longest: duration('1m', longestWait).prefault('24h').describe('Longest that a change may last, review included'),
  })
  .prefault({})

function isTrusted(address: string): boolean {
  const { protocol, hostname } = new URL(address)
  return protocol === 'https:' || isLoopback(hostname.replace(/^\[|\]$/g, ''))
}
