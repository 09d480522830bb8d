import { createRoute, type OpenAPIHono, z } from '@hono/zod-openapi'
import { SallyportError } from '../../errors/index.ts'
import type { Caller, Person } from '../../people/index.ts'
import { type ApiEnv, demand, needs } from '../access.ts'
import type { ApiDeps } from '../deps.ts'
import { failures, json, jsonBody } from '../describe.ts'
import { passwordLink } from '../password-link.ts'
import {
  absenceInputSchema,
  absenceSchema,
  passwordLinkSchema,
  personDetailsSchema,
  personInputSchema,
  tokenInputSchema,
  tokenSchema,
} from '../people-schemas.ts'

const idParam = z.object({ id: z.string().max(128) })

const list = createRoute({
  ...needs('people.manage'),
  method: 'get',
  path: '/api/people',
  summary: 'Everybody known',
  responses: { ...failures, 200: json(z.object({ people: z.array(personDetailsSchema).readonly() }), 'People') },
})

const put = createRoute({
  ...needs('people.manage'),
  method: 'post',
  path: '/api/people',
  summary: 'Add a person, or replace what is known of them',
  request: { body: jsonBody(personInputSchema) },
  responses: { ...failures, 200: json(personDetailsSchema, 'The person as now known') },
})

const remove = createRoute({
  ...needs('people.manage'),
  method: 'delete',
  path: '/api/people/{id}',
  summary: 'Remove a person; their tokens stop working',
  request: { params: idParam },
  responses: { ...failures, 204: { description: 'Removed' } },
})

const issue = createRoute({
  ...needs('people.manage'),
  method: 'post',
  path: '/api/people/{id}/tokens',
  summary: 'Issue a bearer token; it is shown this once',
  request: { params: idParam, body: jsonBody(tokenInputSchema) },
  responses: { ...failures, 201: json(tokenSchema, 'The token') },
})

const revoke = createRoute({
  ...needs('people.manage'),
  method: 'delete',
  path: '/api/tokens/{id}',
  summary: 'Revoke a token',
  request: { params: idParam },
  responses: { ...failures, 204: { description: 'Revoked' } },
})

const link = createRoute({
  ...needs('people.manage'),
  method: 'post',
  path: '/api/people/{id}/password-link',
  summary: 'Make a one-time link by which a person sets a (new) password; it takes the place of an earlier one',
  request: { params: idParam, body: { required: false, content: { 'application/json': { schema: z.object({}) } } } },
  responses: { ...failures, 201: json(passwordLinkSchema, 'The link') },
})

const away = createRoute({
  ...needs('vote'),
  method: 'post',
  path: '/api/people/{id}/absence',
  summary: 'Put somebody in the place of a person who is away, on holds; of others only as an admin',
  request: { params: idParam, body: jsonBody(absenceInputSchema) },
  responses: { ...failures, 200: json(absenceSchema, 'The absence, on the record') },
})

const back = createRoute({
  ...needs('vote'),
  method: 'delete',
  path: '/api/people/{id}/absence',
  summary: 'End an absence; of others only as an admin',
  request: { params: idParam },
  responses: { ...failures, 204: { description: 'Ended' } },
})

export function peopleRoutes(
  app: OpenAPIHono<ApiEnv>,
  { people, absences, passkeys, signIn, publicUrl }: ApiDeps,
): void {
  const details = (person: Person) => ({
    ...person,
    absence: absences.of(person.id) ?? null,
    password: people.passwordOf(person.id) !== undefined,
    passkeys: passkeys.of(person.id).map(({ id, label, addedAt }) => ({ id, label, addedAt })),
    tokens: people.tokensOf(person.id).map(({ digest: _, person: __, ...token }) => token),
  })

  app.openapi(list, (c) => c.json({ people: people.list().map(details) }, 200))

  app.openapi(put, async (c) => {
    const { owner, doors, ...rest } = c.req.valid('json')
    const known = { ...rest, ...(owner === undefined ? {} : { owner }), ...(doors === undefined ? {} : { doors }) }
    await people.put(known, c.get('person').id)
    const person = people.get(rest.id)
    if (person === undefined) throw new SallyportError('conflict', `${rest.id} was removed again at the same moment.`)
    return c.json(details(person), 200)
  })

  app.openapi(remove, async (c) => {
    await people.remove(c.req.valid('param').id, c.get('person').id)
    return c.body(null, 204)
  })

  app.openapi(issue, async (c) => {
    const { label, expiresAt, scope } = c.req.valid('json')
    const by = c.get('person').id
    const { id, token } = await people.issueToken(c.req.valid('param').id, { label, expiresAt, by, scope })
    return c.json({ id, token }, 201)
  })

  app.openapi(link, async (c) => {
    const { id } = c.req.valid('param')
    const { secret, expiresAt } = await signIn.link(id, c.get('person').id)
    return c.json({ link: passwordLink(publicUrl, secret, id), expiresAt }, 201)
  })

  app.openapi(away, async (c) => {
    const { id } = c.req.valid('param')
    demandOwn(c.get('person'), id)
    const { from, until, deputy } = c.req.valid('json')
    const absence = { person: id, until, deputy, ...(from === undefined ? {} : { from }) }
    return c.json(await absences.away(absence, c.get('person').id), 200)
  })

  app.openapi(back, async (c) => {
    const { id } = c.req.valid('param')
    demandOwn(c.get('person'), id)
    await absences.back(id, c.get('person').id)
    return c.body(null, 204)
  })

  app.openapi(revoke, async (c) => {
    await people.revokeToken(c.req.valid('param').id, c.get('person').id)
    return c.body(null, 204)
  })
}

/** @throws SallyportError `forbidden` where it is somebody else's and the caller no admin */
function demandOwn(caller: Caller, id: string): void {
  if (caller.id !== id) demand(caller, 'people.manage')
}
