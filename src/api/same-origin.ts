import type { Context, MiddlewareHandler } from 'hono'
import { errorBody } from './errors.ts'

const harmless: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS'])

/**
 * What changes something and comes from a browser must come from a page of this server: another site can make a
 * browser send the session's cookie along. Browsers say where a request comes from in Sec-Fetch-Site (W3C Fetch
 * Metadata), older ones and those without TLS in Origin. A request with a bearer token needs no such proof: no other
 * site can add one.
 */
export function sameOriginOnly(publicUrl: string): MiddlewareHandler {
  const known = new URL(publicUrl).origin
  return async (c, next) => {
    if (harmless.has(c.req.method) || c.req.header('authorization') !== undefined) return next()
    if (fromHere(c, known)) return next()
    return c.json(
      errorBody('forbidden', 'This request comes from a page of another site.', 'open the console itself'),
      403,
    )
  }
}

function fromHere(c: Context, known: string): boolean {
  const site = c.req.header('sec-fetch-site')
  // `none` is the person themselves; no page can make it, and only navigation is like that.
  if (site !== undefined) return site === 'same-origin'
  const origin = c.req.header('origin')
  if (origin !== undefined) return origin === known || hostOf(origin) === c.req.header('host')?.toLowerCase()
  // No browser: they all send one of the two. With a cookie nevertheless it is not taken at its word.
  return c.req.header('cookie') === undefined
}

function hostOf(origin: string): string | undefined {
  return URL.canParse(origin) ? new URL(origin).host : undefined
}
