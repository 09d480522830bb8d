import { type Diagnostic, SallyportError } from '../errors/index.ts'
import { type CompiledRules, compileRules, type RuleText, readRuleTexts } from '../rules/index.ts'

/** Reads rule files and folders (`./rules` where none are named). @throws SallyportError `rules_invalid` */
export async function readRules(paths: readonly string[]): Promise<readonly RuleText[]> {
  const named = paths.length > 0 ? paths : ['./rules']
  const read = await readRuleTexts(named)
  if (isTexts(read)) return read
  throw refused(read)
}

/**
 * Rules as the server would load them, tests included.
 * @throws SallyportError `rules_invalid`
 */
export async function loadRules(
  paths: readonly string[],
  options: { allowFailingTests?: boolean } = {},
): Promise<CompiledRules> {
  const compiled = compileRules(await readRules(paths), options)
  if (compiled.ok) return compiled
  throw refused(compiled.diagnostics)
}

function isTexts(read: readonly (RuleText | Diagnostic)[]): read is readonly RuleText[] {
  return read.every((item) => 'text' in item)
}

function refused(diagnostics: readonly Diagnostic[]): SallyportError {
  const count = diagnostics.length
  return new SallyportError('rules_invalid', `The rules do not load: ${count} ${count === 1 ? 'error' : 'errors'}.`, {
    diagnostics,
  })
}
