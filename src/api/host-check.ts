import type { MiddlewareHandler } from 'hono'
import { errorBody } from './errors.ts'

/**
 * Answers only under the names this server is known by. A page of somebody else can make a browser resolve its own
 * name to 127.0.0.1 (DNS rebinding) and would then be same-origin with the console; the Host header gives it away.
 */
export function knownHost(publicUrl: string): MiddlewareHandler {
  const known = new URL(publicUrl).hostname.toLowerCase()
  return async (c, next) => {
    const name = hostName(c.req.header('host') ?? new URL(c.req.url).host)
    if (name !== undefined && (name === known || isLoopback(name))) return next()
    return c.json(
      errorBody('forbidden', 'This server does not answer under that name.', `use ${publicUrl}, or set publicUrl`),
      403,
    )
  }
}

/** The name in a Host header (RFC 9110, 7.2), as URLs write it; undefined where it is no host. */
function hostName(header: string): string | undefined {
  const url = `http://${header}/`
  if (!/^(\[[0-9a-f:.]+\]|[^\s/@?#:[\]\\]+)(:\d+)?$/i.test(header) || !URL.canParse(url)) return undefined
  return new URL(url).hostname
}

function isLoopback(name: string): boolean {
  return name === 'localhost' || name === '[::1]' || /^127\.\d+\.\d+\.\d+$/.test(name)
}
