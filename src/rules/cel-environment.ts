import { Environment } from '@marcbachmann/cel-js'
import { actionType, type FieldType, type ObjectType } from './action-types.ts'
import { rx } from './rx.ts'

/** Structural limits of one condition; a rule is one line, so these are generous. */
const limits = { maxAstNodes: 2_000, maxDepth: 48, maxListElements: 500, maxMapEntries: 50, maxCallArguments: 8 }

const rxSignature = 'rx(string, string): bool'

/** Knows the type of every field of an action: conditions are checked against it when they are loaded. */
const typed = (() => {
  const environment = new Environment({ limits })
  for (const [name, type] of actionType.fields) environment.registerVariable(name, celType(environment, type))
  environment.registerFunction(rxSignature, rx)
  // Numbers of an action are JSON numbers, which are doubles in CEL. These overloads let a rule say
  // `impact.objects == 1` and `impact.rows != null`, as evaluation does. Only the signatures are used.
  for (const operator of ['double == int', 'double == null', 'double in list<int>']) {
    environment.registerOperator(operator, () => false)
  }
  return environment
})()

/** Knows the names only: evaluation without type conversions is several times faster. */
const untyped = (() => {
  const environment = new Environment({ limits })
  for (const name of actionType.fields.keys()) environment.registerVariable(name, 'dyn')
  environment.registerFunction(rxSignature, rx)
  return environment
})()

/** What a condition can call. */
export const functionNames: ReadonlySet<string> = new Set(typed.getDefinitions().functions.map(({ name }) => name))

export interface ConditionEnvironment {
  /** For checking types. */
  readonly typed: Environment
  /** For evaluating; `context` is an action. */
  readonly untyped: Environment
  /** The names of what differs from action to action, and what they are. */
  readonly fields: ReadonlyMap<string, FieldType>
}

/** What a file adds to the fields of an action: its windows, `window.<name>`, and schedules, `schedule.<name>`. */
export interface FileFields {
  readonly window?: readonly string[]
  readonly schedule?: readonly string[]
}

/** The two environments of one rule file, in which its lists are constants. */
export function conditionEnvironment(
  lists: ReadonlyMap<string, readonly string[]>,
  more: FileFields = {},
): ConditionEnvironment {
  const fields = new Map(actionType.fields)
  const environment = { typed: typed.clone(), untyped: untyped.clone(), fields }
  for (const [path, names, member] of [
    ['window', more.window, { kind: 'number', nullable: false }],
    ['schedule', more.schedule, { kind: 'bool' }],
  ] as const) {
    if (names === undefined || names.length === 0) continue
    const type: ObjectType = { kind: 'object', path, fields: new Map(names.map((name) => [name, member])) }
    fields.set(path, type)
    environment.typed.registerVariable(path, celType(environment.typed, type))
    environment.untyped.registerVariable(path, 'dyn')
  }
  for (const [name, members] of lists) {
    environment.typed.registerVariable(name, 'list<string>')
    environment.untyped.registerConstant(name, 'list<string>', [...members])
  }
  return environment
}

function celType(environment: Environment, type: FieldType): string {
  switch (type.kind) {
    case 'string':
    case 'bool':
    case 'dyn':
      return type.kind
    case 'number':
      return 'double'
    case 'map':
      return 'map<string, string>'
    case 'list':
      return `list<${celType(environment, type.of)}>`
    case 'object':
      return celObjectType(environment, type)
  }
}

function celObjectType(environment: Environment, type: ObjectType): string {
  const name = type.path.replace(/(?:^|\.)(\w)/g, (_, letter: string) => letter.toUpperCase())
  const fields: Record<string, string> = {}
  for (const [field, of] of type.fields) fields[field] = celType(environment, of)
  environment.registerType(name, { fields })
  return name
}
