import type { Diagnostic } from '../errors/index.ts'
import { compileFile } from './compile-file.ts'
import type { Judge } from './judge.ts'
import { readRuleFile } from './read-rule-file.ts'
import type { Rule, RuleSummary } from './rule.ts'
import { maxRules } from './rule-file.ts'
import { createJudge } from './rule-set.ts'
import { type RuleTestResult, runRuleTests } from './rule-tests.ts'
import { inOrder, type RuleText, ruleSetVersion } from './version.ts'
import type { Window } from './windows/window.ts'

/** Rules that loaded. */
export interface CompiledRules {
  readonly ok: true
  readonly judge: Judge
  /** For lists in console, API and command line. */
  readonly summaries: readonly RuleSummary[]
  readonly rules: readonly Rule[]
  readonly tests: readonly RuleTestResult[]
  /** Every window that a rule looks at, once. */
  readonly windows: readonly Window[]
}

/** Rules that did not load: at least one diagnostic. */
export interface RefusedRules {
  readonly ok: false
  readonly diagnostics: readonly Diagnostic[]
}

export interface CompileOptions {
  /** Load a set without a single rule, which lets everything through. Default false. */
  readonly allowEmpty?: boolean
  /** Load in spite of tests that fail, for a tool that shows their results. Default false. */
  readonly allowFailingTests?: boolean
}

/**
 * Compiles rule files into a judge. All or nothing: one error refuses the whole set, with every error that was found.
 * Files count in the order of their names, rules in the order in which they stand.
 */
export function compileRules(files: readonly RuleText[], options: CompileOptions = {}): CompiledRules | RefusedRules {
  const diagnostics: Diagnostic[] = []
  const rules = new Map<string, Rule>()
  for (const { file, text } of inOrder(files)) {
    const read = readRuleFile(file, text)
    if (Array.isArray(read)) {
      diagnostics.push(...read)
      continue
    }
    const compiled = compileFile(read)
    diagnostics.push(...compiled.diagnostics)
    for (const { rule, index } of compiled.rules) {
      const { id } = rule.summary
      const other = rules.get(id)?.summary
      if (other) {
        const span = read.source.value(['rules', index, 'id'])
        const message = `the rule id ${id} is taken: ${other.file}:${other.line}`
        diagnostics.push(read.source.diagnostic(span, message, 'every rule needs its own id, over all files'))
      } else rules.set(id, rule)
    }
  }
  if (rules.size > maxRules) {
    diagnostics.push(ofAllFiles(files, `${rules.size} rules; at most ${maxRules} can be in force together`))
  }
  if (files.length === 0 && !options.allowEmpty) {
    diagnostics.push(ofAllFiles(files, 'there are no rules: everything would be let through', 'add a rule file'))
  }
  if (diagnostics.length > 0) return { ok: false, diagnostics }

  const ordered = [...rules.values()]
  const tests = runRuleTests({ rules: ordered })
  const failed = tests.filter(({ passed }) => !passed)
  if (failed.length > 0 && !options.allowFailingTests) {
    return { ok: false, diagnostics: failed.map(({ diagnostic }) => diagnostic) }
  }
  return {
    ok: true,
    judge: createJudge(ruleSetVersion(files), ordered),
    summaries: ordered.map(({ summary }) => summary),
    rules: ordered,
    tests,
    windows: [...new Map(ordered.flatMap(({ windows }) => windows).map((window) => [window.id, window])).values()],
  }
}

function ofAllFiles([first]: readonly RuleText[], message: string, hint?: string): Diagnostic {
  const file = first?.file ?? 'rules'
  return { severity: 'error', message, ...(hint === undefined ? {} : { hint }), file, line: 1, column: 1 }
}
