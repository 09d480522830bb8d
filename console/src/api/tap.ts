import {
  type AuthenticationResponseJSON,
  type PublicKeyCredentialRequestOptionsJSON,
  startAuthentication,
} from '@simplewebauthn/browser'
import { postJson } from './client.ts'

export type Tap = AuthenticationResponseJSON

/** Asks whoever sits there for a tap of their passkey. @throws Error that says in words why there is none */
export async function tap(request: PublicKeyCredentialRequestOptionsJSON): Promise<Tap> {
  demandName(request.rpId)
  return inWords(startAuthentication({ optionsJSON: request }))
}

/** The tap for a yes to a hold. */
export async function tapFor(hold: string, decision: 'approve' | 'confirm' | 'force', reason: string): Promise<Tap> {
  const path = `/api/holds/${encodeURIComponent(hold)}/tap`
  return tap(await postJson<PublicKeyCredentialRequestOptionsJSON>(path, { decision, reason }))
}

/** Whether passkeys for a name can be used on a page under another. */
export function worksHere(name: string): boolean {
  const { hostname } = window.location
  return hostname === name || hostname.endsWith(`.${name}`)
}

/** @throws Error that says where they work */
export function demandName(name: string | undefined): void {
  if (name === undefined || worksHere(name)) return
  const { protocol, port, pathname } = window.location
  const address = `${protocol}//${name}${port === '' ? '' : `:${port}`}${pathname}`
  throw new Error(`Passkeys work under the name ${name} only: open ${address} and sign in there.`)
}

/** Browsers tell on purpose little of what went wrong, and in no words for people. */
export async function inWords<T>(ceremony: Promise<T>): Promise<T> {
  try {
    return await ceremony
  } catch (error) {
    const name = error instanceof Error ? error.name : ''
    if (name === 'InvalidStateError') throw new Error('This device has a passkey for you already.')
    throw new Error(
      name === 'NotAllowedError' || name === 'AbortError'
        ? 'No passkey was used: it was called off, took too long, or this device has none for you.'
        : `The browser could not use a passkey: ${error instanceof Error ? error.message : String(error)}`,
    )
  }
}
