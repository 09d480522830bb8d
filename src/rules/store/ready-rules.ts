import type { Diagnostic } from '../../errors/index.ts'
import { type CompileOptions, compileRules } from '../compile.ts'
import type { Judge } from '../judge.ts'
import type { RuleSummary } from '../rule.ts'
import type { RuleText } from '../version.ts'
import type { Window } from '../windows/window.ts'

/** Rules in force, or ready to be. Immutable; a change makes new ones. */
export interface RulesInForce {
  readonly judge: Judge
  readonly files: readonly RuleText[]
  readonly rules: readonly RuleSummary[]
  readonly windows: readonly Window[]
  /** The commit that the files were read from, where they come from git. */
  readonly commit?: string
}

/** Rules that were read and refused, with the texts that the diagnostics point into. */
export interface RefusedSet {
  readonly diagnostics: readonly Diagnostic[]
  readonly files: readonly RuleText[]
}

/** Compiles files, tests included, into rules that can come into force. */
export function readyRules(
  files: readonly RuleText[],
  options: Pick<CompileOptions, 'allowEmpty'> = {},
): RulesInForce | RefusedSet {
  const compiled = compileRules(files, options)
  if (!compiled.ok) return { diagnostics: compiled.diagnostics, files }
  return { judge: compiled.judge, files, rules: compiled.summaries, windows: compiled.windows }
}
