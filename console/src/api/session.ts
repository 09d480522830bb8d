import { useSyncExternalStore } from 'react'

/** Who is signed in in this tab. The token lives in sessionStorage: closing the tab signs out. */
export interface Session {
  readonly token: string | null
  /** Why the person sees the sign-in form, where there is something to say. */
  readonly notice: string | null
}

const key = 'sallyport.token'
const listeners = new Set<() => void>()
let session: Session = { token: null, notice: null }

function put(next: Session): void {
  session = next
  for (const listener of listeners) listener()
}

/** The token in a URL fragment such as `#token=sp_…`, or null. */
export function tokenInFragment(fragment: string): string | null {
  const token = new URLSearchParams(fragment.replace(/^#/, '')).get('token')?.trim()
  return token === undefined || token === '' ? null : token
}

/**
 * Takes the token out of the address bar, before anything else can read or copy it; a fragment is never sent to the
 * server (RFC 9110, 4.2.5), so it is in no access log either.
 */
function takeFromAddress(): void {
  const token = tokenInFragment(window.location.hash)
  if (token === null) return
  window.history.replaceState(window.history.state, '', window.location.pathname + window.location.search)
  signIn(token)
}

export function startSession(): void {
  session = { token: window.sessionStorage.getItem(key), notice: null }
  takeFromAddress()
  window.addEventListener('hashchange', takeFromAddress)
}

export function signIn(token: string): void {
  window.sessionStorage.setItem(key, token)
  put({ token, notice: null })
}

export function signOut(notice: string | null = null): void {
  window.sessionStorage.removeItem(key)
  put({ token: null, notice })
}

/** The server no longer takes `token`. Ignored when the person has already signed in with another one. */
export function tokenRefused(token: string): void {
  if (session.token !== token) return
  signOut('The server does not accept this token: it is unknown, has expired or was revoked. Sign in again.')
}

export function currentToken(): string | null {
  return session.token
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
