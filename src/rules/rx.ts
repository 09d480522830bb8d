import { RE2JS } from 're2js'
import { errorMessage } from '../errors/index.ts'

/**
 * Patterns of `rx(text, 'pattern')`, compiled when a rule is loaded. RE2 takes time linear in the text whatever the
 * pattern; CEL's own `matches` is a JavaScript RegExp here, which can take exponential time, so it is refused.
 * Keyed by pattern and never emptied: patterns come from rule files only, and a file holds at most 1 MiB of them.
 */
const patterns = new Map<string, RE2JS>()

/** Compiles a pattern for `rx`. Returns what is wrong with it, or undefined. */
export function compilePattern(pattern: string): string | undefined {
  if (patterns.has(pattern)) return undefined
  try {
    patterns.set(pattern, RE2JS.compile(pattern))
    return undefined
  } catch (thrown) {
    return errorMessage(thrown)
  }
}

/** Whether any part of `text` matches. Throws for a pattern that no loaded rule has: only literals are allowed. */
export function rx(text: string, pattern: string): boolean {
  const compiled = patterns.get(pattern)
  if (!compiled) throw new Error(`rx: the pattern "${pattern}" was not compiled when the rule was loaded`)
  return compiled.test(text)
}
