import { readFileSync } from 'node:fs'
import {
  type DiagnosticSource,
  errorMessage,
  formatDiagnostics,
  SallyportError,
  type SallyportErrorCode,
} from '../errors/index.ts'
import { type ExitCode, exitCodes } from './exit-codes.ts'
import type { CliIo } from './io.ts'
import { safeLines } from './safe-text.ts'

/** The command line or the input is wrong. */
export class UsageError extends Error {
  readonly hint: string | undefined

  constructor(message: string, hint?: string) {
    super(message)
    this.name = 'UsageError'
    this.hint = hint
  }
}

/** Says what went wrong and what to do, on standard error; the stack only where DEBUG is set. */
export function reportError(thrown: unknown, io: CliIo, source: DiagnosticSource = fileText): ExitCode {
  const lines: string[] = []
  if (thrown instanceof SallyportError && thrown.diagnostics.length > 0) {
    lines.push(formatDiagnostics(thrown.diagnostics, source), '')
  }
  lines.push(`sallyport: ${errorMessage(thrown)}`)
  if ((thrown instanceof SallyportError || thrown instanceof UsageError) && thrown.hint)
    lines.push(thrown.hint.trimEnd())
  if (io.env.DEBUG && thrown instanceof Error && thrown.stack) lines.push(thrown.stack)
  io.err(`${safeLines(lines.join('\n'))}\n`)
  if (thrown instanceof UsageError) return exitCodes.usage.code
  return thrown instanceof SallyportError ? exitCodeOf(thrown.code) : exitCodes.failed.code
}

function exitCodeOf(code: SallyportErrorCode): ExitCode {
  switch (code) {
    case 'config_invalid':
    case 'invalid_request':
    case 'unsupported':
      return exitCodes.usage.code
    case 'rules_invalid':
      return exitCodes.rules.code
    case 'ledger_corrupt':
      return exitCodes.altered.code
    default:
      return exitCodes.failed.code
  }
}

/** The text that a diagnostic points into; it names a file as the person gave it. */
export function fileText(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return undefined
  }
}
