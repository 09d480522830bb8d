import type { z } from 'zod'
import { type Diagnostic, didYouMean, type Path, YamlSource } from '../errors/index.ts'
import { maxFileBytes, type RuleFileContent, ruleFileJsonSchema, ruleFileSchema } from './rule-file.ts'

/** A rule file whose structure is right. */
export interface ReadRuleFile {
  readonly content: RuleFileContent
  readonly source: YamlSource
}

type Issue = z.core.$ZodIssue

/** rules → rule → tests → test → action → request → a request's own facts; deeper is an attack on whoever walks it. */
const maxNesting = 32

/** Reads one rule file: YAML, then structure. */
export function readRuleFile(file: string, text: string): ReadRuleFile | Diagnostic[] {
  if (Buffer.byteLength(text) > maxFileBytes) return [atStart(file, `larger than ${maxFileBytes} bytes`)]
  const source = YamlSource.read(file, text, quotingHint)
  if (!(source instanceof YamlSource)) return source.some(isStackOverflow) ? [nestsTooDeeply(file)] : source
  const { data } = source
  if (depthExceeds(data, maxNesting)) return [nestsTooDeeply(file)]
  if (data === null || data === undefined) {
    return [atStart(file, 'the file is empty', 'a rule file needs at least: version: 1 and one rule under rules:')]
  }
  const parsed = ruleFileSchema.safeParse(data)
  if (parsed.success) return { content: parsed.data, source }
  return parsed.error.issues.flatMap((issue) => explain(issue, [], data, source))
}

/** YAML reads a quote at the beginning as a quoted value, ! as a tag, # after a space as a comment. */
function quotingHint(line: string): string | undefined {
  return /^[ -]*(?:["']?)when\b|^ *\w+: *["!]/.test(line)
    ? `put a condition that begins with " or ! or contains ": " or " #" in single quotes: when: '!impact.bounded'`
    : undefined
}

function isStackOverflow({ message }: Diagnostic): boolean {
  return /call stack/.test(message)
}

function nestsTooDeeply(file: string): Diagnostic {
  return atStart(file, 'the file nests too deeply')
}

function depthExceeds(value: unknown, depth: number): boolean {
  if (typeof value !== 'object' || value === null) return false
  return depth === 0 || Object.values(value).some((member) => depthExceeds(member, depth - 1))
}

function atStart(file: string, message: string, hint?: string): Diagnostic {
  return { severity: 'error', message, ...(hint === undefined ? {} : { hint }), file, line: 1, column: 1 }
}

/** One finding of zod in words, at its place in the file. */
function explain(issue: Issue, prefix: Path, data: unknown, source: YamlSource): Diagnostic[] {
  const path = [...prefix, ...issue.path]
  const value = valueAt(data, path)
  const name = describePath(path)
  switch (issue.code) {
    case 'unrecognized_keys':
      return issue.keys.map((key) => unknownKey(key, path, source))
    case 'invalid_union': {
      // `then` is a word or a map, the only union people write: judge it as what it looks like.
      const branch = issue.errors.find((errors) => !errors.some((error) => isWrongKind(error, value)))
      if (branch) return branch.flatMap((inner) => explain(inner, path, data, source))
      return [source.diagnostic(source.value(path), `${name} cannot be ${kindOf(value)}`)]
    }
    case 'invalid_value': {
      const allowed = issue.values.map(String)
      if (value === undefined) return [missing(path, source)]
      return [
        source.diagnostic(
          source.value(path),
          `${name} is ${JSON.stringify(value)}, which is not one of: ${allowed.join(', ')}`,
          suggest(String(value), allowed),
        ),
      ]
    }
    case 'invalid_type':
      if (value === undefined) return [missing(path, source)]
      return [source.diagnostic(source.value(path), `${name} must be ${article(issue.expected)}, not ${kindOf(value)}`)]
    case 'too_small':
      return [
        source.diagnostic(
          source.value(path),
          issue.origin === 'array' || issue.origin === 'string'
            ? `${name} is empty`
            : `${name} must be at least ${issue.minimum}`,
        ),
      ]
    case 'too_big':
      return [
        source.diagnostic(
          source.value(path),
          issue.origin === 'string'
            ? `${name} is longer than ${issue.maximum} characters`
            : `${name} must be at most ${issue.maximum}`,
        ),
      ]
    case 'invalid_format':
      return [source.diagnostic(source.value(path), `${name} ${formatAdvice(path)}`)]
    case 'invalid_key':
      return [source.diagnostic(source.key(path), `${JSON.stringify(path.at(-1))} ${formatAdvice(['name'])}`)]
    default:
      return [source.diagnostic(source.value(path), `${name}: ${issue.message}`)]
  }
}

function isWrongKind(issue: Issue, value: unknown): boolean {
  if (issue.path.length > 0) return false
  // A map refuses a word with invalid_type, an enumeration refuses a map with invalid_value.
  return issue.code === 'invalid_type' || (issue.code === 'invalid_value' && typeof value !== 'string')
}

function unknownKey(key: string, path: Path, source: YamlSource): Diagnostic {
  const span = source.key([...path, key])
  const known = keysAt(path)
  return source.diagnostic(
    span,
    `unknown key ${JSON.stringify(key)} in ${path.length === 0 ? 'the rule file' : describePath(path)}`,
    suggest(key, known) ?? (known.length > 0 ? `known here: ${known.join(', ')}` : undefined),
  )
}

function missing(path: Path, source: YamlSource): Diagnostic {
  const parent = path.slice(0, -1)
  const where = parent.length === 0 ? 'the rule file' : describePath(parent)
  return source.diagnostic(
    parent.length === 0 ? { start: 0, length: 1 } : source.key(parent),
    `${where} has no ${String(path.at(-1))}`,
    path.at(-1) === 'version' ? 'begin the file with: version: 1' : undefined,
  )
}

function suggest(word: string, candidates: readonly string[]): string | undefined {
  const near = didYouMean(word, candidates)
  return near === undefined ? undefined : `did you mean ${near}?`
}

function formatAdvice(path: Path): string {
  switch (path.at(-1)) {
    case 'id':
      return 'must be lower-case letters and digits, joined by - . or _, such as mass-delete'
    case 'within':
    case 'use':
    case 'after':
      return 'must be a duration such as 90s, 30m, 2h or 1d'
    default:
      return 'must be a name of letters, digits and _, not beginning with a digit'
  }
}

function valueAt(data: unknown, path: Path): unknown {
  let value = data
  for (const step of path) value = typeof value === 'object' && value !== null ? Reflect.get(value, step) : undefined
  return value
}

function kindOf(value: unknown): string {
  if (value === null || value === undefined) return 'nothing'
  if (Array.isArray(value)) return 'a list'
  return typeof value === 'object' ? 'a map' : `the ${typeof value} ${JSON.stringify(value)}`
}

function article(expected: string): string {
  switch (expected) {
    case 'object':
    case 'record':
      return 'a map'
    case 'array':
      return 'a list'
    case 'int':
      return 'a whole number'
    default:
      return `a ${expected}`
  }
}

/** `rules[2].then.hold` */
function describePath(path: Path): string {
  if (path.length === 0) return 'the rule file'
  return path.map((step, i) => (typeof step === 'number' ? `[${step}]` : `${i ? '.' : ''}${String(step)}`)).join('')
}

/** The keys that the format knows at a path, for "did you mean". */
function keysAt(path: Path): string[] {
  type Schema = z.core.JSONSchema._JSONSchema
  let options: Schema[] = [ruleFileJsonSchema()]
  for (const step of path) {
    options = options.flatMap((schema): Schema[] => {
      if (typeof schema === 'boolean') return []
      if (typeof step === 'number') return schema.items && !Array.isArray(schema.items) ? [schema.items] : []
      const next = schema.properties?.[String(step)] ?? schema.additionalProperties
      return next === undefined ? [] : [next]
    })
    options = options.flatMap((schema) => (typeof schema === 'object' ? (schema.anyOf ?? [schema]) : []))
  }
  return options.flatMap((schema) => (typeof schema === 'object' ? Object.keys(schema.properties ?? {}) : []))
}
