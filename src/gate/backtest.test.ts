import { describe, expect, test } from 'vitest'
import { type ActionInput, completeAction, type Outcome } from '../action/index.ts'
import type { Entry } from '../ledger/index.ts'
import { compileRules } from '../rules/index.ts'
import { Backtest } from './backtest.ts'

function candidate(rules: string) {
  const text = `version: 1\nwindows: { deleted: { sum: impact.rows, when: '"delete" in effects', by: actor.id, over: 10m } }\nrules:\n${rules}`
  const compiled = compileRules([{ file: 'r.yaml', text }])
  if (!compiled.ok) throw new Error(compiled.diagnostics.map(({ message }) => message).join('; '))
  return compiled
}

/** A record of actions, each a minute after the one before. */
function record(
  given: readonly (readonly [ActionInput, Outcome])[],
  from = Date.parse('2026-01-01T00:00:00Z'),
): Entry[] {
  return given.flatMap(([input, verdict], i): Entry[] => {
    const at = new Date(from + i * 60_000).toISOString()
    const action = completeAction({ id: `a${i}`, ...input }, at)
    const judged = { verdict, ruleSet: 'old', rule: null, reason: '', matched: [], shadow: [] }
    const ended = { action: action.id, outcome: 'completed', rows: action.impact.rows } as const
    return [
      { index: 2 * i, at, kind: 'action.requested', body: { action, judged }, hash: '' },
      { index: 2 * i + 1, at, kind: 'action.settled', body: ended, hash: '' },
    ]
  })
}

function report(rules: string, entries: readonly Entry[], since?: number) {
  const backtest = new Backtest(candidate(rules), since)
  for (const entry of entries) backtest.add(entry)
  return backtest.report()
}

const bites = record([
  [{ actor: { id: 'ada' }, effects: ['delete'], impact: { rows: 60 } }, 'allow'],
  [{ actor: { id: 'ada' }, effects: ['delete'], impact: { rows: 60 } }, 'allow'],
  [{ actor: { id: 'bob' }, effects: ['delete'], impact: { rows: 60 } }, 'hold'],
  [{ actor: { id: 'bob' }, effects: ['read'], door: 'shop-db' }, 'allow'],
])

const slowPurge = `  - { id: slow-purge, about: A, when: '"delete" in effects && window.deleted > 100', then: hold }\n`

describe('a candidate rule set on what is on the record', () => {
  test('says what would have come out differently, by rule and by actor, windows filled', () => {
    expect(report(slowPurge, bites)).toMatchObject({
      actions: 4,
      changes: [
        { was: 'allow', becomes: 'hold', actions: 1 },
        { was: 'hold', becomes: 'allow', actions: 1 },
      ],
      rules: [{ name: 'slow-purge', held: 1, blocked: 0, flagged: 0, differently: 1, examples: [{ action: 'a1' }] }],
      actors: [
        { name: 'ada', held: 1, differently: 1 },
        { name: 'bob', held: 0, differently: 1 },
      ],
      interruptedPerWeek: { was: 1, becomes: 1 },
      holdsPerDay: { was: 1, becomes: 1 },
    })
  })

  test('what is older than asked for fills windows and is not judged', () => {
    const { actions, rules } = report(slowPurge, bites, Date.parse('2026-01-01T00:01:00Z'))
    expect(actions).toBe(3)
    expect(rules).toMatchObject([{ name: 'slow-purge', held: 1 }])
  })

  test('says which rules do nothing, and what none of them looks at', () => {
    const rules = `${slowPurge}  - { id: never, about: A, when: '"grant" in effects', then: block }
  - { id: hidden, about: A, when: '"delete" in effects && window.deleted > 110', then: flag }\n`
    expect(report(rules, bites).coverage).toEqual({
      neverFired: ['never'],
      neverDecided: ['hidden'],
      unwatched: [{ door: 'shop-db', effect: 'read', actions: 1 }],
    })
  })
})
