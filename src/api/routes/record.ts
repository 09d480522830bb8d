import { createRoute, type OpenAPIHono, z } from '@hono/zod-openapi'
import type { Entry } from '../../ledger/index.ts'
import { type ApiEnv, needs } from '../access.ts'
import type { ApiDeps } from '../deps.ts'
import { failures, json } from '../describe.ts'
import { entrySchema, ledgerHeadSchema, verificationSchema } from '../schemas.ts'

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
    200: json(ledgerHeadSchema, 'Size, and the hash over all entries'),
  },
})

const proof = createRoute({
  ...needs('read'),
  method: 'get',
  path: '/api/ledger/entries/{index}/proof',
  summary: 'The proof that an entry is on the record, to be checked with the verifier key alone',
  description:
    'The file that `sallyport ledger prove` writes and `sallyport ledger verify-proof` checks (C2SP tlog-proof, with the entry itself). The newest entries are under a checkpoint within a moment.',
  request: { params: z.object({ index }) },
  responses: {
    ...failures,
    200: { description: 'The proof', content: { 'text/plain': { schema: z.string() } } },
  },
})

const key = createRoute({
  ...needs('read'),
  method: 'get',
  path: '/api/ledger/key',
  summary: 'The verifier key of the log, as `sallyport ledger key` prints it; keep it elsewhere',
  responses: { ...failures, 200: json(z.object({ key: z.string() }), 'The key') },
})

const verify = createRoute({
  ...needs('read'),
  method: 'post',
  path: '/api/ledger/verify',
  summary: 'Read the whole ledger on the disk and check all of it; who asks while it runs gets the same answer',
  request: { body: { required: false, content: { 'application/json': { schema: z.object({}) } } } },
  responses: { ...failures, 200: json(verificationSchema, 'What was found') },
})

export function recordRoutes(app: OpenAPIHono<ApiEnv>, deps: ApiDeps): void {
  const { ledger } = deps
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

  app.openapi(proof, async (c) => c.text(await deps.publicLog.prove(c.req.valid('param').index), 200))

  app.openapi(key, (c) => c.json({ key: deps.publicLog.key }, 200))

  const verifier = new Verifier(deps.verify)
  app.openapi(verify, async (c) => c.json(await verifier.run(), 200))
}

/** Checks the ledger, one time at a time: it reads all of it. */
class Verifier {
  readonly #verify: ApiDeps['verify']
  #running: Promise<z.output<typeof verificationSchema>> | undefined

  constructor(verify: ApiDeps['verify']) {
    this.#verify = verify
  }

  run(): Promise<z.output<typeof verificationSchema>> {
    this.#running ??= this.#run().finally(() => {
      this.#running = undefined
    })
    return this.#running
  }

  async #run() {
    const began = Date.now()
    const { ok, entries, head, segments, checkpoint, problems } = await this.#verify()
    const at = new Date(began).toISOString()
    return { ok, entries, head, segments, checkpoint, problems: [...problems], at, milliseconds: Date.now() - began }
  }
}
