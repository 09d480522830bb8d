import type { Diagnostic } from '../errors/index.ts'
import { actionType } from './action-types.ts'
import { comprehensions } from './cel-ast.ts'
import { conditionEnvironment } from './cel-environment.ts'
import { compileRule, compileText, type FileScope } from './compile-rule.ts'
import { compileWindow } from './compile-window.ts'
import { words } from './macros.ts'
import type { ReadRuleFile } from './read-rule-file.ts'
import type { Rule } from './rule.ts'
import { periodProblem } from './schedule.ts'
import { windowLimits } from './windows/limits.ts'
import type { Window } from './windows/window.ts'

/** Names that mean something in CEL or in conditions. */
const reservedNames: ReadonlySet<string> = new Set([
  ...['true', 'false', 'null', 'in', 'as', 'break', 'const', 'continue', 'else', 'for', 'function', 'if', 'import'],
  ...['let', 'loop', 'package', 'namespace', 'return', 'var', 'void', 'while', 'prototype', '__proto__'],
  ...['int', 'uint', 'double', 'bool', 'string', 'bytes', 'list', 'map', 'null_type', 'type', 'dyn', 'google'],
  ...[
    'has',
    'size',
    'rx',
    'matches',
    'cel',
    'optional',
    'timestamp',
    'duration',
    'window',
    'windows',
    'schedule',
    'now',
  ],
  ...comprehensions,
])

/** A file's rules, each with its place in the file, and what is wrong with the others. */
export interface CompiledFile {
  readonly rules: readonly { readonly rule: Rule; readonly index: number }[]
  readonly diagnostics: readonly Diagnostic[]
}

/**
 * Compiles the rules of one file. Lists and macros belong to their file: it can be read, tested and removed by itself.
 */
export function compileFile({ content, source }: ReadRuleFile): CompiledFile {
  const lists = new Map(Object.entries(content.lists ?? {}))
  const macros = new Map(Object.entries(content.macros ?? {}))
  const named: Diagnostic[] = []
  for (const [kind, names] of [
    ['lists', lists],
    ['macros', macros],
  ] as const) {
    for (const name of names.keys()) {
      const problem = nameProblem(name) ?? (kind === 'macros' && lists.has(name) ? 'is already a list' : undefined)
      if (problem) named.push(source.diagnostic(source.key([kind, name]), `${name} ${problem}`, 'choose another name'))
    }
  }
  if (named.length > 0) return { rules: [], diagnostics: named }

  const schedules = new Map(Object.entries(content.schedules ?? {}))
  const declared = Object.keys(content.windows ?? {})
  const scope: FileScope = {
    source,
    lists,
    macros,
    environment: conditionEnvironment(lists, { window: declared, schedule: [...schedules.keys()] }),
    windows: new Map(),
    schedules,
  }
  const broken = [...macros].flatMap(([name, text]) => macroProblems(name, text, scope))
  if (declared.length > windowLimits.perFile) {
    broken.push(
      source.diagnostic(source.key(['windows']), `${declared.length} windows; at most ${windowLimits.perFile}`),
    )
  }
  for (const [name, periods] of schedules) {
    for (const [i, period] of periods.entries()) {
      const problem = periodProblem(period)
      if (problem === undefined) continue
      const at = ['schedules', name, i]
      const span = period[problem.key] === undefined ? source.value(at) : source.value([...at, problem.key])
      broken.push(source.diagnostic(span, problem.message, problem.hint))
    }
  }
  const windows = new Map<string, Window>()
  const windowScope = { ...scope, environment: conditionEnvironment(lists) }
  if (broken.length > 0) return { rules: [], diagnostics: broken }
  for (const [name, written] of Object.entries(content.windows ?? {})) {
    const window = compileWindow(name, written, windowScope)
    if (Array.isArray(window)) broken.push(...window)
    else windows.set(name, window)
  }
  if (broken.length > 0) return { rules: [], diagnostics: broken }

  const rules: { rule: Rule; index: number }[] = []
  const diagnostics: Diagnostic[] = []
  for (const [index, written] of content.rules.entries()) {
    const compiled = compileRule(written, index, { ...scope, windows })
    if (Array.isArray(compiled)) diagnostics.push(...compiled)
    else rules.push({ rule: compiled, index })
  }
  return { rules, diagnostics }
}

function nameProblem(name: string): string | undefined {
  if (actionType.fields.has(name)) return 'is a field of an action'
  return reservedNames.has(name) ? 'means something else in conditions' : undefined
}

/** A macro must stand by itself, so that putting it into parentheses cannot change what is around it. */
function macroProblems(name: string, text: string, scope: FileScope): Diagnostic[] {
  const path = ['macros', name]
  const nested = words(text).find((word) => scope.macros.has(word.name))
  if (nested) {
    const offsets = scope.source.stringOffsets(path)
    const span = offsets ? { start: offsets(nested.start), length: nested.name.length } : scope.source.value(path)
    return [scope.source.diagnostic(span, `a macro cannot use another macro (${nested.name})`, 'write it out')]
  }
  const compiled = compileText(text, path, scope, new Map(), false)
  return Array.isArray(compiled) ? compiled : []
}
