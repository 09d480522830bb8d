import { createServer, type Server } from 'node:http'
import type { Configuration } from 'oidc-provider'

/** What an issuer says of a job, beside who issued it. */
export type JobClaims = Readonly<Record<string, string>>

export interface OidcIssuer {
  readonly url: string
  /** A token of a job, signed by the issuer. */
  token(claims: JobClaims, audience?: string): Promise<string>
  stop(): Promise<void>
}

const clientSecret = 'the-secret-of-the-runner'

/** Claims as GitHub Actions puts them. */
export const githubJob: JobClaims = {
  repository: 'acme/shop',
  ref: 'refs/heads/main',
  sha: '0123456789abcdef0123456789abcdef01234567',
  run_id: '4711',
  actor: 'dev',
  environment: 'production',
}

/**
 * A certified OpenID provider on a port of this machine. Jobs get their tokens by the client credentials grant, as JWT
 * access tokens with the claims of the job: what a CI system does for its own.
 */
export async function startOidcIssuer(): Promise<OidcIssuer> {
  const server = createServer()
  const url = await listening(server)
  let claims: JobClaims = {}
  const configuration: Configuration = {
    clients: [
      {
        client_id: 'runner',
        client_secret: clientSecret,
        grant_types: ['client_credentials'],
        redirect_uris: [],
        response_types: [],
      },
    ],
    ttl: { ClientCredentials: 300 },
    features: {
      devInteractions: { enabled: false },
      clientCredentials: { enabled: true },
      resourceIndicators: {
        enabled: true,
        getResourceServerInfo: (_, resource) => ({
          scope: '',
          audience: resource,
          accessTokenTTL: 300,
          accessTokenFormat: 'jwt',
          jwt: { sign: { alg: 'RS256' } },
        }),
      },
    },
    extraTokenClaims: () => ({ ...claims }),
  }
  const provider = await quietly(async () => {
    const { Provider } = await import('oidc-provider')
    return new Provider(url, configuration)
  })
  server.on('request', provider.callback())
  return {
    url,
    token: async (of, audience = 'urn:sallyport') => {
      claims = of
      const response = await fetch(`${url}/token`, {
        method: 'POST',
        headers: { authorization: `Basic ${Buffer.from(`runner:${clientSecret}`).toString('base64')}` },
        body: new URLSearchParams({ grant_type: 'client_credentials', resource: audience }),
      })
      const answer: unknown = await response.json()
      const token: unknown = Object(answer).access_token
      if (typeof token !== 'string') throw new Error(`no token: ${JSON.stringify(answer)}`)
      return token
    },
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

async function listening(server: Server): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('the issuer has no port')
  return `http://127.0.0.1:${address.port}`
}

/** It warns that keys and storage are for development, which this is, and that Node.js is not its newest. */
async function quietly<T>(make: () => Promise<T>): Promise<T> {
  const { warn, info } = console
  Object.assign(console, { warn: () => undefined, info: () => undefined })
  try {
    return await make()
  } finally {
    Object.assign(console, { warn, info })
  }
}
