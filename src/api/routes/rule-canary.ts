import { createRoute, type OpenAPIHono, z } from '@hono/zod-openapi'
import { type ApiEnv, needs } from '../access.ts'
import type { ApiDeps } from '../deps.ts'
import { failures, json, jsonBody } from '../describe.ts'
import { canaryInputSchema, canaryReportSchema } from '../rule-schemas.ts'

const path = '/api/rules/canary'

const report = createRoute({
  ...needs('read'),
  method: 'get',
  path,
  summary: 'How the candidate that is being tried, or was last, differs from the rules in force',
  responses: { ...failures, 200: json(z.object({ canary: canaryReportSchema.nullable() }), 'The report; null: none') },
})

const start = createRoute({
  ...needs('rules.manage'),
  method: 'post',
  path,
  summary: 'Judge everything by a candidate as well, for a while; nothing is decided by it',
  request: { body: jsonBody(canaryInputSchema) },
  responses: { ...failures, 201: json(canaryReportSchema, 'It has begun') },
})

const stop = createRoute({
  ...needs('rules.manage'),
  method: 'delete',
  path,
  summary: 'Stop trying the candidate',
  responses: { ...failures, 200: json(canaryReportSchema, 'The last report') },
})

export function ruleCanaryRoutes(app: OpenAPIHono<ApiEnv>, { canary, rulebook }: ApiDeps): void {
  app.openapi(report, (c) => c.json({ canary: canary.report() ?? null }, 200))

  app.openapi(start, async (c) => {
    const { files, until } = c.req.valid('json')
    const candidate = await rulebook.candidate(files)
    return c.json(await canary.start(candidate, { by: c.get('person').id, until }), 201)
  })

  app.openapi(stop, (c) => c.json(canary.stop(c.get('person').id), 200))
}
