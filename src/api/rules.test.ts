import { beforeEach, describe, expect, test } from 'vitest'
import { type TestApi, testApi } from '../../test/support/test-api.ts'

let api: TestApi

beforeEach(async () => {
  api = await testApi()
})

const check = async (file: string, text: string) => {
  const response = await api.as('vera', '/api/rules/check', { method: 'POST', body: { file, text } })
  return { status: response.status, body: Object(await response.json()) }
}

describe('checking a change of the rules', () => {
  const good = "version: 1\nrules:\n  - { id: s, about: S, when: 'impact.rows > 5', then: hold }\n"

  test('says whether the whole set would load with it', async () => {
    const { body } = await check('b.yaml', good)
    expect(body).toMatchObject({ ok: true, rules: 2, diagnostics: [], tests: [{ rule: 'r', passed: true }] })
    expect((await check('a.yaml', good)).body).toMatchObject({ ok: true, rules: 1, tests: [] })
  })

  test('says where it is wrong and what to do', async () => {
    const { body } = await check('b.yaml', good.replace('impact.rows', 'impct.rows'))
    expect(body).toMatchObject({ ok: false, version: null })
    expect(body.diagnostics[0]).toMatchObject({ severity: 'error', file: 'b.yaml', line: 3 })
    expect((await check('b.yaml', good.replace('id: s', 'id: r'))).body.diagnostics[0].message).toContain('taken')
  })

  test('says which tests fail', async () => {
    const failing = good.replace(
      'then: hold',
      'then: hold, tests: [{ name: few, expect: hold, action: { impact: { rows: 1 } } }]',
    )
    const { body } = await check('b.yaml', failing)
    expect(body).toMatchObject({ ok: false, tests: [{ passed: true }, { test: 'few', got: 'allow', passed: false }] })
  })

  test('puts nothing in force', async () => {
    await check('a.yaml', good)
    const files = Object(await (await api.as('vera', '/api/rules/files')).json())
    expect(files).toMatchObject({
      version: 'abc123',
      files: [{ file: 'a.yaml', text: expect.stringContaining('id: r') }],
    })
  })

  test('takes a file as long as rules may be, and none longer', async () => {
    expect((await check('b.yaml', `${good}#${'x'.repeat(500_000)}`)).body.ok).toBe(true)
    expect((await check('b.yaml', 'x'.repeat(3_000_000))).status).toBe(413)
  })
})
