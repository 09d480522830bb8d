import { createRoute, type OpenAPIHono, z } from '@hono/zod-openapi'
import { SallyportError } from '../../errors/index.ts'
import type { Hold, Yes } from '../../holds/index.ts'
import { type TapAnswer, voteStatement } from '../../people/index.ts'
import { type ApiEnv, demand, needs } from '../access.ts'
import type { ApiParts } from '../deps.ts'
import { failures, json, jsonBody } from '../describe.ts'
import { holdContext } from '../hold-context.ts'
import { viewHold } from '../hold-view.ts'
import {
  followUpSchema,
  forceSchema,
  holdContextSchema,
  holdSchema,
  holdsSchema,
  tapForSchema,
  voteSchema,
  withdrawalSchema,
} from '../schemas.ts'
import { tapAnswer, tapRequestSchema } from '../tap-schemas.ts'

/** Holds that are over pile up; those that are not are few, and a reviewer must see all of them. */
const closedShown = 50

const idParam = z.object({ id: z.string().max(64) })

const list = createRoute({
  ...needs('read'),
  method: 'get',
  path: '/api/holds',
  summary: 'Holds, newest first',
  request: {
    query: z.object({
      state: z
        .enum(['pending', 'closed', 'all', 'follow-up'])
        .default('pending')
        .describe('pending: every hold that is not over. follow-up: forced, and nobody has looked at it since'),
      limit: z.coerce.number().int().min(1).max(500).optional().describe('closed: 50 unless told'),
    }),
  },
  responses: { ...failures, 200: json(holdsSchema, 'Holds') },
})

const one = createRoute({
  ...needs('read'),
  method: 'get',
  path: '/api/holds/{id}',
  summary: 'One hold',
  request: { params: idParam },
  responses: { ...failures, 200: json(holdSchema, 'The hold') },
})

const context = createRoute({
  ...needs('read'),
  method: 'get',
  path: '/api/holds/{id}/context',
  summary: 'What the same actor did before, and what became of earlier holds like it',
  request: { params: idParam },
  responses: { ...failures, 200: json(holdContextSchema, 'What helps to decide') },
})

const vote = createRoute({
  ...needs('answer'),
  method: 'post',
  path: '/api/holds/{id}/votes',
  summary: 'Approve or reject; or confirm what one asked for oneself, where the rule leaves it to that',
  request: { params: idParam, body: jsonBody(voteSchema) },
  responses: { ...failures, 200: json(holdSchema, 'The hold as it then is; the vote is on the record') },
})

const askTap = createRoute({
  ...needs('answer'),
  method: 'post',
  path: '/api/holds/{id}/tap',
  summary: 'What a browser needs for the tap of a passkey that a yes takes; the tap is good for this yes only',
  request: { params: idParam, body: jsonBody(tapForSchema) },
  responses: { ...failures, 200: json(tapRequestSchema, 'The request; it stands for five minutes') },
})

const withdraw = createRoute({
  ...needs('answer'),
  method: 'post',
  path: '/api/holds/{id}/withdrawal',
  summary: 'Take back what one asked for oneself',
  request: { params: idParam, body: jsonBody(withdrawalSchema) },
  responses: { ...failures, 200: json(holdSchema, 'The hold, withdrawn') },
})

const force = createRoute({
  ...needs('answer'),
  method: 'post',
  path: '/api/holds/{id}/break-glass',
  summary: 'Let a hold pass in an emergency, without its review; for the groups that are configured for it',
  request: { params: idParam, body: jsonBody(forceSchema) },
  responses: { ...failures, 200: json(holdSchema, 'The hold; somebody else has to look at it afterwards') },
})

const followUp = createRoute({
  ...needs('vote'),
  method: 'post',
  path: '/api/holds/{id}/follow-up',
  summary: 'Say that one has looked at what was forced',
  request: { params: idParam, body: jsonBody(followUpSchema) },
  responses: { ...failures, 200: json(holdSchema, 'The hold') },
})

export function holdRoutes(app: OpenAPIHono<ApiEnv>, deps: ApiParts): void {
  const { holds, feed, search } = deps

  app.openapi(list, (c) => {
    const { state, limit } = c.req.valid('query')
    if (state === 'follow-up') {
      const forced = deps.breakGlass.followUps().slice(0, limit)
      return c.json({ holds: forced.map((hold) => viewHold(hold, c.get('person'), deps)), at: feed.place }, 200)
    }
    const closed = state === 'pending' ? [] : holds.list('closed').slice(0, limit ?? closedShown)
    const open = state === 'closed' ? [] : holds.list('pending').slice(0, limit)
    const found = [...open, ...closed].sort((a, b) => (a.openedAt < b.openedAt ? 1 : a.openedAt > b.openedAt ? -1 : 0))
    const views = found.slice(0, limit).map((hold) => viewHold(hold, c.get('person'), deps))
    return c.json({ holds: views, at: feed.place }, 200)
  })

  const known = async (id: string): Promise<Hold> => {
    const hold = await holds.find(id)
    if (hold === undefined) throw new SallyportError('not_found', `There is no hold ${id}.`)
    return hold
  }

  app.openapi(one, async (c) => c.json(viewHold(await known(c.req.valid('param').id), c.get('person'), deps), 200))

  app.openapi(context, async (c) => c.json(await holdContext(await known(c.req.valid('param').id), holds, search), 200))

  const statement = async (id: string, by: string, decision: Yes, reason: string) =>
    voteStatement(await known(id), { by, decision, reason })

  /** The tap that came with a yes, checked to be for it. */
  const tapped = async (id: string, by: string, decision: Yes, reason: string, answer: TapAnswer | undefined) =>
    answer === undefined ? undefined : deps.passkeys.tapped(await statement(id, by, decision, reason), answer)

  app.openapi(askTap, async (c) => {
    const { decision, reason } = c.req.valid('json')
    const asked = await statement(c.req.valid('param').id, c.get('person').id, decision, reason.trim())
    return c.json(await deps.passkeys.ask(asked), 200)
  })

  app.openapi(vote, async (c) => {
    const { decision, reason: said, tap: given } = c.req.valid('json')
    const { id } = c.req.valid('param')
    const person = c.get('person')
    const reason = said.trim()
    if (decision !== 'confirm') demand(person, 'vote')
    const tap =
      decision === 'reject' ? undefined : await tapped(id, person.id, decision, reason, given && tapAnswer(given))
    const voted = await holds.vote(id, person.id, decision, reason, tap)
    // As it is by now, so that what is told and its number belong together.
    return c.json(viewHold(holds.get(voted.hold) ?? voted, person, deps), 200)
  })

  app.openapi(withdraw, async (c) => {
    const person = c.get('person')
    const withdrawn = await holds.withdraw(c.req.valid('param').id, person.id, c.req.valid('json').reason.trim())
    return c.json(viewHold(withdrawn, person, deps), 200)
  })

  app.openapi(force, async (c) => {
    const person = c.get('person')
    const { reason, tap: given } = c.req.valid('json')
    const { id } = c.req.valid('param')
    const tap = await tapped(id, person.id, 'force', reason, given && tapAnswer(given))
    const hold = await deps.breakGlass.force(id, person.id, reason, tap)
    return c.json(viewHold(hold, person, deps), 200)
  })

  app.openapi(followUp, async (c) => {
    const person = c.get('person')
    const hold = await deps.breakGlass.followUp(c.req.valid('param').id, person.id, c.req.valid('json').note)
    return c.json(viewHold(hold, person, deps), 200)
  })
}
