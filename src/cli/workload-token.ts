import { z } from 'zod'
import { SallyportError } from '../errors/index.ts'
import type { CliIo } from './io.ts'

const answerSchema = z.object({ value: z.string().min(1) })

/**
 * The OIDC token of the job that this runs in: SALLYPORT_OIDC_TOKEN (GitLab: `id_tokens`), or asked for where GitHub
 * Actions hands them out (https://docs.github.com/en/actions/reference/security/oidc).
 * @throws SallyportError `unauthenticated`, `upstream_unreachable`
 */
export async function workloadToken({ env, fetch }: CliIo, audience: string): Promise<string> {
  if (env.SALLYPORT_OIDC_TOKEN) return env.SALLYPORT_OIDC_TOKEN
  const { ACTIONS_ID_TOKEN_REQUEST_URL: url, ACTIONS_ID_TOKEN_REQUEST_TOKEN: token } = env
  if (!url || !token) {
    throw new SallyportError('unauthenticated', 'There is no OIDC token of a CI job here.', {
      hint: 'GitHub Actions: give the job "permissions: id-token: write". GitLab: id_tokens: SALLYPORT_OIDC_TOKEN. Elsewhere: set SALLYPORT_OIDC_TOKEN',
    })
  }
  try {
    const asked = new URL(url)
    asked.searchParams.set('audience', audience)
    const response = await fetch(asked, { headers: { authorization: `Bearer ${token}` }, redirect: 'error' })
    return answerSchema.parse(await response.json()).value
  } catch (cause) {
    throw new SallyportError('upstream_unreachable', 'GitHub Actions gave no OIDC token.', { cause })
  }
}
