import { expect, test } from 'vitest'
import { z } from 'zod'
import { actionFields, ruleKeys } from '../console/src/rules/rule-words.ts'
import { actionSchema } from '../src/action/index.ts'
import { ruleFileJsonSchema } from '../src/rules/index.ts'

/** The dotted paths of all fields of a JSON schema, down to what is no object with named fields. */
function paths(schema: object, before = ''): string[] {
  const properties: unknown = Reflect.get(schema, 'properties')
  if (typeof properties !== 'object' || properties === null) return [before]
  return Object.entries(properties).flatMap(([name, field]) =>
    paths(Object(field), before === '' ? name : `${before}.${name}`),
  )
}

test('the console completes the fields that an action has, and the members of a rule', () => {
  expect([...actionFields].sort()).toEqual(paths(z.toJSONSchema(actionSchema)).sort())
  const rule = Object(ruleFileJsonSchema()).properties.rules.items.properties
  expect(Object.keys(rule)).toEqual(expect.arrayContaining([...ruleKeys]))
})
