import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { completeAction, effects } from '../action/index.ts'
import { compileRules } from './compile.ts'
import { draftActors, draftOutcomes, draftRule, type RuleWish, withDraft } from './draft-rule.ts'

const wish: RuleWish = {
  id: 'orders-purge',
  about: 'Orders are kept for ten years',
  effects: ['delete'],
  environments: ['production'],
  tables: ['orders'],
  actors: 'anyone',
  amount: { rows: 100 },
  outcome: 'hold',
  review: { approvals: 1, from: [] },
  severity: 'high',
  mode: 'enforce',
}

const compile = (text: string) => compileRules([{ file: 'mine.yaml', text }])

describe('a drafted rule', () => {
  it('reads as somebody would write it', () => {
    expect(withDraft(undefined, draftRule(wish))).toBe(`version: 1
rules:
  - id: orders-purge
    about: Orders are kept for ten years
    when: target.environment == "production" && "delete" in effects && resources.exists(r, rx(r.name, "^((.*[.])?orders)$")) && impact.rows > 100
    then: hold
    severity: high
    message: "{impact.rows} rows of {resources}: a second person must approve this."
    tests:
      - { name: what it is for, expect: hold, action: { operation: DELETE, effects: [ delete ], target: { environment: production }, resources: [ { name: orders } ], impact: { rows: 101 } } }
      - { name: no more than that, expect: allow, action: { operation: DELETE, effects: [ delete ], target: { environment: production }, resources: [ { name: orders } ], impact: { rows: 100 } } }
      - { name: somewhere else, expect: allow, action: { operation: DELETE, effects: [ delete ], target: { environment: staging }, resources: [ { name: orders } ], impact: { rows: 101 } } }
      - { name: another table, expect: allow, action: { operation: DELETE, effects: [ delete ], target: { environment: production }, resources: [ { name: other } ], impact: { rows: 101 } } }
      - { name: another effect, expect: allow, action: { operation: SELECT, effects: [ read ], target: { environment: production }, resources: [ { name: orders } ], impact: { rows: 101 } } }
`)
  })

  it('goes to the end of a file, whose comments and rules stay', () => {
    const before = `# ours
version: 1
windows:
  tried: { count: true, over: 5m } # of everybody
rules:
  # the first
  - { id: first, about: A, when: window.tried > 5, then: flag }
`
    const text = withDraft(before, draftRule({ ...wish, amount: { rows: 500, within: '10m' } }))
    for (const kept of ['# ours', '# of everybody', '# the first']) expect(text).toContain(kept)
    const compiled = compile(text)
    if (!compiled.ok) throw new Error(JSON.stringify(compiled.diagnostics))
    expect(compiled.rules.map(({ summary }) => summary.id)).toEqual(['first', 'orders-purge'])
    expect(compiled.rules[1]?.windows.map(({ name }) => name)).toEqual(['rows_orders_purge'])
  })

  it('of a table of one schema also looks at statements that name no schema', () => {
    const compiled = compile(withDraft(undefined, draftRule({ ...wish, tables: ['shop.orders'] })))
    if (!compiled.ok) throw new Error(JSON.stringify(compiled.diagnostics))
    const says = (name: string) =>
      compiled.judge.judge(
        completeAction({
          effects: ['delete'],
          target: { environment: 'production' },
          impact: { rows: 101 },
          resources: [{ name }],
        }),
      ).outcome
    expect(['shop.orders', 'orders', 'old.orders', 'shop.orders_old'].map(says)).toEqual([
      'hold',
      'hold',
      'allow',
      'allow',
    ])
  })

  it('is refused where the file is no rule file', () => {
    expect(() => withDraft('- a\n', draftRule(wish))).toThrow('not a rule file')
    expect(() => withDraft('a: [', draftRule(wish))).toThrow('not a rule file')
  })

  const names = fc.string({ minLength: 1, maxLength: 12, unit: fc.constantFrom(...'aZ9_.$-"\\ ]^|(é\'#:{') })
  const wishes = fc.record({
    id: fc.stringMatching(/^[a-z0-9]+([._-][a-z0-9]+){0,2}$/),
    about: names.filter((name) => name.trim() !== ''),
    effects: fc.subarray([...effects], { minLength: 1 }),
    environments: fc.uniqueArray(names, { maxLength: 2 }),
    tables: fc.uniqueArray(names, { maxLength: 2 }),
    actors: fc.constantFrom(...draftActors),
    amount: fc.option(
      fc.record({ rows: fc.nat(1e6), within: fc.constantFrom('90s', '10m', '1d') }, { requiredKeys: ['rows'] }),
      { nil: undefined },
    ),
    outcome: fc.constantFrom(...draftOutcomes),
    review: fc.record({ approvals: fc.integer({ min: 1, max: 3 }), from: fc.constantFrom([], ['dba']) }),
    severity: fc.constantFrom('low' as const, 'critical' as const),
    mode: fc.constantFrom('enforce' as const, 'shadow' as const),
  })

  it('loads, and passes its tests, whatever was wished for', () => {
    fc.assert(
      fc.property(wishes, ({ amount, ...rest }) => {
        const text = withDraft(undefined, draftRule({ ...rest, ...(amount === undefined ? {} : { amount }) }))
        const compiled = compile(text)
        expect(compiled.ok ? [] : compiled.diagnostics, text).toEqual([])
      }),
      { numRuns: 300 },
    )
  })
})
