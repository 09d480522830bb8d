import { SallyportError, type SallyportErrorCode } from '../errors/index.ts'
import type { CliIo } from './io.ts'
import { safeText } from './safe-text.ts'

export const defaultUrl = 'http://127.0.0.1:7070'

export interface ApiOptions {
  readonly url?: string
  readonly token?: string
}

/** The HTTP API of a running Sallyport. */
export interface ApiClient {
  get(path: string): Promise<unknown>
  post(path: string, body: object): Promise<unknown>
  remove(path: string): Promise<unknown>
}

/** Options win over SALLYPORT_URL and SALLYPORT_TOKEN. */
export function apiClient(options: ApiOptions, io: CliIo): ApiClient {
  const token = options.token ?? io.env.SALLYPORT_TOKEN
  if (!token) {
    throw new SallyportError('unauthenticated', 'A token is needed.', {
      hint: 'Give one with SALLYPORT_TOKEN (or --token, which other users of this machine can see while it runs). "sallyport sign-in <id>" prints one for a password.',
    })
  }
  return clientAt(options, io, { authorization: `Bearer ${token}` })
}

/** The API for whoever has no token yet. */
export function strangerClient(options: Pick<ApiOptions, 'url'>, io: CliIo): Pick<ApiClient, 'post'> {
  return clientAt(options, io, {})
}

function clientAt(options: Pick<ApiOptions, 'url'>, io: CliIo, identity: Record<string, string>): ApiClient {
  const url = (options.url ?? io.env.SALLYPORT_URL ?? defaultUrl).replace(/\/+$/, '')
  const call = async (method: string, path: string, body?: object): Promise<unknown> => {
    let response: Response
    try {
      response = await io.fetch(url + path, {
        method,
        headers: {
          ...identity,
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        // A token must not follow a redirect to who knows where.
        redirect: 'error',
      })
    } catch (cause) {
      throw new SallyportError('upstream_unreachable', `Sallyport does not answer at ${url}.`, {
        hint: 'Is it running? Name another address with --url or SALLYPORT_URL.',
        cause,
      })
    }
    const answer: unknown = response.status === 204 ? null : await response.json().catch(() => undefined)
    if (!response.ok) throw refusal(response, answer)
    if (answer === undefined) {
      throw new SallyportError('unsupported', `What answers at ${url} is not a Sallyport API.`, {
        hint: 'Check --url.',
      })
    }
    return answer
  }
  return {
    get: (path) => call('GET', path),
    post: (path, body) => call('POST', path, body),
    remove: (path) => call('DELETE', path),
  }
}

function refusal(response: Response, answer: unknown): SallyportError {
  const error = member(answer, 'error')
  const message = member(error, 'message')
  const hint = member(error, 'hint')
  return new SallyportError(
    codeOf(response.status),
    typeof message === 'string' ? safeText(message) : `The server answered ${response.status} ${response.statusText}`,
    typeof hint === 'string' ? { hint: safeText(hint) } : {},
  )
}

function codeOf(status: number): SallyportErrorCode {
  switch (status) {
    case 400:
    case 422:
      return 'invalid_request'
    case 401:
      return 'unauthenticated'
    case 403:
      return 'forbidden'
    case 404:
      return 'not_found'
    case 409:
      return 'conflict'
    case 429:
      return 'too_many_attempts'
    default:
      return 'upstream_unreachable'
  }
}

function member(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined
}
