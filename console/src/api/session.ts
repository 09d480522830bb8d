import { useSyncExternalStore } from 'react'

/** What requests are sent with. */
export type Identity =
  /** The cookie of a sign-in, which no script can read. */
  | { readonly by: 'cookie' }
  /** A token. It lives in sessionStorage: closing the tab forgets it. */
  | { readonly by: 'token'; readonly token: string }

/** A one-time link to set a password. */
export interface Invitation {
  readonly secret: string
  /** Whose password, as the link says; the server knows better. */
  readonly person: string
}

/** Who is signed in in this tab. */
export interface Session {
  /** null: nobody. `asking`: whether there is a cookie, only the server can tell. */
  readonly identity: Identity | 'asking' | null
  /** Why the person sees the sign-in form, where there is something to say. */
  readonly notice: string | null
  /** Comes before everything else while it is there. */
  readonly invitation: Invitation | null
}

const key = 'sallyport.token'
const listeners = new Set<() => void>()
let session: Session = { identity: null, notice: null, invitation: null }

function put(next: Partial<Session>): void {
  session = { ...session, ...next }
  for (const listener of listeners) listener()
}

/** What a URL fragment such as `#token=sp_…` or `#link=spl_…&for=ann` holds. */
export function readFragment(fragment: string): { token: string | null; invitation: Invitation | null } {
  const parameters = new URLSearchParams(fragment.replace(/^#/, ''))
  const given = (name: string) => parameters.get(name)?.trim() || null
  const secret = given('link')
  return {
    token: given('token'),
    invitation: secret === null ? null : { secret, person: given('for') ?? '' },
  }
}

/**
 * Takes secrets out of the address bar, before anything else can read or copy them; a fragment is never sent to the
 * server (RFC 9110, 4.2.5), so they are in no access log either.
 */
function takeFromAddress(): void {
  const { token, invitation } = readFragment(window.location.hash)
  if (token === null && invitation === null) return
  window.history.replaceState(window.history.state, '', window.location.pathname + window.location.search)
  if (invitation !== null) put({ invitation })
  else if (token !== null) signInWithToken(token)
}

export function startSession(): void {
  const token = window.sessionStorage.getItem(key)
  session = { ...session, identity: token === null ? 'asking' : { by: 'token', token } }
  takeFromAddress()
  window.addEventListener('hashchange', takeFromAddress)
}

export function signInWithToken(token: string): void {
  window.sessionStorage.setItem(key, token)
  put({ identity: { by: 'token', token }, notice: null, invitation: null })
}

/** The server has given a cookie, or took the one that was there. */
export function signedInByCookie(): void {
  window.sessionStorage.removeItem(key)
  put({ identity: { by: 'cookie' }, notice: null, invitation: null })
}

/** Forgets who is signed in; ending the session at the server is api/sign-in.ts. */
export function forget(notice: string | null = null): void {
  window.sessionStorage.removeItem(key)
  put({ identity: null, notice })
}

export function declineInvitation(): void {
  put({ invitation: null })
}

/** The server no longer takes `identity`. Ignored when the person has already signed in anew. */
export function refused(identity: Identity): void {
  if (session.identity !== identity) return
  forget(
    identity.by === 'cookie'
      ? 'You are signed out: the session has ended, or the password was changed. Sign in again.'
      : 'The server does not accept this token: it is unknown, has expired or was revoked. Sign in again.',
  )
}

export function currentIdentity(): Identity | null {
  return session.identity === 'asking' ? null : session.identity
}

export function useSession(): Session {
  return useSyncExternalStore(
    (listener) => {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    () => session,
  )
}
