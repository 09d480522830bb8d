import { createRoute, type OpenAPIHono, z } from '@hono/zod-openapi'
import { SallyportError } from '../../errors/index.ts'
import { addition, removal } from '../../people/index.ts'
import { type ApiEnv, demand, needs } from '../access.ts'
import type { ApiDeps } from '../deps.ts'
import { failures, json, jsonBody } from '../describe.ts'
import {
  newPasskeySchema,
  ownPasskeysSchema,
  passkeyOfferSchema,
  passkeyRemovalSchema,
  passkeySchema,
} from '../passkey-schemas.ts'
import { tapAnswer, tapRequestSchema } from '../tap-schemas.ts'

/** Milliseconds after a sign-in within which a first passkey can be added. */
const freshFor = 15 * 60_000

const idParam = z.object({ id: z.string().max(1_400) })

const list = createRoute({
  ...needs('passkeys.own'),
  method: 'get',
  path: '/api/passkeys',
  summary: "One's own passkeys",
  responses: { ...failures, 200: json(ownPasskeysSchema, 'Passkeys, oldest first') },
})

const offer = createRoute({
  ...needs('passkeys.own'),
  method: 'post',
  path: '/api/passkeys/offer',
  summary: 'What a browser needs to make a passkey for oneself',
  responses: { ...failures, 200: json(passkeyOfferSchema, 'The offer; it stands for five minutes') },
})

const add = createRoute({
  ...needs('passkeys.own'),
  method: 'post',
  path: '/api/passkeys',
  summary: 'Add a passkey; the first soon after signing in, each further one by a tap of one that stands',
  request: { body: jsonBody(newPasskeySchema) },
  responses: { ...failures, 201: json(passkeySchema, 'The passkey, on the record') },
})

const askRemoval = createRoute({
  ...needs('passkeys.own'),
  method: 'post',
  path: '/api/passkeys/{id}/tap',
  summary: "What a browser needs for the tap that removing one's own passkey takes",
  request: { params: idParam },
  responses: { ...failures, 200: json(tapRequestSchema, 'The request; it stands for five minutes') },
})

const remove = createRoute({
  ...needs('passkeys.own'),
  method: 'post',
  path: '/api/passkeys/{id}/removal',
  summary: "Remove a passkey; somebody else's only as an admin, which ends their sessions",
  request: { params: idParam, body: jsonBody(passkeyRemovalSchema) },
  responses: { ...failures, 204: { description: 'Removed' } },
})

export function passkeyRoutes(app: OpenAPIHono<ApiEnv>, { passkeys, people }: ApiDeps): void {
  app.openapi(list, (c) => {
    const own = passkeys.of(c.get('person').id).map(({ id, label, addedAt }) => ({ id, label, addedAt }))
    return c.json({ passkeys: own, site: passkeys.site ?? null }, 200)
  })

  app.openapi(offer, async (c) => {
    const person = c.get('person')
    const tap = passkeys.of(person.id).length === 0 ? null : await passkeys.ask(addition(person.id))
    return c.json({ create: await passkeys.offer(person), tap }, 200)
  })

  app.openapi(add, async (c) => {
    const { label, created, tap } = c.req.valid('json')
    const person = c.get('person').id
    const issued = people.tokenOf(c.get('token'))
    const age = issued?.session === true ? Date.now() - Date.parse(issued.issuedAt) : Number.POSITIVE_INFINITY
    if (passkeys.of(person).length === 0 && !(age < freshFor)) {
      throw new SallyportError('forbidden', 'A first passkey is added soon after signing in.', {
        hint: 'sign out and in again, then add it within a quarter of an hour',
      })
    }
    const response = { ...created, clientExtensionResults: {}, response: withTransports(created.response) }
    const { id, addedAt } = await passkeys.add(person, label, response, tap && tapAnswer(tap))
    return c.json({ id, label, addedAt }, 201)
  })

  app.openapi(askRemoval, async (c) => {
    const by = c.get('person').id
    const passkey = passkeys.get(c.req.valid('param').id)
    if (passkey?.person !== by) throw new SallyportError('not_found', 'You have no such passkey.')
    return c.json(await passkeys.ask(removal(by, passkey.id)), 200)
  })

  app.openapi(remove, async (c) => {
    const { id } = c.req.valid('param')
    const person = c.get('person')
    if (passkeys.get(id)?.person !== person.id) demand(person, 'people.manage')
    const { tap } = c.req.valid('json')
    await passkeys.remove(id, person.id, tap && tapAnswer(tap))
    return c.body(null, 204)
  })
}

/** The library knows the transports of today by name; others do no harm. */
function withTransports<T extends { transports: readonly string[] }>({ transports, ...response }: T) {
  const known = ['ble', 'cable', 'hybrid', 'internal', 'nfc', 'smart-card', 'usb'] as const
  return { ...response, transports: known.filter((one) => transports.includes(one)) }
}
