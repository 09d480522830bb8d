import type { Delivery } from './channel.ts'

/** Reads the address anew at each message, so that it can be changed without a restart. undefined: there is none. */
export type Secret = () => Promise<string | undefined>

export interface HttpTarget {
  readonly address: Secret
  readonly fetch: typeof fetch
}

/** Longest wait that another side may ask for, in milliseconds. */
const waitAtMost = 60 * 60_000

/**
 * Posts JSON. Redirects are not followed, and nothing of the answer's body is kept. A problem names the origin only,
 * since the path of such an address is its secret.
 */
export async function postJson(
  { address, fetch }: HttpTarget,
  body: string,
  headers: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<Delivery> {
  const url = usableUrl(await address())
  if (url === undefined) return failed('The address is not set, or not https (http: only to this machine).', false)
  let answer: Response
  try {
    answer = await fetch(url, {
      method: 'POST',
      body,
      headers: { 'content-type': 'application/json', 'user-agent': 'Sallyport', ...headers },
      redirect: 'manual',
      signal,
    })
  } catch (thrown) {
    return failed(`${url.origin} does not answer: ${reasonOf(thrown)}.`, false)
  }
  await answer.body?.cancel().catch(() => undefined)
  if (answer.ok) return { delivered: true }
  const { status } = answer
  const redirected = status >= 300 && status < 400 ? ', and redirects are not followed' : ''
  const wait = askedToWait(answer.headers.get('retry-after'))
  const isFinal = status >= 300 && status < 500 && !passing.has(status)
  return {
    ...failed(`${url.origin} answered ${status}${redirected}.`, isFinal),
    ...(wait === undefined ? {} : { wait }),
  }
}

/** Refusals that may pass: a timeout, a conflict, too early, too many (RFC 9110; RFC 8470; RFC 6585). */
const passing: ReadonlySet<number> = new Set([408, 409, 425, 429])

function failed(problem: string, isFinal: boolean): Extract<Delivery, { delivered: false }> {
  return { delivered: false, problem, isFinal }
}

function usableUrl(text: string | undefined): URL | undefined {
  if (text === undefined || !URL.canParse(text)) return undefined
  const url = new URL(text)
  if (url.username !== '' || url.password !== '') return undefined
  const isHere = url.hostname === 'localhost' || url.hostname === '[::1]' || /^127\.\d+\.\d+\.\d+$/.test(url.hostname)
  return url.protocol === 'https:' || (url.protocol === 'http:' && isHere) ? url : undefined
}

/** Only the code: messages of fetch may repeat the address. */
export function reasonOf(thrown: unknown): string {
  if (!(thrown instanceof Error)) return 'failed'
  const cause: unknown = thrown.cause
  for (const error of [thrown, cause]) {
    if (error instanceof Error && 'code' in error && typeof error.code === 'string') return error.code
  }
  return thrown.name
}

/** Seconds of a Retry-After (RFC 9110, 10.2.3); a date is not looked at. */
function askedToWait(header: string | null): number | undefined {
  return header !== null && /^\d{1,6}$/.test(header) ? Math.min(waitAtMost, Number(header) * 1_000) : undefined
}
