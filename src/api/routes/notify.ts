import { createRoute, type OpenAPIHono, z } from '@hono/zod-openapi'
import { channelKinds } from '../../notify/index.ts'
import { type ApiEnv, needs } from '../access.ts'
import type { ApiDeps } from '../deps.ts'
import { failures, json } from '../describe.ts'
import { time } from '../schemas.ts'

const channelSchema = z
  .object({
    name: z.string(),
    kind: z.enum(channelKinds),
    events: z.array(z.string()).readonly(),
    doors: z.array(z.string()).readonly().describe('Empty: every door'),
    perMinute: z.number().int().describe('0: no limit'),
    remindAfter: z.number().describe('Milliseconds; 0: never'),
    state: z.enum(['idle', 'working', 'failing']).describe('idle: nothing was sent since the start'),
    queued: z.number().int().describe('Notices that wait to be sent'),
    sent: z.number().int().describe('Messages that arrived since the start'),
    lost: z.number().int().describe('Notices that were given up since the start'),
    lastSentAt: time.nullable(),
    lastError: z
      .object({ at: time, message: z.string(), attempts: z.number().int() })
      .nullable()
      .describe('The newest; it stays when the channel works again'),
    nextAttemptAt: time.nullable(),
  })
  .openapi('NotifyChannel')

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
    200: json(
      z.object({ delivered: z.boolean(), problem: z.string().nullable() }).openapi('NotifyTest'),
      'What became of it',
    ),
  },
})

export function notifyRoutes(app: OpenAPIHono<ApiEnv>, { notify }: ApiDeps): void {
  app.openapi(list, (c) => c.json({ channels: notify.status() }, 200))

  app.openapi(test, async (c) => {
    const { delivered, problem = null } = await notify.test(c.req.valid('param').channel, c.get('person').id)
    return c.json({ delivered, problem }, 200)
  })
}
