import type { Context, MiddlewareHandler } from 'hono'
import { SallyportError } from '../errors/index.ts'
import type { WorkloadIdentity } from '../ledger/index.ts'
import type { Locks } from '../locks/index.ts'
import { authorize, type Caller, type Command, type People } from '../people/index.ts'
import type { ApiDeps } from './deps.ts'
import { sessionCookie } from './session-cookie.ts'

/** What stands in the context of a request that was let in. */
export interface ApiEnv {
  /** The response under the request, where it came over HTTP (see startApi). */
  Bindings: {
    outgoing?: { destroy(): unknown }
    incoming?: { readonly socket: { readonly remoteAddress?: string | undefined } }
  }
  /** `workload` under /api/ci where a change is opened; `person` and `token` everywhere else. */
  Variables: { person: Caller; token: string; workload: WorkloadIdentity }
}

/** The token in the Authorization header (RFC 6750, 2.1). */
export function bearerOf(c: Context): string | undefined {
  return /^Bearer +(\S+) *$/i.exec(c.req.header('authorization') ?? '')?.[1]
}

/** Paths under /api that answer without a token. */
const openPaths: ReadonlySet<string> = new Set([
  '/api/health',
  '/api/sign-in',
  '/api/sign-in/link',
  '/api/sign-in/passkey',
  '/api/sign-in/passkey/challenge',
  '/api/sign-out',
])

/** What workloads ask for: their tokens are none of people. */
const ofWorkloads = '/api/ci/'

/** Lets nobody unknown past, wherever under /api they go: a route that was forgotten is closed, not open. */
export function authenticated(
  people: People,
  locks: Pick<Locks, 'onPerson'>,
  publicUrl: string,
): MiddlewareHandler<ApiEnv> {
  const cookie = sessionCookie(publicUrl)
  return async (c, next) => {
    if (openPaths.has(c.req.path) || c.req.path.startsWith(ofWorkloads)) return next()
    // A header that is there decides: a token that is refused does not fall back to the cookie.
    const header = c.req.header('authorization')
    const token = header === undefined ? cookie.read(c) : bearerOf(c)
    const by = header === undefined ? 'cookie' : 'bearer'
    const person = token === undefined ? undefined : people.authenticate(token, by)
    if (token === undefined || person === undefined) {
      throw new SallyportError(
        'unauthenticated',
        token === undefined
          ? 'Sign in: no bearer token and no session was sent.'
          : 'The token or session is unknown, has expired or was ended.',
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

/** Under /api/ci: lets a workload past to open a change, and the run of a change to ask for it. */
export function workload({ changes, workloads }: Pick<ApiDeps, 'changes' | 'workloads'>): MiddlewareHandler<ApiEnv> {
  return async (c, next) => {
    const token = bearerOf(c)
    if (token === undefined) throw new SallyportError('unauthenticated', 'No token of a workload was sent.')
    if (c.req.path === `${ofWorkloads}changes`) c.set('workload', await workloads.verify(token))
    // Whether there is such a change is told to its run only.
    else if (c.req.path !== `${ofWorkloads}changes/${changes.bySecret(token)?.change}`) {
      throw new SallyportError('unauthenticated', 'This is not the secret of the change.')
    }
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
export function demand(person: Caller, command: Command): void {
  const { allowed, reason } = authorize(person, command)
  if (!allowed) throw new SallyportError('forbidden', reason)
}
