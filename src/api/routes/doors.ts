import { createRoute, type OpenAPIHono, z } from '@hono/zod-openapi'
import { SallyportError } from '../../errors/index.ts'
import { type ApiEnv, needs } from '../access.ts'
import type { ApiDeps } from '../deps.ts'
import { failures, json } from '../describe.ts'
import { doorSchema, sessionSchema } from '../schemas.ts'

const doorParam = z.object({ door: z.string().max(200) })
const sessionParam = z.object({ door: z.string().max(200), session: z.string().max(64) })

const doors = createRoute({
  ...needs('read'),
  method: 'get',
  path: '/api/doors',
  summary: 'The doors and how busy they are',
  responses: { ...failures, 200: json(z.object({ doors: z.array(doorSchema).readonly() }), 'Doors') },
})

const sessions = createRoute({
  ...needs('read'),
  method: 'get',
  path: '/api/doors/{door}/sessions',
  summary: 'Who is connected at a door',
  request: { params: doorParam },
  responses: { ...failures, 200: json(z.object({ sessions: z.array(sessionSchema).readonly() }), 'Sessions') },
})

const end = createRoute({
  ...needs('sessions.end'),
  method: 'delete',
  path: '/api/doors/{door}/sessions/{session}',
  summary: 'End a connection; what waits in it is withdrawn, and it goes on the record',
  request: { params: sessionParam },
  responses: { ...failures, 204: { description: 'Ended' } },
})

export function doorRoutes(app: OpenAPIHono<ApiEnv>, deps: ApiDeps): void {
  const known = (door: string) => {
    const found = deps.sessions.list(door)
    if (found === undefined) throw new SallyportError('not_found', `There is no door ${door}.`)
    return found
  }

  app.openapi(doors, (c) => c.json({ doors: deps.doors() }, 200))

  app.openapi(sessions, (c) => c.json({ sessions: known(c.req.valid('param').door) }, 200))

  app.openapi(end, async (c) => {
    const { door, session } = c.req.valid('param')
    const found = known(door).find(({ id }) => id === session)
    if (found === undefined) throw new SallyportError('not_found', 'That session has ended already.')
    const by = c.get('person').id
    // On the record first, as everything that takes effect.
    await deps.ledger.append('session.ended', { door, session, actor: found.actor.id, by }).durable
    deps.sessions.end(door, session, by)
    return c.body(null, 204)
  })
}
