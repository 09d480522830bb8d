import { decodeJwt, errors, type JWTPayload, jwtVerify } from 'jose'
import { errorMessage, SallyportError } from '../../errors/index.ts'
import type { WorkloadIdentity } from '../../ledger/index.ts'
import { IssuerKeys } from './issuer-keys.ts'

/**
 * Claims by provider.
 * https://docs.github.com/en/actions/reference/security/oidc
 * https://docs.gitlab.com/ci/secrets/id_token_authentication/#token-payload
 */
const claims = {
  github: { repository: 'repository', ref: 'ref', run: 'run_id', actor: 'actor' },
  gitlab: { repository: 'project_path', ref: 'ref_path', run: 'pipeline_id', actor: 'user_login' },
} as const

/** An issuer whose word about workloads counts, and whose workloads may open changes. */
export interface TrustedIssuer {
  readonly name: string
  /** As it stands in `iss`. */
  readonly url: string
  readonly audience: string
  /** Whose names its claims have. */
  readonly provider: keyof typeof claims
  /** Whole names, or their beginnings with a * behind. */
  readonly repositories: readonly string[]
  readonly refs: readonly string[]
  /** Deployment environments; left out: any, or none. */
  readonly environments?: readonly string[] | undefined
}

/** Signatures that nobody can make without the issuer's private key. */
const algorithms = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512', 'EdDSA']

/** Longest that a token may have been issued before it is shown, and what clocks may differ by, in seconds. */
const oldest = 3_600
const tolerance = 30

export interface IssuersOptions {
  readonly fetch?: typeof fetch
  readonly now?: () => number
}

/** Verifies who workloads are, by the tokens that their CI gave them. */
export class Issuers {
  readonly #issuers: ReadonlyMap<string, { readonly issuer: TrustedIssuer; readonly keys: IssuerKeys }>
  readonly #now: () => number

  constructor(issuers: readonly TrustedIssuer[], { fetch: fetching = fetch, now = Date.now }: IssuersOptions = {}) {
    this.#now = now
    this.#issuers = new Map(
      issuers.map((issuer) => [issuer.url, { issuer, keys: new IssuerKeys(issuer.url, fetching, now) }]),
    )
  }

  /**
   * @throws SallyportError `unauthenticated` (not a token of a trusted issuer), `forbidden` (one of a workload that
   * may not open changes), `upstream_unreachable` (its keys cannot be had)
   */
  async verify(token: string): Promise<WorkloadIdentity> {
    const trusted = this.#issuers.get(issuerOf(token))
    if (trusted === undefined) throw untrusted('no issuer that is configured has signed it')
    const { issuer, keys } = trusted
    const key = await keys.get()
    let payload: JWTPayload
    try {
      const verified = await jwtVerify(token, key, {
        issuer: issuer.url,
        audience: issuer.audience,
        algorithms,
        maxTokenAge: oldest,
        clockTolerance: tolerance,
        currentDate: new Date(this.#now()),
        requiredClaims: ['exp', 'sub'],
      })
      payload = verified.payload
    } catch (error) {
      if (error instanceof SallyportError) throw error
      if (error instanceof errors.JOSEError) throw untrusted(errorMessage(error))
      throw error
    }
    return identityOf(payload, issuer)
  }
}

function untrusted(why: string): SallyportError {
  return new SallyportError('unauthenticated', `The token of the workload is not trusted: ${why}.`, {
    hint: 'the issuer, its audience and its URL stand in changes.issuers of the configuration',
  })
}

/** What a token says of its issuer, unverified; '' where it is none. */
function issuerOf(token: string): string {
  try {
    return decodeJwt(token).iss ?? ''
  } catch {
    return ''
  }
}

function identityOf(payload: JWTPayload, issuer: TrustedIssuer): WorkloadIdentity {
  const named = claims[issuer.provider]
  const claim = (name: string): string => {
    const value = payload[name]
    if (typeof value === 'string' && value !== '') return value
    if (typeof value === 'number') return String(value)
    throw new SallyportError('forbidden', `The token of the workload has no claim ${name}.`)
  }
  const identity = {
    issuer: issuer.url,
    name: issuer.name,
    subject: claim('sub'),
    repository: claim(named.repository),
    ref: claim(named.ref),
    sha: claim('sha'),
    run: claim(named.run),
  }
  demand('repository', identity.repository, issuer.repositories)
  demand('ref', identity.ref, issuer.refs)
  if (issuer.environments !== undefined) demand('environment', claim('environment'), issuer.environments)
  return payload[named.actor] === undefined ? identity : { ...identity, actor: `${issuer.name}:${claim(named.actor)}` }
}

function demand(what: string, value: string, allowed: readonly string[]): void {
  const fits = (pattern: string) => (pattern.endsWith('*') ? value.startsWith(pattern.slice(0, -1)) : value === pattern)
  if (allowed.some(fits)) return
  throw new SallyportError('forbidden', `Workloads of the ${what} ${value} may not open changes.`, {
    hint: `changes.issuers of the configuration names those that may`,
  })
}
