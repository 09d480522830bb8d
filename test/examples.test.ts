import { readdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { loadConfig } from '../src/config/index.ts'
import { openRuleStore } from '../src/rules/index.ts'

const examples = fileURLToPath(new URL('../examples', import.meta.url))

test.each(readdirSync(examples).filter((name) => name.endsWith('.yaml')))('the example %s loads', (name) => {
  expect(loadConfig(`${examples}/${name}`).doors.length).toBeGreaterThan(0)
})

test.each(readdirSync(`${examples}/rules`))('the rules of the example %s load, and their tests pass', async (name) => {
  const store = await openRuleStore({ paths: [`${examples}/rules/${name}`], rescan: 0 })
  expect(store.current().rules.length).toBeGreaterThan(0)
  await store.close()
})
