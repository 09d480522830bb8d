import { createRoute, type OpenAPIHono, z } from '@hono/zod-openapi'
import type { Entry } from '../../ledger/index.ts'
import { type ApiEnv, needs } from '../access.ts'
import type { ApiDeps } from '../deps.ts'
import { failures, json } from '../describe.ts'
import { entrySchema } from '../schemas.ts'

const index = z.coerce.number().int().nonnegative()

const entries = createRoute({
  ...needs('read'),
  method: 'get',
  path: '/api/ledger/entries',
  summary: 'The ledger, entry by entry',
  request: {
    query: z.object({ from: index.default(0), limit: z.coerce.number().int().min(1).max(1_000).default(100) }),
  },
  responses: {
    ...failures,
    200: json(
      z.object({
        entries: z.array(entrySchema).readonly(),
        next: z.number().int().nullable().describe('Where to go on; null: this is the end for now'),
      }),
      'Entries that are durable',
    ),
  },
})

const head = createRoute({
  ...needs('read'),
  method: 'get',
  path: '/api/ledger/head',
  summary: 'Where the ledger ends',
  responses: {
    ...failures,
    200: json(
      z.object({ size: z.number().int(), hash: z.string(), state: z.enum(['open', 'failed', 'closed']) }),
      'Size, and the hash over all entries',
    ),
  },
})

export function recordRoutes(app: OpenAPIHono<ApiEnv>, { ledger }: ApiDeps): void {
  app.openapi(entries, async (c) => {
    const { from, limit } = c.req.valid('query')
    const found: Entry[] = []
    let next: number | null = null
    for await (const entry of from < ledger.head.size ? ledger.entries(from) : []) {
      if (found.length === limit) {
        next = entry.index
        break
      }
      found.push(entry)
    }
    return c.json({ entries: found, next }, 200)
  })

  app.openapi(head, (c) => c.json({ ...ledger.head, state: ledger.state }, 200))
}
