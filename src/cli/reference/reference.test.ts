import { describe, expect, it } from 'vitest'
import { effects } from '../../action/index.ts'
import { compileRules } from '../../rules/index.ts'
import { exitCodes } from '../exit-codes.ts'
import { actionReference } from './action.ts'
import { cliReference } from './cli.ts'
import { errorsReference } from './errors.ts'
import { rulesReference } from './rules.ts'

describe('the reference', () => {
  it('has every command with its options, and every exit code', () => {
    const text = cliReference()
    const commands = [...text.matchAll(/^## `sallyport (.*)`$/gm)].map(([, name]) => name)
    const some = ['serve', 'holds show', 'rules test', 'classify postgres', 'token issue']
    expect(commands).toEqual(expect.arrayContaining(some))
    expect(text).toContain('| `--server-version <major>` |')
    for (const { code } of Object.values(exitCodes)) expect(text).toContain(`| ${code} | `)
  })

  it('has every field and every effect of the action', () => {
    const text = actionReference()
    for (const field of [
      'actor.client.ip',
      'target.environment',
      'resources[].name',
      'impact.cascades[].rows',
      'change.by',
    ]) {
      expect(text).toContain(`| \`${field}\` |`)
    }
    for (const effect of effects) expect(text).toContain(`| \`${effect}\` | `)
  })

  it('gives a rule file that loads and passes its tests', () => {
    const text = rulesReference()
    const example = /```yaml\n([\s\S]*?)```/.exec(text)?.[1] ?? ''
    expect(compileRules([{ file: 'example.yaml', text: example }])).toMatchObject({
      ok: true,
      tests: [{ passed: true }],
    })
    for (const key of ['rules[].then.hold.approvals', 'rules[].tests[].action', 'macros'])
      expect(text).toContain(`\`${key}\``)
  })

  it('has no row without a type', () => {
    for (const page of [actionReference(), rulesReference(), errorsReference()]) {
      expect(page).not.toMatch(/undefined|\[object|\| *\| *\| *\|$/m)
    }
  })
})
