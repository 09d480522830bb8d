import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Action, type ActionInput, completeAction, effects, type Outcome, outcomes } from '../action/index.ts'
import { formatDiagnostics } from '../errors/index.ts'
import { type CompiledRules, compileRules } from './compile.ts'
import { ruleContext } from './rule-context.ts'
import { judgeByRule, momentOf } from './rule-set.ts'

interface Written {
  readonly id: string
  readonly when?: string
  readonly says: string
  readonly more?: string
}

function compile(rules: readonly Written[]): CompiledRules {
  const body = rules.map(
    ({ id, when = 'true', says, more = '' }) =>
      `  - { id: ${id}, about: About ${id}, when: '${when}', then: ${says}${more && `, ${more}`} }`,
  )
  const text = `version: 1\nlists: { production: [production, prod] }\nrules:\n${body.join('\n')}\n`
  const result = compileRules([{ file: 'r.yaml', text }])
  if (!result.ok) throw new Error(formatDiagnostics(result.diagnostics, () => text))
  return result
}

function judge(rules: readonly Written[], action: ActionInput = {}) {
  return compile(rules).judge.judge(completeAction(action))
}

describe('which rule decides', () => {
  it('lets through what no rule matches', () => {
    expect(judge([{ id: 'a', when: 'impact.exact', says: 'block' }])).toEqual({
      outcome: 'allow',
      rule: null,
      message: 'No rule objects.',
      matched: [],
      shadow: [],
      errors: [],
    })
  })

  it('is the strictest, in whatever order rules stand; among equals the first', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...outcomes), { minLength: 1, maxLength: 6 }), (given) => {
        const rules = given.map((outcome, i) => ({ id: `r${i}`, says: outcome }))
        const judgement = judge(rules)
        const strictest = outcomes.findLast((outcome) => given.includes(outcome))
        expect(judgement.outcome).toBe(strictest)
        expect(judgement.rule?.rule).toBe(`r${given.indexOf(judgement.outcome)}`)
        expect(judgement.matched.map(({ rule }) => rule)).toEqual(rules.map(({ id }) => id))
        expect(judgement.review !== undefined).toBe(strictest === 'hold')
      }),
      { numRuns: 60 },
    )
  })

  it('is the same for every order of block, hold, flag and allow', () => {
    const permutations = (rest: readonly Outcome[]): Outcome[][] =>
      rest.length === 0 ? [[]] : rest.flatMap((x) => permutations(rest.filter((y) => y !== x)).map((p) => [x, ...p]))
    for (const order of permutations(outcomes)) {
      expect(judge(order.map((says) => ({ id: says, says }))).rule?.rule).toBe('block')
    }
  })
})

describe('shadow rules', () => {
  it('are recorded and decide nothing, also where they cannot be evaluated', () => {
    const judgement = judge([
      { id: 'a', says: 'block', more: 'mode: shadow' },
      { id: 'b', when: 'impact.rows > 1', says: 'block', more: 'mode: shadow' },
    ])
    expect(judgement).toMatchObject({ outcome: 'allow', rule: null, matched: [], errors: [] })
    expect(judgement.shadow.map(({ rule, outcome }) => [rule, outcome])).toEqual([
      ['a', 'block'],
      ['b', 'hold'],
    ])
  })
})

describe('a condition that cannot be evaluated', () => {
  it('holds, whatever its rule would have said, and names the rule', () => {
    for (const says of outcomes) {
      const judgement = judge([{ id: 'rows', when: 'impact.rows > 1000', says }])
      expect(judgement).toMatchObject({
        outcome: 'hold',
        rule: { rule: 'rows', outcome: 'hold' },
        errors: [{ rule: 'rows', message: 'impact.rows > 1000: a value is not known' }],
        review: { approvals: 1, from: [], within: 1_800_000 },
      })
      expect(judgement.message).toContain('Rule rows cannot tell')
    }
  })

  it('is not reached where another part is false, on either side', () => {
    expect(judge([{ id: 'a', when: 'impact.exact && impact.rows > 1', says: 'hold' }]).outcome).toBe('allow')
    expect(judge([{ id: 'a', when: 'impact.rows > 1 && impact.exact', says: 'hold' }]).outcome).toBe('allow')
    expect(judge([{ id: 'a', when: 'impact.rows != null && impact.rows > 1', says: 'hold' }]).outcome).toBe('allow')
  })

  it('gives way to a block', () => {
    const rules = [
      { id: 'a', when: 'impact.rows > 1', says: 'flag' },
      { id: 'b', says: 'block' },
    ]
    expect(judge(rules)).toMatchObject({ outcome: 'block', rule: { rule: 'b' }, errors: [{ rule: 'a' }] })
  })

  it('holds for a missing optional field, which has() can ask about', () => {
    expect(judge([{ id: 'a', when: '!change.verified', says: 'flag' }]).outcome).toBe('hold')
    expect(judge([{ id: 'a', when: '!has(change.id) || !change.verified', says: 'flag' }]).outcome).toBe('flag')
    expect(judge([{ id: 'a', when: 'target.database == "x"', says: 'flag' }]).outcome).toBe('hold')
    expect(judge([{ id: 'a', when: 'has(target.database) && target.database == "x"', says: 'flag' }]).outcome).toBe(
      'allow',
    )
    expect(judge([{ id: 'a', when: '"x" in request.traits', says: 'flag' }], { protocol: 'http' }).outcome).toBe(
      'allow',
    )
    expect(judge([{ id: 'a', when: '"x" in request.traits', says: 'flag' }], { request: { traits: 3 } }).outcome).toBe(
      'hold',
    )
    expect(judge([{ id: 'a', when: 'request.x == 1', says: 'flag' }]).outcome).toBe('hold')
  })
})

describe('the review of a hold', () => {
  it('asks the most approvals, the least time and the groups that satisfy every hold', () => {
    const judgement = judge([
      { id: 'a', says: '{ hold: { approvals: 2, from: [dba, lead], within: 1h } }' },
      { id: 'b', says: '{ hold: { from: [lead, security], within: 10m } }' },
      { id: 'c', says: 'hold' },
      { id: 'd', says: 'flag' },
    ])
    expect(judgement.review).toEqual({ approvals: 2, from: ['lead'], within: 600_000 })
  })

  it('asks the groups of the strictest hold where no group satisfies all: most approvals, then severity, then first', () => {
    const from = (...rules: Written[]) => judge(rules).review?.from
    const dba = { id: 'a', says: '{ hold: { from: [dba] } }' }
    const security = { id: 'b', says: '{ hold: { from: [security] } }' }
    expect(from(dba, security)).toEqual(['dba'])
    expect(from(dba, { ...security, more: 'severity: low' })).toEqual(['security'])
    expect(from(dba, { ...security, says: '{ hold: { approvals: 2, from: [security] } }' })).toEqual(['security'])
  })

  it('asks for somebody of each where no group satisfies all', () => {
    const review = judge([
      { id: 'a', says: '{ hold: { from: [dba] } }' },
      { id: 'b', says: '{ hold: { approvals: 2, from: [security] } }' },
    ]).review
    expect(review?.demands).toEqual([[{ approvals: 1, from: ['dba'] }], [{ approvals: 2, from: ['security'] }]])
  })

  it('keeps steps, and the strictest of everything else', () => {
    const steps = '{ hold: { steps: [{ from: [lead] }, { from: [dba, sec], match: each }], use: 5m, reason: true } }'
    expect(judge([{ id: 'a', says: steps }]).review).toEqual({
      approvals: 3,
      from: ['lead', 'dba', 'sec'],
      within: 1_800_000,
      use: 300_000,
      reason: true,
      demands: [
        [
          { approvals: 1, from: ['lead'] },
          { approvals: 2, from: ['dba', 'sec'], each: true },
        ],
      ],
    })
    const both = judge([
      { id: 'a', says: steps },
      { id: 'b', says: '{ hold: { from: [lead], use: 1m } }' },
    ]).review
    expect(both?.demands).toHaveLength(2)
    expect(both?.use).toBe(60_000)
  })

  it('lets nobody confirm their own action where another hold asks for somebody else', () => {
    const confirm = { id: 'a', says: '{ hold: { confirm: true } }' }
    expect(judge([confirm]).review?.confirm).toBe(true)
    expect(judge([confirm, { id: 'b', says: 'hold' }]).review?.confirm).toBeUndefined()
  })

  it('escalates only where every hold does, after the longest time, to groups that all name', () => {
    const one = { id: 'a', says: '{ hold: { escalate: { after: 5m, to: [oncall, lead] } } }' }
    const two = { id: 'b', says: '{ hold: { escalate: { after: 10m, to: [oncall] } } }' }
    expect(judge([one, two]).review?.escalate).toEqual({ after: 600_000, to: ['oncall'] })
    expect(judge([one, { id: 'c', says: 'hold' }]).review?.escalate).toBeUndefined()
  })

  it('leaves out what only a shadow rule asks', () => {
    const shadow = { id: 'b', says: '{ hold: { approvals: 9 } }', more: 'mode: shadow' }
    expect(judge([{ id: 'a', says: 'hold' }, shadow]).review?.approvals).toBe(1)
  })
})

describe('the message', () => {
  it('is the about of the deciding rule, or its message with the facts put in', () => {
    expect(judge([{ id: 'a', says: 'block' }]).message).toBe('About a')
    const told = (action: ActionInput) =>
      judge([{ id: 'a', says: 'block', more: 'message: "{operation} of {impact.rows} rows of {resources}"' }], action)
        .message
    expect(told({ operation: 'DELETE', impact: { rows: 12345 }, resources: [{ name: 'a' }, { name: 'b' }] })).toBe(
      'DELETE of about 12,345 rows of a, b',
    )
    expect(told({ impact: { rows: 1, exact: true } })).toBe('unknown of 1 rows of nothing')
    expect(told({})).toBe('unknown of an unknown number of rows of nothing')
  })

  it('carries no control characters and no endless names from a client', () => {
    const rules = [{ id: 'a', says: 'block', more: 'message: "{resources}!"' }]
    expect(judge(rules, { resources: [{ name: 'a\u001b[2J\u202e\nb' }] }).message).toBe('a [2J b!')
    expect(judge(rules, { resources: [{ name: 'x'.repeat(10_000) }] }).message.length).toBeLessThan(210)
  })
})

describe('the prefilter', () => {
  const conditions = [
    '"delete" in effects && impact.rows > 10',
    'impact.rows > 10 && "delete" in effects',
    '("delete" in effects || "write" in effects || "cascade" in request.traits) && !impact.bounded',
    'protocol == "postgres" && target.environment in production && operation in ["DELETE", "DROP TABLE"]',
    '"postgres" == protocol && (target.environment in production && actor.kind == "agent")',
    '"superuser" in request.traits && target.database == "x"',
    '!("delete" in effects)',
    '"delete" in effects || impact.exact',
    'operation in [door]',
    'impact.exact ? "delete" in effects : "write" in effects',
  ]
  const { judge: quick, rules } = compile(conditions.map((when, i) => ({ id: `r${i}`, when, says: 'flag' })))

  const traits = fc.oneof(fc.subarray(['cascade', 'superuser', 'drop-column']), fc.constant(undefined), fc.constant(7))
  const actions: fc.Arbitrary<Action> = fc
    .record({
      effects: fc.subarray([...effects]),
      protocol: fc.constantFrom('postgres', 'http'),
      operation: fc.constantFrom('DELETE', 'DROP TABLE', 'SELECT', 'door'),
      environment: fc.constantFrom('production', 'prod', 'staging', ''),
      kind: fc.constantFrom('human' as const, 'agent' as const),
      rows: fc.constantFrom(null, 0, 11),
      exact: fc.boolean(),
      bounded: fc.boolean(),
      database: fc.constantFrom('x', undefined),
      traits,
    })
    .map(({ environment, database, kind, rows, exact, bounded, traits, ...rest }) =>
      completeAction({
        ...rest,
        actor: { kind },
        target: { environment, ...(database === undefined ? {} : { database }) },
        impact: { rows, exact, bounded },
        request: traits === undefined ? {} : { traits },
      }),
    )

  it('never changes what rules say', () => {
    fc.assert(
      fc.property(actions, (action) => {
        const context = ruleContext(action)
        const slowly = rules.flatMap((rule) => {
          const verdict = judgeByRule(rule, context, momentOf(action))
          return verdict === undefined ? [] : [{ rule: verdict.match.rule, problem: verdict.problem }]
        })
        const judgement = quick.judge(action)
        expect(judgement.matched.map(({ rule }) => rule)).toEqual(slowly.map(({ rule }) => rule))
        expect(judgement.errors.map(({ rule }) => rule)).toEqual(
          slowly.filter(({ problem }) => problem !== undefined).map(({ rule }) => rule),
        )
      }),
      { numRuns: 2_000 },
    )
  })
})
