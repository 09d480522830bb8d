import type { MiddlewareHandler } from 'hono'
import { SallyportError } from '../errors/index.ts'
import type { Locks } from '../locks/index.ts'
import { authorize, type Command, type People, type Person } from '../people/index.ts'

/** What stands in the context of a request that was let in. */
export interface ApiEnv {
  /** The response under the request, where it came over HTTP (see startApi). */
  Bindings: { outgoing?: { destroy(): unknown } }
  Variables: { person: Person; token: string }
}

/** Paths under /api that answer without a token. */
const openPaths: ReadonlySet<string> = new Set(['/api/health'])

/** Lets nobody unknown past, wherever under /api they go: a route that was forgotten is closed, not open. */
export function authenticated(people: People, locks: Pick<Locks, 'onPerson'>): MiddlewareHandler<ApiEnv> {
  return async (c, next) => {
    if (openPaths.has(c.req.path)) return next()
    const [, token] = /^Bearer +(\S+) *$/i.exec(c.req.header('authorization') ?? '') ?? []
    const person = token === undefined ? undefined : people.authenticate(token)
    if (token === undefined || person === undefined) {
      throw new SallyportError(
        'unauthenticated',
        token === undefined
          ? 'Sign in: no bearer token was sent.'
          : 'The token is unknown, has expired or was revoked.',
        { hint: 'send the header "Authorization: Bearer sp_…"; an admin issues tokens' },
      )
    }
    const lock = locks.onPerson(person.id)
    if (lock !== undefined) {
      throw new SallyportError('forbidden', `Locked: ${lock.message}`, { hint: `talk to ${lock.by}` })
    }
    c.set('person', person)
    c.set('token', token)
    return next()
  }
}

/** What a route says of itself: the one command it is, checked before its handler and told in the API description. */
export function needs(command: Command) {
  const check: MiddlewareHandler<ApiEnv> = async (c, next) => {
    demand(c.get('person'), command)
    return next()
  }
  return { middleware: check, security: [{ bearer: [] }], 'x-sallyport-command': command }
}

/** @throws SallyportError `forbidden` where a person's roles do not include a command */
export function demand(person: Person, command: Command): void {
  const { allowed, reason } = authorize(person, command)
  if (!allowed) throw new SallyportError('forbidden', reason)
}
