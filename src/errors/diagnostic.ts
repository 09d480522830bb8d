/** A finding at a place in a text file: what, where, what to do. Lines and columns count from 1, in characters. */
export interface Diagnostic {
  readonly severity: 'error' | 'warning'
  readonly message: string
  readonly hint?: string
  readonly file: string
  readonly line: number
  readonly column: number
  /** How many characters the caret underlines; 1 where unknown. */
  readonly length?: number
}

/** The text a diagnostic points into, to print the line with a caret under it. */
export type DiagnosticSource = (file: string) => string | undefined

/**
 * `rules/a.yaml:12:9: error: unknown field "impct"` with the line, a caret under the place, and the hint.
 * Tabs are kept in the caret line so that it lines up in a terminal.
 */
export function formatDiagnostic(diagnostic: Diagnostic, source?: DiagnosticSource): string {
  const { file, line, column, severity, message, hint } = diagnostic
  const out = [`${file}:${line}:${column}: ${severity}: ${message}`]
  const text = source?.(file)?.split(/\r?\n/)[line - 1]
  if (text !== undefined) {
    const indent = text.slice(0, column - 1).replace(/[^\t]/g, ' ')
    const room = Math.max(1, text.length - column + 1)
    out.push(`  ${text}`, `  ${indent}${'^'.repeat(Math.min(Math.max(1, diagnostic.length ?? 1), room))}`)
  }
  if (hint) out.push(`  ${hint}`)
  return out.join('\n')
}

export function formatDiagnostics(diagnostics: readonly Diagnostic[], source?: DiagnosticSource): string {
  return diagnostics.map((diagnostic) => formatDiagnostic(diagnostic, source)).join('\n')
}
