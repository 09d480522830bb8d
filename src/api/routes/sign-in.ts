import { createRoute, type OpenAPIHono } from '@hono/zod-openapi'
import type { Context } from 'hono'
import type { From, SignedIn } from '../../people/index.ts'
import { type ApiEnv, bearerOf } from '../access.ts'
import type { ApiDeps } from '../deps.ts'
import { failures, json, jsonBody } from '../describe.ts'
import { signedInSchema, signInLinkSchema, signInPasskeySchema, signInSchema } from '../people-schemas.ts'
import { sessionCookie } from '../session-cookie.ts'
import { tapAnswer, tapRequestSchema } from '../tap-schemas.ts'

const signIn = createRoute({
  method: 'post',
  path: '/api/sign-in',
  summary: 'Sign in with a password; needs no token',
  security: [],
  request: { body: jsonBody(signInSchema) },
  responses: { ...failures, 200: json(signedInSchema, 'Signed in') },
})

const byLink = createRoute({
  method: 'post',
  path: '/api/sign-in/link',
  summary: 'Set a password by a one-time link and sign in with it; needs no token',
  security: [],
  request: { body: jsonBody(signInLinkSchema) },
  responses: { ...failures, 200: json(signedInSchema, 'Signed in') },
})

const passkeyChallenge = createRoute({
  method: 'post',
  path: '/api/sign-in/passkey/challenge',
  summary: 'What a browser needs to sign in with a passkey; needs no token',
  security: [],
  responses: { ...failures, 200: json(tapRequestSchema, 'The request; it stands for five minutes') },
})

const byPasskey = createRoute({
  method: 'post',
  path: '/api/sign-in/passkey',
  summary: 'Sign in with a passkey; needs no token',
  security: [],
  request: { body: jsonBody(signInPasskeySchema) },
  responses: { ...failures, 200: json(signedInSchema, 'Signed in') },
})

const signOut = createRoute({
  method: 'post',
  path: '/api/sign-out',
  summary: 'End the session that the request comes with, if it comes with one',
  security: [],
  responses: { ...failures, 204: { description: 'Signed out' } },
})

export function signInRoutes(app: OpenAPIHono<ApiEnv>, { signIn: door, passkeys, publicUrl }: ApiDeps): void {
  const cookie = sessionCookie(publicUrl)
  const from = (c: Context<ApiEnv>): From => {
    // Of the connection itself: what a header says of it anybody can write.
    const address = c.env?.incoming?.socket.remoteAddress ?? 'unknown'
    return { address, device: cookie.readDevice(c) }
  }
  const answer = (c: Context<ApiEnv>, signedIn: SignedIn, as: 'cookie' | 'token') => {
    const { person, expiresAt, token } = signedIn
    if (as === 'cookie') cookie.put(c, signedIn)
    return { person: person.id, expiresAt, token: as === 'token' ? token : null }
  }

  app.openapi(signIn, async (c) => {
    const { person, password, as } = c.req.valid('json')
    return c.json(answer(c, await door.withPassword(person, password, from(c)), as), 200)
  })

  app.openapi(byLink, async (c) => {
    const { link, password, as } = c.req.valid('json')
    return c.json(answer(c, await door.withLink(link, password, from(c)), as), 200)
  })

  app.openapi(passkeyChallenge, async (c) => c.json(await passkeys.offerSignIn(), 200))

  app.openapi(byPasskey, async (c) => {
    const { tap, as } = c.req.valid('json')
    return c.json(answer(c, await door.withPasskey(tapAnswer(tap), from(c)), as), 200)
  })

  app.openapi(signOut, async (c) => {
    for (const token of [bearerOf(c), cookie.read(c)]) if (token !== undefined) await door.out(token)
    cookie.clear(c)
    return c.body(null, 204)
  })
}
