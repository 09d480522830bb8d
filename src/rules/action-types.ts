import { z } from 'zod'
import { actionSchema } from '../action/index.ts'

/** What a condition or a message may find at a field of an action. */
export type FieldType =
  | { readonly kind: 'string'; readonly values: readonly string[] | undefined }
  | { readonly kind: 'number'; readonly nullable: boolean }
  | { readonly kind: 'bool' }
  | { readonly kind: 'list'; readonly of: FieldType }
  | { readonly kind: 'map' }
  | ObjectType
  | { readonly kind: 'dyn' }

export interface ObjectType {
  readonly kind: 'object'
  /** Dotted path from the action; empty for the action itself. */
  readonly path: string
  readonly fields: ReadonlyMap<string, FieldType>
}

type JsonSchema = z.core.JSONSchema.BaseSchema

/** The shape of an action, read from its zod schema so that rules are checked against the very same thing. */
export const actionType: ObjectType = objectType(z.toJSONSchema(actionSchema), '')

function objectType(schema: JsonSchema, path: string): ObjectType {
  const fields = new Map<string, FieldType>()
  for (const [name, field] of Object.entries(schema.properties ?? {})) {
    fields.set(name, fieldType(field, path === '' ? name : `${path}.${name}`))
  }
  return { kind: 'object', path, fields }
}

function fieldType(schema: z.core.JSONSchema._JSONSchema, path: string): FieldType {
  if (typeof schema === 'boolean') return { kind: 'dyn' }
  if (schema.anyOf) {
    const known = schema.anyOf.map((option) => fieldType(option, path)).filter((option) => option.kind !== 'dyn')
    const [only] = known
    return only?.kind === 'number' && known.length === 1 ? { kind: 'number', nullable: true } : { kind: 'dyn' }
  }
  switch (schema.type) {
    case 'string':
      return { kind: 'string', values: schema.enum?.filter((value) => typeof value === 'string') }
    case 'integer':
    case 'number':
      return { kind: 'number', nullable: false }
    case 'boolean':
      return { kind: 'bool' }
    case 'array':
      return schema.items === undefined || Array.isArray(schema.items)
        ? { kind: 'dyn' }
        : { kind: 'list', of: fieldType(schema.items, path) }
    case 'object':
      if (schema.properties) return objectType(schema, path)
      return typeof schema.additionalProperties === 'object' && schema.additionalProperties.type === 'string'
        ? { kind: 'map' }
        : { kind: 'dyn' }
    default:
      return { kind: 'dyn' }
  }
}

/** The member `name` of a type, `undefined` where there is none. */
export function memberType(type: FieldType, name: string): FieldType | undefined {
  switch (type.kind) {
    case 'object':
      return type.fields.get(name)
    case 'map':
      return { kind: 'string', values: undefined }
    case 'dyn':
      return type
    default:
      return undefined
  }
}
