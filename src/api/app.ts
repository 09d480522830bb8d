import { randomBytes } from 'node:crypto'
import { OpenAPIHono } from '@hono/zod-openapi'
import type { MiddlewareHandler } from 'hono'
import { bodyLimit } from 'hono/body-limit'
import { type ApiEnv, authenticated, workload } from './access.ts'
import { consoleFiles } from './console-files.ts'
import type { ApiDeps } from './deps.ts'
import { answerError, errorBody } from './errors.ts'
import { HoldFeed } from './hold-feed.ts'
import { knownHost } from './host-check.ts'
import { actionRoutes } from './routes/actions.ts'
import { changeRoutes } from './routes/changes.ts'
import { doorRoutes } from './routes/doors.ts'
import { eventRoutes } from './routes/events.ts'
import { holdRoutes } from './routes/holds.ts'
import { lockRoutes } from './routes/locks.ts'
import { notifyRoutes } from './routes/notify.ts'
import { passkeyRoutes } from './routes/passkeys.ts'
import { peopleRoutes } from './routes/people.ts'
import { recordRoutes } from './routes/record.ts'
import { ruleCanaryRoutes } from './routes/rule-canary.ts'
import { ruleVersionRoutes } from './routes/rule-versions.ts'
import { rulesRoutes } from './routes/rules.ts'
import { serverRoutes } from './routes/server.ts'
import { signInRoutes } from './routes/sign-in.ts'
import { sameOriginOnly } from './same-origin.ts'
import { securityHeaders } from './security-headers.ts'
import { sessionCookieName } from './session-cookie.ts'

/** Bytes of a request body; nothing that people send is near it. */
const bodyAtMost = 64 * 1024
/** Where a body holds a rule file or the SQL of a change, which may have 1 MiB; as JSON it is longer. */
const ruleBodyAtMost = 2 * 1024 * 1024
const ruleBodies: ReadonlySet<string> = new Set([
  '/api/rules/check',
  '/api/rules/versions',
  '/api/rules/canary',
  '/api/ci/changes',
])

export type Api = OpenAPIHono<ApiEnv>

/** The HTTP API with the console beside it, as a function from request to response. */
export function createApi(deps: ApiDeps): Api {
  const log = deps.log ?? (() => undefined)
  const parts = { ...deps, feed: new HoldFeed(deps.holds, randomBytes(6).toString('hex'), deps.onWaiting) }
  const app: Api = new OpenAPIHono<ApiEnv>({
    defaultHook: (result, c) => {
      if (result.success) return
      const issue = result.error.issues[0]
      const where = issue === undefined || issue.path.length === 0 ? '' : `${issue.path.join('.')}: `
      const hint = 'what each route takes stands in /openapi.json'
      return c.json(errorBody('invalid_request', `${where}${issue?.message ?? 'The request is not valid'}.`, hint), 400)
    },
  })
  app.onError((error, c) => answerError(error, c, log))
  app.notFound((c) => c.json(errorBody('not_found', `There is nothing at ${c.req.path}.`), 404))

  app.use(securityHeaders(), knownHost(deps.publicUrl))
  app.use('/api/ci/*', workload(deps))
  app.use('/api/*', sameOriginOnly(deps.publicUrl), authenticated(deps.people, deps.locks, deps.publicUrl), jsonOnly)
  const [body, ruleBody] = [atMost(bodyAtMost), atMost(ruleBodyAtMost)]
  app.use('/api/*', (c, next) => (ruleBodies.has(c.req.path) ? ruleBody : body)(c, next))

  serverRoutes(app, deps)
  signInRoutes(app, deps)
  doorRoutes(app, deps)
  holdRoutes(app, parts)
  actionRoutes(app, deps)
  recordRoutes(app, deps)
  rulesRoutes(app, deps)
  ruleVersionRoutes(app, deps)
  ruleCanaryRoutes(app, deps)
  peopleRoutes(app, deps)
  passkeyRoutes(app, deps)
  lockRoutes(app, deps)
  changeRoutes(app, deps)
  notifyRoutes(app, deps)
  eventRoutes(app, parts)

  app.openAPIRegistry.registerComponent('securitySchemes', 'bearer', {
    type: 'http',
    scheme: 'bearer',
    description: 'A token that an admin issued, or that was asked for at a sign-in: sp_…',
  })
  app.openAPIRegistry.registerComponent('securitySchemes', 'session', {
    type: 'apiKey',
    in: 'cookie',
    name: sessionCookieName(deps.publicUrl),
    description: 'What a browser has after a sign-in; taken from pages of this server only',
  })
  app.doc31('/openapi.json', {
    openapi: '3.1.0',
    info: {
      title: 'Sallyport',
      version: deps.version,
      description: 'Holds, votes and the record. `x-sallyport-command` names what a role must include for a route.',
    },
    servers: [{ url: deps.publicUrl }],
    security: [{ bearer: [] }, { session: [] }],
  })

  // Under /api an unknown path is an error; elsewhere it may be a page of the console.
  app.all('/api/*', (c) => c.notFound())
  app.use('*', consoleFiles(deps.consoleDir))
  return app
}

function atMost(bytes: number): MiddlewareHandler<ApiEnv> {
  const tooLarge = errorBody('invalid_request', `A request body has at most ${bytes / 1024} KiB here.`)
  const limit = bodyLimit({ maxSize: bytes, onError: (c) => c.json(tooLarge, 413) })
  return async (c, next) => {
    // Over HTTP a body has its length said, or there is none (RFC 9112, 6.3). The limit's way to count one of unknown
    // length, a Request made from a Request, fails on the kind that comes from Node's server.
    if (c.env?.outgoing !== undefined) {
      if (c.req.header('transfer-encoding') !== undefined) return c.json(lengthNeeded, 411)
      if (c.req.header('content-length') === undefined) return next()
    }
    return limit(c, next)
  }
}

const lengthNeeded = errorBody('invalid_request', 'Say how long the body is: send Content-Length, not chunks.')

/** A form of another site can send text/plain without asking; JSON it cannot. */
const jsonOnly: MiddlewareHandler = async (c, next) => {
  const type = c.req.header('content-type')?.split(';')[0]?.trim().toLowerCase()
  if (c.req.method !== 'POST' || type === 'application/json') return next()
  return c.json(errorBody('invalid_request', 'The body must be application/json.'), 415)
}
