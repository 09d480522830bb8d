import type { Action } from '../action/index.ts'
import { didYouMean } from '../errors/index.ts'
import { actionType, type FieldType, memberType, type ObjectType } from './action-types.ts'
import type { Finding } from './check-condition.ts'

/** Puts the facts of an action into a rule's sentence. */
export type MessageTemplate = (action: Action, windows?: WindowValues) => string

/** What the windows of a rule's file hold, by name. */
export type WindowValues = Readonly<Record<string, number>>

/** Longest text that one field may put into a sentence. */
const maxFieldLength = 200

/** Compiles a sentence with fields in braces, such as `Deleting {impact.rows} rows of {resources}`. */
export function compileMessage(
  text: string,
  fields: ReadonlyMap<string, FieldType> = actionType.fields,
): MessageTemplate | Finding[] {
  const findings: Finding[] = []
  const parts: (string | readonly string[])[] = []
  let last = 0
  for (const match of text.matchAll(/\{([^{}]*)\}/g)) {
    const [whole, path = ''] = match
    const start = match.index
    parts.push(text.slice(last, start))
    last = start + whole.length
    const steps = path.trim().split('.')
    const problem = fieldProblem(steps, { kind: 'object', path: '', fields })
    if (problem) findings.push({ start: start + 1, end: last - 1, ...problem })
    parts.push(steps)
  }
  parts.push(text.slice(last))
  for (const [i, part] of parts.entries()) {
    if (typeof part === 'string' && /[{}]/.test(part) && i % 2 === 0) {
      const start = text.search(/[{}]/)
      findings.push({ start, end: start + 1, message: 'a brace without its partner' })
      break
    }
  }
  if (findings.length > 0) return findings
  return (action, windows = {}) =>
    parts.map((part) => (typeof part === 'string' ? part : fieldInWords(action, windows, part))).join('')
}

/** The fields that a sentence puts in. */
export function messageFields(text: string): string[] {
  return [...text.matchAll(/\{([^{}]*)\}/g)].flatMap(([, path = '']) =>
    // Whether rows are exact decides how they are worded.
    path.trim() === 'impact.rows' ? ['impact.rows', 'impact.exact'] : [path.trim()],
  )
}

function fieldProblem(steps: readonly string[], root: ObjectType): { message: string; hint?: string } | undefined {
  let type: FieldType = root
  for (const step of steps) {
    const member = memberType(type, step)
    if (!member) {
      const near = type.kind === 'object' ? didYouMean(step, type.fields.keys()) : undefined
      const owner = type.kind === 'object' && type.path === '' ? 'an action' : 'this'
      return { message: `${owner} has no field ${step || '(nothing)'}`, ...(near && { hint: `did you mean ${near}?` }) }
    }
    type = member
  }
  if (type.kind === 'object' || type.kind === 'map')
    return { message: `${steps.join('.')} is a map; name one of its fields` }
  return undefined
}

function fieldInWords(action: Action, windows: WindowValues, steps: readonly string[]): string {
  const ofWindows = steps[0] === 'window'
  let value: unknown = ofWindows ? windows : action
  for (const step of ofWindows ? steps.slice(1) : steps) {
    value =
      typeof value === 'object' && value !== null && Object.hasOwn(value, step) ? Reflect.get(value, step) : undefined
  }
  if (steps.join('.') === 'impact.rows' && typeof value === 'number' && !action.impact.exact) {
    return `about ${inWords(value)}`
  }
  return inWords(value)
}

function inWords(value: unknown): string {
  if (value === null || value === Number.POSITIVE_INFINITY) return 'an unknown number of'
  if (value === undefined) return 'unknown'
  if (typeof value === 'number') return value.toLocaleString('en-US')
  if (typeof value === 'string') return printable(value)
  if (typeof value === 'boolean') return value ? 'yes' : 'no'
  if (Array.isArray(value)) return value.length === 0 ? 'nothing' : printable(value.map(itemInWords).join(', '))
  return 'something'
}

function itemInWords(item: unknown): string {
  if (typeof item === 'object' && item !== null && 'name' in item) return String(item.name)
  if (typeof item === 'object' && item !== null && 'table' in item) return String(item.table)
  return typeof item === 'object' ? 'something' : String(item)
}

/** Fields carry what a client wrote: nothing of it may move a terminal's cursor or hide in a sentence. */
function printable(text: string): string {
  const plain = text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu, ' ')
  return plain.length > maxFieldLength ? `${plain.slice(0, maxFieldLength)}…` : plain
}
