import { createRoute, type OpenAPIHono, z } from '@hono/zod-openapi'
import { allowedCommands } from '../../people/index.ts'
import { type ApiEnv, needs } from '../access.ts'
import type { ApiDeps } from '../deps.ts'
import { failures, json } from '../describe.ts'
import { meSchema } from '../people-schemas.ts'

const healthSchema = z
  .object({
    status: z.enum(['ok', 'degraded']),
    version: z.string(),
    ledger: z.object({ state: z.enum(['open', 'failed', 'closed']) }),
  })
  .openapi('Health')

const health = createRoute({
  method: 'get',
  path: '/api/health',
  summary: 'Whether the server works; needs no token',
  security: [],
  responses: {
    200: json(healthSchema, 'All is well'),
    503: json(healthSchema, 'The record cannot be written: every door refuses'),
  },
})

const me = createRoute({
  ...needs('read'),
  method: 'get',
  path: '/api/me',
  summary: 'Who the token or session belongs to and how far it goes, and which server this is',
  responses: {
    ...failures,
    200: json(meSchema, 'The caller'),
  },
})

export function serverRoutes(app: OpenAPIHono<ApiEnv>, deps: ApiDeps): void {
  const { ledger, version } = deps

  app.openapi(health, (c) => {
    const { state } = ledger
    return state === 'open'
      ? c.json({ status: 'ok', version, ledger: { state } } as const, 200)
      : c.json({ status: 'degraded', version, ledger: { state } } as const, 503)
  })

  app.openapi(me, (c) => {
    const caller = c.get('person')
    const { id, name, kind, groups, roles } = caller
    const issued = deps.people.tokenOf(c.get('token'))
    const access = {
      session: issued?.session ?? false,
      scope: issued?.scope ?? null,
      expiresAt: issued?.expiresAt ?? null,
      commands: allowedCommands(caller),
    }
    const server = {
      version,
      rules: deps.rules.current().version,
      ledger: { state: ledger.state, size: ledger.head.size },
    }
    const absence = deps.absences.of(id) ?? null
    const standsInFor = deps.absences.deputyFor(id)
    return c.json({ person: { id, name, kind, groups, roles }, absence, standsInFor, access, server }, 200)
  })
}
