import type { Diagnostic } from '../../errors/index.ts'
import type { RuleText } from '../version.ts'

/** Rule files as they were read, or why they could not be. */
export type RuleReading =
  | { readonly files: readonly RuleText[]; readonly commit?: string }
  | { readonly diagnostics: readonly Diagnostic[] }

/** Where rule files come from, other than the disk. */
export interface RuleSource {
  /** Looks for changes; what it finds, or what went wrong, the next `read` says. Never rejects. */
  refresh(): Promise<void>
  /** The files as they were found last; quick, and never rejects. */
  read(): Promise<RuleReading>
}
