import { createRemoteJWKSet, customFetch, type JWTVerifyGetKey } from 'jose'
import { z } from 'zod'
import { SallyportError } from '../../errors/index.ts'
import { fetchJson, isTrustworthy } from './limited-fetch.ts'

/** Milliseconds that keys, and where they are, may be used without looking again. */
const keysKept = 10 * 60_000
const discoveryKept = 60 * 60_000
/** Milliseconds between two looks for a key that is not known, or at an issuer that did not answer. */
const cooldown = 30_000

const discoverySchema = z.object({ issuer: z.string(), jwks_uri: z.string().refine(isTrustworthy) })

/** Where the keys of one issuer are, as it says itself (OpenID Connect Discovery 1.0, section 4). */
export class IssuerKeys {
  readonly #url: string
  readonly #fetch: typeof fetch
  readonly #now: () => number
  #found: { readonly keys: Promise<JWTVerifyGetKey>; readonly until: number } | undefined

  constructor(url: string, fetching: typeof fetch, now: () => number) {
    this.#url = url
    this.#fetch = fetching
    this.#now = now
  }

  /** @throws SallyportError `upstream_unreachable` */
  get(): Promise<JWTVerifyGetKey> {
    if (this.#found === undefined || this.#now() >= this.#found.until) {
      const keys = this.#discover()
      this.#found = { keys, until: this.#now() + discoveryKept }
      keys.catch(() => {
        this.#found = { keys, until: this.#now() + cooldown }
      })
    }
    return this.#found.keys
  }

  async #discover(): Promise<JWTVerifyGetKey> {
    const address = `${this.#url.replace(/\/$/, '')}/.well-known/openid-configuration`
    const parsed = discoverySchema.safeParse(await fetchJson(address, this.#fetch))
    if (!parsed.success || parsed.data.issuer !== this.#url) {
      throw new SallyportError('upstream_unreachable', `What is at ${address} does not describe ${this.#url}.`)
    }
    return createRemoteJWKSet(new URL(parsed.data.jwks_uri), {
      cooldownDuration: cooldown,
      cacheMaxAge: keysKept,
      [customFetch]: async (url) => Response.json(await fetchJson(url, this.#fetch)),
    })
  }
}
