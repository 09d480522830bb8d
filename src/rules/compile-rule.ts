import { type ASTNode, serialize } from '@marcbachmann/cel-js'
import { canonicalJson, type Outcome, sha256Hex } from '../action/index.ts'
import type { Diagnostic, Path, YamlSource } from '../errors/index.ts'
import { conjuncts } from './cel-ast.ts'
import type { ConditionEnvironment } from './cel-environment.ts'
import type { Finding } from './check-condition.ts'
import { type Condition, compileCondition, evaluator } from './condition.ts'
import type { Exception } from './exception.ts'
import type { Review } from './judge.ts'
import { expandMacros, hasComment, words } from './macros.ts'
import { compileMessage, messageFields } from './message.ts'
import { prefilter } from './prefilter.ts'
import { dependence, fieldsRead } from './reads.ts'
import { defaultReview, reviewOf } from './review.ts'
import type { Rule } from './rule.ts'
import { maxConditionLength, type RuleSource } from './rule-file.ts'
import type { Period } from './schedule.ts'
import type { Window } from './windows/window.ts'

/** What the conditions of one file can name. */
export interface FileScope {
  readonly source: YamlSource
  readonly lists: ReadonlyMap<string, readonly string[]>
  readonly macros: ReadonlyMap<string, string>
  readonly environment: ConditionEnvironment
  readonly windows: ReadonlyMap<string, Window>
  readonly schedules: ReadonlyMap<string, readonly Period[]>
}

/** Compiles one rule whose structure is right. `index`: its place among the rules of its file. */
export function compileRule(rule: RuleSource, index: number, scope: FileScope): Rule | Diagnostic[] {
  const { source } = scope
  const at: Path = ['rules', index]
  const diagnostics: Diagnostic[] = []

  const condition = compileText(rule.when, [...at, 'when'], scope, scope.macros)
  if (Array.isArray(condition)) diagnostics.push(...condition)
  const template = compileMessage(rule.message ?? '', scope.environment.fields)
  if (Array.isArray(template)) diagnostics.push(...place(template, [...at, 'message'], source))
  diagnostics.push(...stepsBesideOthers(rule, at, source))
  const exceptions = compileExceptions(rule, at, scope)
  if (isDiagnostics(exceptions)) diagnostics.push(...exceptions)
  for (const [i, { window = {} }] of (rule.tests ?? []).entries()) {
    for (const name of Object.keys(window).filter((name) => !scope.windows.has(name))) {
      const span = source.key([...at, 'tests', i, 'window', name])
      diagnostics.push(source.diagnostic(span, `this file has no window ${name}`, 'declare it under windows:'))
    }
  }
  if (Array.isArray(condition) || Array.isArray(template) || isDiagnostics(exceptions) || diagnostics.length > 0) {
    return diagnostics
  }

  const { outcome, review } = outcomeOf(rule.then, scope.lists)
  const { mayMatch, rest } = prefilter(condition.ast, scope.lists)
  const asked = exceptions.flatMap((exception) => [...fieldsRead(exception.condition.ast), 'now'])
  const reads = dependence([...fieldsRead(condition.ast), ...messageFields(rule.message ?? ''), ...asked])
  const { line } = source.diagnostic(source.key([...at, 'id']), '')
  const references = rule.references ? { references: rule.references } : {}
  return {
    summary: {
      id: rule.id,
      about: rule.about,
      ...references,
      file: source.file,
      line,
      mode: rule.mode ?? 'enforce',
      outcome,
      severity: rule.severity ?? null,
      when: rule.when,
      ...(review ? { review } : {}),
      ...(exceptions.length > 0 ? { except: exceptions.map(({ owner, why, until }) => ({ owner, why, until })) } : {}),
    },
    match: { rule: rule.id, outcome, about: rule.about, ...references },
    condition,
    mayMatch,
    rest: compileRest(rest, scope),
    message: rule.message === undefined ? () => rule.about : template,
    dependence: reads,
    parts: () =>
      conjuncts(condition.ast).map((part) => {
        const text = serialize(part)
        return { text, holds: evaluator(scope.environment, text).holds }
      }),
    digest: digestOf(rule, condition, reads.reads, scope),
    windows: [...scope.windows].flatMap(([name, window]) => (reads.reads.has(`window.${name}`) ? [window] : [])),
    schedules: [...scope.schedules].filter(([name]) => reads.reads.has(`schedule.${name}`)),
    exceptions,
    tests: (rule.tests ?? []).map((test, i) => ({
      name: test.name,
      expect: test.expect,
      action: test.action,
      window: test.window,
      source,
      span: source.value([...at, 'tests', i, 'expect']),
    })),
  }
}

function digestOf(rule: RuleSource, { ast }: Condition, reads: ReadonlySet<string>, scope: FileScope): string {
  const names = new Set(words(serialize(ast)).map(({ name }) => name))
  for (const { when } of rule.except ?? []) {
    for (const { name } of words(expandMacros(when, scope.macros).text)) names.add(name)
  }
  const lists = [...scope.lists].filter(([name]) => names.has(name)).map(([name, members]) => [name, [...members]])
  const windows = [...scope.windows].flatMap(([name, { id }]) => (reads.has(`window.${name}`) ? [[name, id]] : []))
  const schedules = [...scope.schedules].filter(([name]) => reads.has(`schedule.${name}`))
  const { tests: _, references: __, ...said } = rule
  return sha256Hex(canonicalJson({ said, condition: serialize(ast), lists, windows, schedules }))
}

type CompiledException = Exception & { readonly condition: Condition }

function compileExceptions(rule: RuleSource, at: Path, scope: FileScope): CompiledException[] | Diagnostic[] {
  const compiled: CompiledException[] = []
  const diagnostics: Diagnostic[] = []
  for (const [i, { when, until, owner, why }] of (rule.except ?? []).entries()) {
    const condition = compileText(when, [...at, 'except', i, 'when'], scope, scope.macros)
    if (Array.isArray(condition)) diagnostics.push(...condition)
    else compiled.push({ condition, until, owner, why })
  }
  return diagnostics.length > 0 ? diagnostics : compiled
}

function isDiagnostics(found: readonly CompiledException[] | readonly Diagnostic[]): found is Diagnostic[] {
  return found.some((one) => 'message' in one)
}

/** What a prefilter leaves to evaluate. The parts were checked as the condition that they come from. */
function compileRest(parts: readonly ASTNode[], { environment }: FileScope): Pick<Condition, 'holds'> {
  if (parts.length === 0) return { holds: () => true }
  return evaluator(environment, parts.map((part) => `(${serialize(part)})`).join(' && '))
}

/** Compiles a condition (or a macro, which need not be boolean) and puts its findings into the file. */
export function compileText(
  written: string,
  path: Path,
  scope: FileScope,
  macros: ReadonlyMap<string, string>,
  boolean: boolean = true,
): Condition | Diagnostic[] {
  const { source, lists } = scope
  if (!source.stringOffsets(path)) {
    const hint = "write it behind the colon, in single quotes: when: 'impact.rows > 1000'"
    return [source.diagnostic(source.key(path), 'a condition stands on one line', hint)]
  }
  if (hasComment(written)) {
    return place([whole(written, 'a condition has no comments', 'put it on a line of its own, behind #')], path, source)
  }
  const expanded = expandMacros(written, macros)
  if (expanded.text.length > maxConditionLength) {
    return place([whole(written, `with its macros put in, longer than ${maxConditionLength} characters`)], path, source)
  }
  const condition = compileCondition(expanded.text, scope.environment, [...lists.keys(), ...macros.keys()], boolean)
  if (!Array.isArray(condition)) return condition
  const findings = condition.map((finding): Finding => {
    const start = expanded.origin(finding.start)
    if (start.macro !== undefined) {
      const message = `${finding.message} (in macro ${start.macro})`
      return { ...finding, message, start: start.offset, end: start.offset + start.macro.length }
    }
    const end = expanded.origin(Math.max(finding.start, finding.end - 1))
    return { ...finding, start: start.offset, end: end.offset + (end.macro?.length ?? 1) }
  })
  return place(findings, path, source)
}

function whole(text: string, message: string, hint?: string): Finding {
  return { start: 0, end: text.length, message, ...(hint === undefined ? {} : { hint }) }
}

/** Findings in a string of the file, at their places in the file. */
function place(findings: readonly Finding[], path: Path, source: YamlSource): Diagnostic[] {
  const offsets = source.stringOffsets(path)
  return findings.map(({ start, end, message, hint }) => {
    const span = offsets
      ? { start: offsets(start), length: Math.max(1, offsets(Math.max(start, end)) - offsets(start)) }
      : source.value(path)
    return source.diagnostic(span, message, hint)
  })
}

/** What stands beside steps would guard nothing. */
function stepsBesideOthers({ then }: RuleSource, at: Path, source: YamlSource): Diagnostic[] {
  if (typeof then === 'string' || then.hold.steps === undefined) return []
  const { hold } = then
  return (['approvals', 'from', 'match'] as const)
    .filter((key) => hold[key] !== undefined)
    .map((key) =>
      source.diagnostic(
        source.key([...at, 'then', 'hold', key]),
        `${key} stands beside steps`,
        `put ${key} into one of the steps`,
      ),
    )
}

function outcomeOf(
  then: RuleSource['then'],
  lists: ReadonlyMap<string, readonly string[]>,
): { outcome: Outcome; review: Review | undefined } {
  if (typeof then === 'string') return { outcome: then, review: then === 'hold' ? defaultReview : undefined }
  return { outcome: 'hold', review: reviewOf(then.hold, lists) }
}
