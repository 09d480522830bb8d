import { ApiError, requestAs, sendJson } from './client.ts'
import type { SignedIn } from './people-types.ts'
import { currentIdentity, forget, type Identity, signedInByCookie } from './session.ts'
import { tap } from './tap.ts'

const byCookie: Identity = { by: 'cookie' }

/** Whether the browser has the cookie of a session that stands. @throws ApiError where the server does not answer */
export async function askForSession(): Promise<void> {
  const response = await requestAs(byCookie, '/api/me')
  if (response.status === 401) forget()
  else signedInByCookie()
}

/** @throws ApiError */
export async function signInWithPassword(person: string, password: string): Promise<void> {
  await signInAt('/api/sign-in', { person, password })
}

/** Signs in with a passkey alone. @throws ApiError; Error where the browser has none */
export async function signInWithPasskey(): Promise<void> {
  const request = await sendJson<Parameters<typeof tap>[0]>(byCookie, '/api/sign-in/passkey/challenge', {})
  if (request !== null) await signInAt('/api/sign-in/passkey', { tap: await tap(request) })
}

/** Sets a password by a one-time link, and signs in with it. @throws ApiError */
export async function setPassword(secret: string, password: string): Promise<void> {
  await signInAt('/api/sign-in/link', { link: secret, password })
}

async function signInAt(path: string, body: object): Promise<void> {
  await sendJson<SignedIn>(byCookie, path, body)
  signedInByCookie()
}

/** Ends the session at the server, too. */
export async function signOut(): Promise<void> {
  const identity = currentIdentity()
  if (identity === null) return
  try {
    // Whoever came with a token may have a cookie as well; signing out leaves neither.
    for (const one of identity.by === 'cookie' ? [identity] : [identity, byCookie]) {
      await sendJson(one, '/api/sign-out', {})
    }
    forget()
  } catch (error) {
    if (!(error instanceof ApiError)) throw error
    forget('The server did not answer, so the session may still stand. Sign in and out again to end it.')
  }
}
