import { createRoute, type OpenAPIHono, z } from '@hono/zod-openapi'
import { effects, outcomes } from '../../action/index.ts'
import { SallyportError } from '../../errors/index.ts'
import { settlements } from '../../ledger/index.ts'
import { type ActionFilter, countDimensions, noSuchAction } from '../../search/index.ts'
import { type ApiEnv, needs } from '../access.ts'
import type { ApiDeps } from '../deps.ts'
import { failures, json } from '../describe.ts'
import { actionPageSchema, actionRecordSchema, countsSchema, entrySchema, indexStatusSchema } from '../schemas.ts'

const minuteMs = 60_000
const dayMs = 24 * 60 * minuteMs
/** Buckets of a chart where none are asked for, and at most. */
const bucketsUsual = 240
const bucketsAtMost = 1_500
/** Widths of buckets that divide hours and days, in minutes. */
const steps = [1, 2, 5, 10, 15, 30, 60, 120, 180, 360, 720, 1_440, 10_080] as const

/** One value, or the member given several times: any of them. */
const some = <T extends z.ZodType<string>>(value: T) =>
  z
    .union([value, z.array(value).max(50)])
    .transform((given) => (Array.isArray(given) ? given : [given]))
    .optional()

const text = z.string().min(1).max(1_000)
const time = z.iso.datetime({ offset: true })

const filterShape = {
  actor: some(text).openapi({ description: 'Actor id or name' }),
  effect: some(z.enum(effects)),
  verdict: some(z.enum([...outcomes, 'none'])).openapi({ description: '`none`: not judged' }),
  rule: some(text),
  door: some(text),
  resource: some(text).openapi({ description: 'Name of a table, role, … as resolved' }),
  operation: some(text).openapi({ description: 'In the words of the target, such as DELETE' }),
  outcome: some(z.enum([...settlements, 'open'])).openapi({ description: '`open`: not over' }),
  hold: some(text),
  session: some(text),
  since: time.optional().openapi({ description: 'Put on the record at this time or later' }),
  until: time.optional().openapi({ description: 'Put on the record before this time' }),
  text: text
    .optional()
    .openapi({ description: 'Words that all occur; "several words" as a phrase; begin* as a beginning' }),
}

const find = createRoute({
  ...needs('read'),
  method: 'get',
  path: '/api/actions',
  summary: 'Actions and what became of them, newest first',
  description:
    'From the search index, which follows the ledger: `index.lag` says by how many entries it is behind. A filter given ' +
    'several times takes any of its values; several filters must all fit. For the next page give `next` as `before`: ' +
    'actions that arrive in between change nothing about it.',
  request: {
    query: z.object({
      ...filterShape,
      limit: z.coerce.number().int().min(1).max(500).default(50),
      before: z.coerce.number().int().nonnegative().optional().describe('Only those that stand before this entry'),
    }),
  },
  responses: {
    ...failures,
    200: json(actionPageSchema, 'Actions'),
  },
})

const counts = createRoute({
  ...needs('read'),
  method: 'get',
  path: '/api/actions/counts',
  summary: 'How many actions there were over time',
  request: {
    query: z.object({
      by: z.enum(countDimensions).default('verdict'),
      since: time.optional().describe('Default: a day before `until`'),
      until: time.optional().describe('Default: now'),
      step: z.coerce.number().int().min(60).optional().describe('Width of a bucket in seconds, whole minutes'),
    }),
  },
  responses: { ...failures, 200: json(countsSchema, 'Counts') },
})

const status = createRoute({
  ...needs('read'),
  method: 'get',
  path: '/api/actions/index',
  summary: 'How far the search index is behind the ledger',
  responses: { ...failures, 200: json(indexStatusSchema, 'Status') },
})

const rebuild = createRoute({
  ...needs('index.rebuild'),
  method: 'post',
  path: '/api/actions/index/rebuild',
  summary: 'Drop the search index and build it anew from the ledger',
  description:
    'Nothing waits for it, and nothing of the record is lost; until it is done, older actions are missing here.',
  responses: { ...failures, 200: json(indexStatusSchema, 'Begun') },
})

const story = createRoute({
  ...needs('read'),
  method: 'get',
  path: '/api/actions/{id}',
  summary: 'One action: what became of it, and every entry of the ledger that speaks of it',
  request: { params: z.object({ id: z.string().max(200) }) },
  responses: {
    ...failures,
    200: json(
      z.object({ action: actionRecordSchema, entries: z.array(entrySchema).readonly() }).openapi('ActionStory'),
      'The action, complete, and its entries in order',
    ),
  },
})

export function actionRoutes(app: OpenAPIHono<ApiEnv>, { search }: ApiDeps): void {
  app.openapi(find, async (c) => {
    const { limit, before, ...given } = c.req.valid('query')
    const filter: ActionFilter = defined(given)
    const actions = await search.find(filter, { limit, ...(before === undefined ? {} : { before }) })
    const next = actions.length < limit ? null : (actions.at(-1)?.index ?? null)
    return c.json({ actions, next, index: search.status() }, 200)
  })

  app.openapi(counts, async (c) => {
    const { by, since, until, step } = c.req.valid('query')
    const end = until === undefined ? Date.now() : Date.parse(until)
    const start = since === undefined ? end - dayMs : Date.parse(since)
    if (start >= end) throw new SallyportError('invalid_request', 'since must be before until.')
    const minutes = (end - start) / minuteMs
    const width = step === undefined ? usualStep(minutes) : Math.ceil(step / 60)
    if (minutes / width > bucketsAtMost) {
      throw new SallyportError('invalid_request', `That are more than ${bucketsAtMost} buckets.`, {
        hint: 'Ask for a wider step or a shorter time.',
      })
    }
    return c.json(await search.counts({ by, since: start, until: end, step: width }), 200)
  })

  app.openapi(status, (c) => c.json(search.status(), 200))

  app.openapi(rebuild, async (c) => {
    await search.rebuild(`asked for by ${c.get('person').id}`)
    return c.json(search.status(), 200)
  })

  // After the paths that it would swallow.
  app.openapi(story, async (c) => {
    const { id } = c.req.valid('param')
    const found = await search.story(id)
    if (found === null) throw noSuchAction(id)
    return c.json({ action: found.record, entries: found.entries }, 200)
  })
}

function usualStep(minutes: number): number {
  return steps.find((step) => minutes / step <= bucketsUsual) ?? Math.ceil(minutes / bucketsUsual)
}

/** Without the members that were not given. */
function defined<T extends object>(given: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  const out: { [K in keyof T]?: Exclude<T[K], undefined> } = {}
  for (const name in given) {
    const value = given[name]
    if (isDefined(value)) out[name] = value
  }
  return out
}

function isDefined<T>(value: T): value is Exclude<T, undefined> {
  return value !== undefined
}
