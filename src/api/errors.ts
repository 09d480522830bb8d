import type { Context } from 'hono'
import { HTTPException } from 'hono/http-exception'
import { SallyportError } from '../errors/index.ts'

export type ErrorStatus = 400 | 401 | 403 | 404 | 409 | 413 | 415 | 429 | 500 | 503

const statuses: Readonly<Record<string, ErrorStatus>> = {
  invalid_request: 400,
  rules_invalid: 400,
  unauthenticated: 401,
  forbidden: 403,
  not_found: 404,
  conflict: 409,
  unsupported: 409,
  too_many_attempts: 429,
  ledger_unavailable: 503,
  search_unavailable: 503,
}

/** Every answer that is no success: `{ error: { code, message, hint? } }`. */
export function errorBody(code: string, message: string, hint?: string) {
  return { error: { code, message, ...(hint === undefined ? {} : { hint }) } }
}

/** The answer to whatever was thrown. What is nobody's business outside is logged and not told. */
export function answerError(
  thrown: unknown,
  c: Context,
  log: (event: string, details: Record<string, unknown>) => void,
) {
  if (thrown instanceof SallyportError) {
    const status = statuses[thrown.code]
    if (status !== undefined) {
      if (status === 401) c.header('www-authenticate', 'Bearer')
      return c.json(errorBody(thrown.code, thrown.message, thrown.hint), status)
    }
  }
  // Hono's own way to say that a body is no JSON.
  if (thrown instanceof HTTPException && thrown.status === 400) {
    return c.json(errorBody('invalid_request', thrown.message), 400)
  }
  log('request_failed', { method: c.req.method, path: c.req.path, error: thrown })
  return c.json(errorBody('internal', 'Something went wrong in Sallyport itself; the log says what.'), 500)
}
