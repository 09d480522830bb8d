import { createRoute, type OpenAPIHono, z } from '@hono/zod-openapi'
import { type ApiEnv, needs } from '../access.ts'
import type { ApiParts } from '../deps.ts'
import { failures } from '../describe.ts'
import { eventStream } from '../event-stream.ts'

const events = createRoute({
  ...needs('read'),
  method: 'get',
  path: '/api/events',
  summary: 'What changes, as it changes',
  description:
    'Server-sent events: `hold` (a Hold as the caller sees it), `rules` ({ version }), `change` ({ change, state }), `ledger` ({ state, size }). ' +
    'First comes `hello` ({ run, seq, resumed }): from change `seq` of this run of the server on, every change of a ' +
    'hold follows, numbered without gaps. A list of holds says at which change it was made (`at`); one that was made ' +
    'before `seq`, or in another run, may lack something and should be asked for again. ' +
    'With Last-Event-ID the stream goes on where the last one ended, where that is still known (`resumed`: what was ' +
    'missed has been sent before `hello`). `pulse` ({ run, seq }) comes every 15 s: whoever has not seen change `seq` ' +
    'by then has lost something. Whoever reads too slowly is disconnected and should connect again.',
  request: {
    headers: z.object({ 'last-event-id': z.string().max(128).optional().describe('The id of the last event seen') }),
  },
  responses: {
    ...failures,
    200: { description: 'Events', content: { 'text/event-stream': { schema: z.string() } } },
  },
})

export function eventRoutes(app: OpenAPIHono<ApiEnv>, deps: ApiParts): void {
  app.openapi(events, (c) => {
    const outgoing = c.env?.outgoing
    const caller = {
      token: c.get('token'),
      lastSeen: c.req.valid('header')['last-event-id'],
      hangUp: outgoing === undefined ? undefined : () => void outgoing.destroy(),
    }
    return c.body(eventStream(caller, deps), 200, {
      'content-type': 'text/event-stream; charset=utf-8',
      // A proxy that collects the answer before passing it on would keep every event back.
      'x-accel-buffering': 'no',
    })
  })
}
