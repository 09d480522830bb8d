import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { type CelInput, CelScalar, celEnv, celFunc, isCelError, parse, plan } from '@bufbuild/cel'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Action, completeAction, effects } from '../action/index.ts'
import { formatDiagnostics } from '../errors/index.ts'
import { compileRules } from './compile.ts'
import { ruleContext } from './rule-context.ts'
import { rx } from './rx.ts'

const file = 'rules/postgres.yaml'
const text = readFileSync(fileURLToPath(new URL(`../../${file}`, import.meta.url)), 'utf8')
const shipped = compileRules([{ file, text }])
if (!shipped.ok) throw new Error(formatDiagnostics(shipped.diagnostics, () => text))
const { judge, rules } = shipped

describe('the shipped rules', () => {
  it('each say where to read why', () => {
    for (const { summary } of rules) expect(summary.references, summary.id).not.toBeUndefined()
  })

  it('each have a severity, and tests for what they stop and for what they let pass', () => {
    for (const { summary, tests } of rules) {
      expect(summary.severity, summary.id).not.toBeNull()
      expect(new Set(tests.map(({ expect }) => expect === 'allow')), summary.id).toEqual(new Set([true, false]))
    }
  })

  it('tell the person at the other end something for everything they stop', () => {
    for (const { summary, message } of rules) {
      if (summary.outcome !== 'flag') expect(message(completeAction({})), summary.id).not.toBe(summary.about)
    }
  })
})

describe('the rule set as a whole', () => {
  const production = { environment: 'production' }
  const decide = (operation: string, does: Action['effects'], more: Parameters<typeof completeAction>[0] = {}) =>
    judge.judge(completeAction({ operation, effects: does, target: production, ...more })).outcome
  const traits = (...names: string[]) => ({ request: { statement: '', traits: names } })

  it.each([
    ['SELECT', decide('SELECT', ['read'], traits()), 'allow'],
    ['DELETE by key', decide('DELETE', ['delete'], { impact: { rows: 1 }, ...traits() }), 'allow'],
    ['DELETE FROM customers', decide('DELETE', ['delete'], { impact: { rows: 1000, bounded: false } }), 'hold'],
    ['DROP TABLE customers', decide('DROP TABLE', ['destroy'], { resources: [{ name: 'customers' }] }), 'block'],
    [
      'DROP TABLE events_2024_01',
      decide('DROP TABLE', ['destroy'], { resources: [{ name: 'events_2024_01' }] }),
      'hold',
    ],
    [
      'TRUNCATE events_2024_01',
      decide('TRUNCATE', ['delete', 'destroy'], { resources: [{ name: 'events_2024_01' }], impact: { bounded: true } }),
      'flag',
    ],
    ['TRUNCATE customers', decide('TRUNCATE', ['delete'], { resources: [{ name: 'customers' }] }), 'hold'],
    ['DROP SCHEMA', decide('DROP SCHEMA', ['destroy'], traits('cascade')), 'hold'],
    ['DROP DATABASE', decide('DROP DATABASE', ['destroy']), 'block'],
    ['ALTER USER … BYPASSRLS', decide('ALTER ROLE', ['grant'], traits('bypassrls')), 'block'],
    ['CREATE ROLE … SUPERUSER', decide('CREATE ROLE', ['grant'], traits('superuser', 'login')), 'hold'],
    [
      'SET statement_timeout = 0',
      decide('SET', ['conceal'], {
        ...traits('safety-setting'),
        resources: [{ type: 'setting', name: 'statement_timeout' }],
      }),
      'flag',
    ],
    ["SET statement_timeout = '5s'", decide('SET', [], traits('safety-setting')), 'allow'],
    ['RENAME', decide('ALTER TABLE', ['deploy', 'disrupt'], traits('rename')), 'flag'],
    [
      'ALTER TABLE audit_log DROP COLUMN',
      decide('ALTER TABLE', ['deploy', 'destroy'], { resources: [{ name: 'audit_log' }], ...traits('drop-column') }),
      'hold',
    ],
    [
      'DROP TABLE in an approved change',
      decide('DROP TABLE', ['destroy'], { change: { id: 'chg_1', kind: 'deployment', verified: true } }),
      'hold',
    ],
    ['SET session_replication_role', decide('SET', ['conceal'], traits('replication-role')), 'block'],
    ['lo_export', decide('SELECT', ['execute'], traits('server-file', 'function-call')), 'block'],
    ['pg_cancel_backend(123)', decide('SELECT', ['disrupt'], traits('function-call')), 'flag'],
    ['INSERT INTO audit_log', decide('INSERT', ['write'], { resources: [{ name: 'audit_log' }] }), 'allow'],
    ['CREATE INDEX CONCURRENTLY', decide('CREATE INDEX', ['deploy'], traits()), 'allow'],
  ])('%s', (_, got, wanted) => {
    expect(got).toBe(wanted)
  })

  it('says nothing of other protocols and other environments', () => {
    for (const other of [{ protocol: 'http' }, { target: { environment: 'staging' } }]) {
      for (const effect of effects) {
        const action = completeAction({ target: production, operation: 'DELETE', effects: [effect], ...other })
        expect(judge.judge(action).outcome).toBe('allow')
      }
    }
  })
})

describe('a second CEL engine (@bufbuild/cel)', () => {
  const lists: Record<string, string[]> = {}
  for (const [, name = '', members = ''] of text.matchAll(/^ {2}(\w+): \[(.*)]$/gm)) {
    lists[name] = members.split(',').map((member) => member.trim())
  }

  const env = celEnv({ funcs: [celFunc('rx', [CelScalar.STRING, CelScalar.STRING], CelScalar.BOOL, rx)] })
  const second = rules.map(({ condition }) => plan(env, parse(condition.ast.input)))

  /** What one engine says: true, false, or that it cannot tell. */
  type Answer = boolean | 'error'

  const vocabulary = [
    ...new Set([...text.matchAll(/"([a-z]+(?:-[a-z]+)*)" in request\.traits/g)].map(([, t = '']) => t)),
  ]
  const operations = [...new Set([...text.matchAll(/operation: ([A-Z][A-Z ]+)/g)].map(([, o = '']) => o.trim()))]
  const names = ['customers', 'events_2024_01', 'audit_log', 'pg_authid', 'api_tokens', 'pg_execute_server_program']
  const rows = fc.constantFrom(null, 0, 1, 150, 501, 1000, 1001)
  // The actions of the rules' own tests, so that every rule is seen matching, and any mixture of the same words.
  const written = rules.flatMap(({ tests }) => tests.map(({ action }) => completeAction(action)))
  const actions = fc
    .record({
      protocol: fc.constantFrom('postgres', 'postgres', 'postgres', 'http'),
      environment: fc.constantFrom('production', 'dr', 'staging'),
      operation: fc.constantFrom(...operations),
      effects: fc.subarray([...effects], { maxLength: 3 }),
      kind: fc.constantFrom('human' as const, 'agent' as const),
      verified: fc.constantFrom(undefined, undefined, true, false),
      resources: fc.subarray(names, { maxLength: 2 }),
      rows,
      ofTotal: rows,
      exact: fc.boolean(),
      bounded: fc.boolean(),
      cascades: fc.array(fc.record({ table: fc.constant('orders'), rows: fc.constantFrom(1, 1001) }), { maxLength: 2 }),
      traits: fc.option(fc.subarray(vocabulary, { maxLength: 2 }), { nil: undefined }),
    })
    .map(({ environment, kind, verified, resources, rows, ofTotal, exact, bounded, cascades, traits, ...rest }) =>
      completeAction({
        ...rest,
        actor: { kind },
        ...(verified === undefined ? {} : { change: { id: 'chg_1', kind: 'deployment', verified } }),
        target: { environment },
        resources: resources.map((name) => ({ name })),
        impact: { rows, ofTotal, exact, bounded, cascades },
        request: { statement: '', ...(traits === undefined ? {} : { traits }) },
      }),
    )

  const windowNames = [...new Set([...text.matchAll(/\bwindow\.(\w+)/g)].map(([, name = '']) => name))]
  const windows = fc.record(
    Object.fromEntries(windowNames.map((name) => [name, fc.constantFrom(0, 6, 21, 301, 5001, 50_001, 1 / 0)])),
  )

  function celInput(value: unknown): CelInput {
    if (value === null || typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean')
      return value
    if (Array.isArray(value)) return value.map(celInput)
    if (typeof value === 'object') return new Map(Object.entries(value).map(([key, of]) => [key, celInput(of)]))
    throw new TypeError(`no CEL value: ${typeof value}`)
  }

  it('says the same of every shipped rule for every action', () => {
    expect(Object.keys(lists).sort()).toEqual(['bookkeeping', 'production', 'reporting', 'server_roles'])
    expect(vocabulary.length).toBeGreaterThan(15)
    const busy = Object.fromEntries(windowNames.map((name) => [name, 1e6]))
    const answers = new Map<string, Set<Answer>>(rules.map(({ summary }) => [summary.id, new Set()]))
    fc.assert(
      fc.property(actions, windows, (action, window) => {
        const context = { ...ruleContext(action), window }
        const bindings: Record<string, CelInput> = {}
        for (const [name, value] of Object.entries({ ...context, ...lists })) bindings[name] = celInput(value)
        for (const [i, { summary, condition }] of rules.entries()) {
          let first: Answer
          try {
            first = condition.holds(context)
          } catch {
            first = 'error'
          }
          const other = second[i]?.(bindings)
          expect(isCelError(other) ? 'error' : other, summary.id).toBe(first)
          answers.get(summary.id)?.add(first)
        }
      }),
      { numRuns: 1_500, seed: 20_240_131, examples: written.map((action) => [action, busy]) },
    )
    // Every rule was seen saying yes and no: the comparison is not of two engines that always say no.
    for (const [id, said] of answers) expect([...said], id).toEqual(expect.arrayContaining([true, false]))
  })
})
