import type { z } from 'zod'
import { type Diagnostic, didYouMean, type Path, type YamlSource } from '../errors/index.ts'
import { configJsonSchema } from './schema.ts'

type Issue = z.core.$ZodIssue

/** One finding of zod in words, at its place in the file. */
export function explain(issue: Issue, data: unknown, source: YamlSource): Diagnostic[] {
  const { path } = issue
  const value = path.reduce<unknown>(member, data)
  const name = describePath(path)
  const here = (message: string, hint?: string) => [source.diagnostic(source.value(path), message, hint)]
  switch (issue.code) {
    case 'unrecognized_keys':
      return issue.keys.map((key) => unknownKey(key, path, source))
    case 'invalid_value': {
      if (value === undefined) return [missing(path, source)]
      const allowed = issue.values.map(String)
      const near = didYouMean(String(value), allowed)
      return here(
        `${name} is ${JSON.stringify(value)}, which is not one of: ${allowed.join(', ')}`,
        near === undefined ? undefined : `did you mean ${near}?`,
      )
    }
    case 'invalid_type':
      if (value === undefined) return [missing(path, source)]
      return here(`${name} must be ${article(issue.expected)}, not ${kindOf(value)}`, typeHint(issue.expected, value))
    case 'too_small':
      return here(
        issue.origin === 'array' || issue.origin === 'string'
          ? `${name} is empty`
          : `${name} must be at least ${issue.minimum}`,
      )
    case 'too_big':
      return here(`${name} must be at most ${issue.maximum}`)
    case 'custom': {
      const hint: unknown = issue.params?.hint
      return here(`${name}: ${issue.message}`, typeof hint === 'string' ? hint : undefined)
    }
    default:
      return here(`${name}: ${issue.message}`)
  }
}

/** `doors[0].hold.wait` */
export function describePath(path: Path): string {
  if (path.length === 0) return 'the configuration'
  return path.map((step, i) => (typeof step === 'number' ? `[${step}]` : `${i ? '.' : ''}${String(step)}`)).join('')
}

function unknownKey(key: string, path: Path, source: YamlSource): Diagnostic {
  const known = keysAt(path)
  const near = didYouMean(key, known)
  return source.diagnostic(
    source.key([...path, key]),
    `unknown key ${JSON.stringify(key)} in ${describePath(path)}`,
    near === undefined ? `known here: ${known.join(', ')}` : `did you mean ${near}?`,
  )
}

function missing(path: Path, source: YamlSource): Diagnostic {
  const parent = path.slice(0, -1)
  const span = parent.length === 0 ? { start: 0, length: 1 } : source.key(parent)
  const name = String(path.at(-1))
  const about = name === 'doors' ? 'name at least one door: without one nothing is guarded' : undefined
  return source.diagnostic(span, `${describePath(parent)} has no ${name}`, about)
}

function member(value: unknown, step: PropertyKey): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, step) : undefined
}

function kindOf(value: unknown): string {
  if (value === null || value === undefined) return 'nothing'
  if (Array.isArray(value)) return 'a list'
  return typeof value === 'object' ? 'a map' : `the ${typeof value} ${JSON.stringify(value)}`
}

function article(expected: string): string {
  switch (expected) {
    case 'object':
      return 'a map'
    case 'array':
      return 'a list'
    case 'string':
      return 'a text'
    case 'boolean':
      return 'true or false'
    case 'int':
      return 'a whole number'
    default:
      return `a ${expected}`
  }
}

function typeHint(expected: string, value: unknown): string | undefined {
  if (expected === 'array' && typeof value !== 'object') return 'put it in square brackets'
  if (expected === 'string' && Array.isArray(value)) return 'something that begins with [ needs quotes'
  return undefined
}

/** The keys that the configuration knows at a path. */
function keysAt(path: Path): string[] {
  const found = path.reduce<z.core.JSONSchema._JSONSchema | undefined>(schemaAt, configJsonSchema())
  return typeof found === 'object' ? Object.keys(found.properties ?? {}) : []
}

function schemaAt(schema: z.core.JSONSchema._JSONSchema | undefined, step: PropertyKey) {
  if (typeof schema !== 'object') return undefined
  if (typeof step !== 'number') return schema.properties?.[String(step)]
  return Array.isArray(schema.items) ? schema.items[step] : schema.items
}
