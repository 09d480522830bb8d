import { createRoute, type OpenAPIHono, z } from '@hono/zod-openapi'
import { type Change, stateAt } from '../../changes/index.ts'
import { SallyportError } from '../../errors/index.ts'
import { type ApiEnv, needs } from '../access.ts'
import {
  changeInputSchema,
  changeOpenedSchema,
  changeProgressSchema,
  changeSchema,
  changesSchema,
  changeVoteSchema,
} from '../change-schemas.ts'
import type { ApiDeps } from '../deps.ts'
import { failures, json, jsonBody } from '../describe.ts'

const idParam = z.object({ id: z.string().max(64) })

/** Changes that are over, in one answer. */
const overShown = 50

const open = createRoute({
  method: 'post',
  path: '/api/ci/changes',
  summary: 'Open a change, as a workload: the bearer token is the OIDC token that CI gave it',
  request: { body: jsonBody(changeInputSchema) },
  responses: { ...failures, 201: json(changeOpenedSchema, 'The change, and the secret of its run') },
})

const progress = createRoute({
  method: 'get',
  path: '/api/ci/changes/{id}',
  summary: 'How far a change is, as its run: the bearer token is the secret of the change',
  request: {
    params: idParam,
    query: z.object({
      wait: z.coerce.number().min(0).max(60).default(0).describe('Seconds to wait while it is pending'),
    }),
  },
  responses: { ...failures, 200: json(changeProgressSchema, 'How far it is') },
})

const list = createRoute({
  ...needs('read'),
  method: 'get',
  path: '/api/changes',
  summary: 'Changes, newest first',
  request: {
    query: z.object({
      state: z.enum(['open', 'over', 'all']).default('open').describe('open: pending or approved. over: the newest 50'),
    }),
  },
  responses: { ...failures, 200: json(changesSchema, 'Changes') },
})

const one = createRoute({
  ...needs('read'),
  method: 'get',
  path: '/api/changes/{id}',
  summary: 'One change',
  request: { params: idParam },
  responses: { ...failures, 200: json(changeSchema, 'The change') },
})

const vote = createRoute({
  ...needs('vote'),
  method: 'post',
  path: '/api/changes/{id}/votes',
  summary: 'Approve a change as a whole, or reject it',
  request: { params: idParam, body: jsonBody(changeVoteSchema) },
  responses: { ...failures, 200: json(changeSchema, 'The change as it then is; the vote is on the record') },
})

const close = createRoute({
  ...needs('vote'),
  method: 'delete',
  path: '/api/changes/{id}',
  summary: 'Close a change: nothing more of it passes',
  request: { params: idParam, query: z.object({ reason: z.string().max(2_000).default('') }) },
  responses: { ...failures, 200: json(changeSchema, 'The change, closed') },
})

export function changeRoutes(app: OpenAPIHono<ApiEnv>, { changes, workloads }: ApiDeps): void {
  const found = (id: string): Change => {
    const change = changes.get(id)
    if (change === undefined) throw new SallyportError('not_found', `There is no change ${id}.`)
    return change
  }

  const view = (change: Change, caller: string) => ({
    ...viewOf(change),
    mayApprove: changes.mayDecide(change.change, caller, 'approve'),
    mayReject: changes.mayDecide(change.change, caller, 'reject'),
  })

  app.openapi(open, async (c) => c.json(await workloads.open(c.get('workload'), c.req.valid('json')), 201))

  app.openapi(progress, async (c) => {
    const { id } = c.req.valid('param')
    const { wait } = c.req.valid('query')
    if (wait > 0) await decided(id, wait * 1_000, c.req.raw.signal)
    const { change, used, statements, expiresAt, over, ...now } = found(id)
    const state = stateAt({ ...now, expiresAt }, Date.now())
    const told = { change, state, used: used.length, statements: statements.length, expiresAt }
    return c.json({ ...told, reason: over?.reason ?? null }, 200)
  })

  /** Resolves when a change is pending no more, or at the end of a time in milliseconds. */
  function decided(id: string, milliseconds: number, gone: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const until = Math.min(Date.now() + milliseconds, Date.parse(found(id).expiresAt))
      const done = () => {
        clearTimeout(timer)
        unsubscribe()
        resolve()
      }
      const timer = setTimeout(done, Math.max(0, until - Date.now()))
      const unsubscribe = changes.subscribe(({ change, state }) => {
        if (change === id && state !== 'pending') done()
      })
      gone.addEventListener('abort', done, { once: true })
      if (found(id).state !== 'pending') done()
    })
  }

  app.openapi(list, (c) => {
    const { state } = c.req.valid('query')
    const isOpen = (change: Change) => ['pending', 'approved'].includes(stateAt(change, Date.now()))
    const all = changes.list()
    const over = state === 'open' ? [] : all.filter((change) => !isOpen(change)).slice(0, overShown)
    const shown = all.filter((change) => (isOpen(change) ? state !== 'over' : over.includes(change)))
    return c.json({ changes: shown.map((change) => view(change, c.get('person').id)) }, 200)
  })

  app.openapi(one, (c) => c.json(view(found(c.req.valid('param').id), c.get('person').id), 200))

  app.openapi(vote, async (c) => {
    const { decision, reason } = c.req.valid('json')
    const { id } = c.req.valid('param')
    const { id: by } = c.get('person')
    return c.json(view(await changes[decision](id, by, reason.trim()), by), 200)
  })

  app.openapi(close, async (c) => {
    const { id } = c.req.valid('param')
    const { id: by } = c.get('person')
    return c.json(view(await changes.end(id, by, c.req.valid('query').reason.trim()), by), 200)
  })
}

function viewOf({ secret: _, used, statements, review, ...change }: Change) {
  return {
    ...change,
    state: stateAt(change, Date.now()),
    review: { approvals: review.approvals, from: review.from },
    statements: statements.map((statement, i) => ({ ...statement, action: used[i] ?? null })),
  }
}
