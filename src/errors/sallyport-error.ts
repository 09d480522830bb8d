import type { Diagnostic } from './diagnostic.ts'

/** Stable codes of errors; documented in docs/reference/errors.md. */
export type SallyportErrorCode =
  | 'config_invalid'
  | 'rules_invalid'
  | 'address_in_use'
  | 'listen_failed'
  | 'ledger_unavailable'
  | 'ledger_corrupt'
  | 'ledger_locked'
  | 'note_invalid'
  | 'search_unavailable'
  | 'upstream_unreachable'
  | 'not_found'
  | 'forbidden'
  | 'unauthenticated'
  | 'conflict'
  | 'too_many_attempts'
  | 'invalid_request'
  | 'unsupported'

/** The one error class. `message` is one sentence; `hint` says what to do. */
export class SallyportError extends Error {
  readonly code: SallyportErrorCode
  readonly hint: string | undefined
  readonly diagnostics: readonly Diagnostic[]

  constructor(
    code: SallyportErrorCode,
    message: string,
    options: { hint?: string; diagnostics?: readonly Diagnostic[]; cause?: unknown } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.name = 'SallyportError'
    this.code = code
    this.hint = options.hint
    this.diagnostics = options.diagnostics ?? []
  }
}

/** The message of whatever was thrown, for logs and for wrapping. */
export function errorMessage(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown)
}
