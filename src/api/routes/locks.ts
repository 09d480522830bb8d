import { createRoute, type OpenAPIHono, z } from '@hono/zod-openapi'
import { type ApiEnv, needs } from '../access.ts'
import type { ApiDeps } from '../deps.ts'
import { failures, json, jsonBody } from '../describe.ts'
import { lockInputSchema, lockSchema } from '../schemas.ts'

const list = createRoute({
  ...needs('read'),
  method: 'get',
  path: '/api/locks',
  summary: 'The locks in force, newest first',
  responses: { ...failures, 200: json(z.object({ locks: z.array(lockSchema).readonly() }), 'Locks') },
})

const put = createRoute({
  ...needs('locks.manage'),
  method: 'post',
  path: '/api/locks',
  summary: 'Stop a person, an actor, a door or a resource now; live sessions are cut',
  request: { body: jsonBody(lockInputSchema) },
  responses: { ...failures, 201: json(lockSchema, 'The lock, in force') },
})

const lift = createRoute({
  ...needs('locks.manage'),
  method: 'delete',
  path: '/api/locks/{id}',
  summary: 'Lift a lock',
  request: {
    params: z.object({ id: z.string().max(64) }),
    query: z.object({ reason: z.string().max(2_000).default('') }),
  },
  responses: { ...failures, 204: { description: 'Lifted' } },
})

export function lockRoutes(app: OpenAPIHono<ApiEnv>, { locks }: ApiDeps): void {
  app.openapi(list, (c) => c.json({ locks: locks.list() }, 200))

  app.openapi(put, async (c) => {
    const { on, message, until } = c.req.valid('json')
    return c.json(await locks.put(on, { message, until, by: c.get('person').id }), 201)
  })

  app.openapi(lift, async (c) => {
    await locks.lift(c.req.valid('param').id, c.get('person').id, c.req.valid('query').reason)
    return c.body(null, 204)
  })
}
