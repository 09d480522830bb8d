import type { z } from 'zod'

type Schema = z.core.JSONSchema.JSONSchema

interface Row {
  readonly key: string
  readonly type: string
  readonly fallback: string
  readonly meaning: string
}

/** A Markdown table of every key that a JSON Schema knows: type, default, meaning. */
export function schemaTable(schema: Schema): string {
  const lines = rowsOf(schema, '').map(
    ({ key, type, fallback, meaning }) => `| \`${key}\` | ${type} | ${fallback} | ${meaning} |`,
  )
  return `| key | type | default | meaning |\n|---|---|---|---|\n${lines.join('\n')}`
}

function rowsOf(schema: Schema, prefix: string): Row[] {
  const required = new Set(schema.required)
  return Object.entries(schema.properties ?? {}).flatMap(([name, value]): Row[] => {
    if (typeof value !== 'object') return []
    const key = prefix + name
    if (isMap(value)) return rowsOf(value, `${key}.`)
    const row: Row = {
      key,
      type: typeOf(value),
      fallback: value.default === undefined ? (required.has(name) ? 'required' : '–') : code(value.default),
      meaning: cell(value.description ?? ''),
    }
    const items = itemsOf(value)
    const inner = value.anyOf?.find((option) => typeof option === 'object' && isMap(option))
    if (items && isMap(items)) return [row, ...rowsOf(items, `${key}[].`)]
    return typeof inner === 'object' ? [row, ...rowsOf(inner, `${key}.`)] : [row]
  })
}

/** A map with keys of its own, not one from any key to a value. */
function isMap(schema: Schema): boolean {
  return schema.type === 'object' && schema.properties !== undefined
}

function itemsOf({ items }: Schema): Schema | undefined {
  return typeof items === 'object' && !Array.isArray(items) ? items : undefined
}

function typeOf(schema: Schema): string {
  if (schema.enum) return schema.enum.map(code).join(', ')
  if (schema.const !== undefined) return code(schema.const)
  if (schema.anyOf) return schema.anyOf.map((option) => (typeof option === 'object' ? typeOf(option) : '')).join(' or ')
  switch (schema.type) {
    case 'string':
      return 'text'
    case 'integer':
      return wholeNumber(schema.minimum, schema.maximum)
    case 'boolean':
      return '`true`, `false`'
    case 'array':
      return listOf(itemsOf(schema))
    case 'object':
      return isMap(schema) ? 'map' : `map of names to ${valuesOf(schema)}`
    case 'null':
      return '`null`'
    default:
      return String(schema.type ?? 'anything')
  }
}

function wholeNumber(minimum: number | undefined, maximum: number | undefined): string {
  // JSON Schema states the limits of a double for a number without limits of its own.
  const most = maximum === undefined || maximum >= Number.MAX_SAFE_INTEGER ? undefined : maximum
  const least = minimum === undefined || minimum <= Number.MIN_SAFE_INTEGER ? undefined : minimum
  if (least === undefined) return 'whole number'
  return most === undefined ? `whole number, at least ${least}` : `whole number, ${least} to ${most}`
}

function listOf(items: Schema | undefined): string {
  if (items?.enum) return `list of ${typeOf(items)}`
  return items?.type === 'object' ? 'list of maps' : 'list of texts'
}

function valuesOf({ additionalProperties }: Schema): string {
  if (typeof additionalProperties !== 'object') return 'anything'
  if (additionalProperties.type === 'string') return 'texts'
  return additionalProperties.type === 'array' ? 'lists of texts' : 'values'
}

function code(value: unknown): string {
  return `\`${typeof value === 'string' ? value : JSON.stringify(value)}\``
}

/** A table's cell: no bar ends it, and outside of code no angle bracket begins HTML. */
function cell(text: string): string {
  const pieces = text.replaceAll('|', '\\|').split('`')
  return pieces.map((piece, index) => (index % 2 === 0 ? piece.replaceAll('<', '&lt;') : piece)).join('`')
}
