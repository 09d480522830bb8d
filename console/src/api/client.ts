import { noteServerTime } from '../format/clock.ts'
import { currentIdentity, type Identity, refused } from './session.ts'

/** An answer of the API that is not a success, or no answer at all (`status` 0). */
export class ApiError extends Error {
  readonly status: number
  readonly code: string
  readonly hint: string | null

  constructor(status: number, code: string, message: string, hint: string | null) {
    super(message)
    this.name = 'ApiError'
    this.status = status
    this.code = code
    this.hint = hint
  }
}

export const unreachable = 'The server does not answer. It may be restarting; the console keeps trying.'

/** `fetch` with an identity; whatever the answer is. @throws ApiError where there is none */
export async function requestAs(identity: Identity, path: string, init: RequestInit = {}): Promise<Response> {
  const headers = new Headers(init.headers)
  if (identity.by === 'token') headers.set('authorization', `Bearer ${identity.token}`)
  const credentials = identity.by === 'token' ? 'omit' : 'same-origin'
  let response: Response
  try {
    response = await fetch(path, { ...init, headers, cache: 'no-store', credentials, redirect: 'error' })
  } catch (error) {
    if (init.signal?.aborted === true) throw error
    throw new ApiError(0, 'unreachable', unreachable, null)
  }
  noteServerTime(response.headers.get('date'))
  return response
}

/** Asks as whoever is signed in. Signs out on 401. @throws ApiError */
export async function apiFetch(path: string, init: RequestInit = {}): Promise<Response> {
  const identity = currentIdentity()
  if (identity === null) throw new ApiError(401, 'unauthenticated', 'Nobody is signed in.', null)
  const response = await requestAs(identity, path, init)
  if (response.status === 401) refused(identity)
  if (!response.ok) throw await readError(response)
  return response
}

export async function getJson<T>(path: string, signal?: AbortSignal): Promise<T> {
  const response = await apiFetch(path, signal === undefined ? {} : { signal })
  return response.json()
}

export async function postJson<T>(path: string, body: object): Promise<T> {
  const response = await apiFetch(path, asJson(body))
  return response.json()
}

/** Posts what has no answer but that it is done. @throws ApiError */
export async function post(path: string, body: object): Promise<void> {
  await apiFetch(path, asJson(body))
}

/** Posts as somebody in particular, and gives null where the answer has no body. @throws ApiError */
export async function sendJson<T>(identity: Identity, path: string, body: object): Promise<T | null> {
  const response = await requestAs(identity, path, asJson(body))
  if (!response.ok) throw await readError(response)
  return response.status === 204 ? null : response.json()
}

/** Deletes something; the answer has no body. */
export async function deleteAt(path: string): Promise<void> {
  await apiFetch(path, { method: 'DELETE' })
}

function asJson(body: object): RequestInit {
  return { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }
}

async function readError(response: Response): Promise<ApiError> {
  const body: unknown = await response.json().catch(() => null)
  const error = member(body, 'error')
  const message =
    text(member(error, 'message')) ?? `The server answered ${response.status} ${response.statusText}`.trim()
  return new ApiError(response.status, text(member(error, 'code')) ?? 'http', message, text(member(error, 'hint')))
}

function member(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined
}

function text(value: unknown): string | null {
  return typeof value === 'string' ? value : null
}
