import { createRoute, type OpenAPIHono, z } from '@hono/zod-openapi'
import { type ApiEnv, needs } from '../access.ts'
import type { ApiDeps } from '../deps.ts'
import { failures } from '../describe.ts'
import { eventStream } from '../event-stream.ts'

const events = createRoute({
  ...needs('read'),
  method: 'get',
  path: '/api/events',
  summary: 'What changes, as it changes',
  description:
    'Server-sent events: `hold` (a Hold as the caller sees it), `rules` ({ version }), `ledger` ({ state, size }). ' +
    'The state of rules and ledger comes at once; a comment at least every 15 s keeps the line open. ' +
    'Whoever reads too slowly is disconnected and should connect again.',
  responses: {
    ...failures,
    200: { description: 'Events', content: { 'text/event-stream': { schema: z.string() } } },
  },
})

export function eventRoutes(app: OpenAPIHono<ApiEnv>, deps: ApiDeps): void {
  app.openapi(events, (c) => {
    const outgoing = c.env?.outgoing
    const hangUp = outgoing === undefined ? undefined : () => void outgoing.destroy()
    return c.body(eventStream(c.get('token'), deps, hangUp), 200, {
      'content-type': 'text/event-stream; charset=utf-8',
      // A proxy that collects the answer before passing it on would keep every event back.
      'x-accel-buffering': 'no',
    })
  })
}
