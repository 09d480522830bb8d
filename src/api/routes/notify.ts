import { createRoute, type OpenAPIHono, z } from '@hono/zod-openapi'
import { type ApiEnv, needs } from '../access.ts'
import type { ApiDeps } from '../deps.ts'
import { failures, json } from '../describe.ts'
import { channelSchema, notifyTestSchema } from '../notify-schemas.ts'

const list = createRoute({
  ...needs('read'),
  method: 'get',
  path: '/api/notify',
  summary: 'The channels that people are told through, and how it stands with each',
  responses: { ...failures, 200: json(z.object({ channels: z.array(channelSchema).readonly() }), 'Channels') },
})

const test = createRoute({
  ...needs('notify.test'),
  method: 'post',
  path: '/api/notify/{channel}/test',
  summary: 'Send a test message now, once',
  request: { params: z.object({ channel: z.string().max(64) }) },
  responses: {
    ...failures,
    200: json(notifyTestSchema, 'What became of it'),
  },
})

export function notifyRoutes(app: OpenAPIHono<ApiEnv>, { notify }: ApiDeps): void {
  app.openapi(list, (c) => c.json({ channels: notify.status() }, 200))

  app.openapi(test, async (c) => {
    const { delivered, problem = null } = await notify.test(c.req.valid('param').channel, c.get('person').id)
    return c.json({ delivered, problem }, 200)
  })
}
