import fc from 'fast-check'
import { beforeAll, describe, expect, it } from 'vitest'
import { actionSchema, CanonicalValue, canonicalJson } from '../../action/index.ts'
import { type Grammar, loadGrammar } from './grammar/index.ts'
import type { Bound } from './prepared.ts'
import { actionOf, SessionFacts } from './statement-action.ts'
import { readStatement } from './statement-text.ts'
import { type Step, stepsOf, unknownFacts } from './steps.ts'

const session = new SessionFacts(
  'shop-db',
  {
    id: 'shop-db:"ann"',
    name: 'Ann \u{1f600}',
    kind: 'human',
    groups: ['b', 'a'],
    client: { ip: '127.0.0.1', application: 'psql "x"\n', session: 's' },
  },
  { system: 'db', environment: 'production', database: 'shöp', labels: { z: '1', a: '2' } },
)

const settings = { clientEncoding: 'UTF8', standardConformingStrings: 'on' }

const statements = [
  'SELECT 1',
  'DELETE FROM orders WHERE id = $1',
  "UPDATE orders SET note = 'ö \u{1f600} \\ \"' WHERE id = $1",
  'INSERT INTO orders (id) VALUES (1), (2)',
  'SELECT my_function(1), other()',
  "SET search_path = 'a'; SELECT set_config('x', $1, false)",
  'DROP TABLE a, b',
  'BEGIN',
  'not a statement',
]

let grammar: Grammar

beforeAll(async () => {
  grammar = await loadGrammar(0)
})

function stepsFor(sql: string, bound?: Bound): Step[] {
  return stepsOf(readStatement(Buffer.from(sql), settings, grammar), bound)
}

/** What the record would carry if nothing were prepared beforehand. */
function recordedText(step: Step, rows: number | null): { text: string | undefined; made: string } {
  const action = actionOf(step, session, { rows }, Date.UTC(2026, 0, 1))
  expect(actionSchema.safeParse({ ...action }).error).toBeUndefined()
  return { text: CanonicalValue.textOf(action), made: canonicalJson({ ...action }) }
}

describe('the text of an action that goes on the record', () => {
  it('is the canonical form of its members, for every statement, estimate and parameter', () => {
    const value = fc.option(fc.uint8Array({ maxLength: 20 }).map((bytes) => Buffer.from(bytes)))
    const bound = fc.record({ values: fc.array(value, { maxLength: 3 }), format: fc.constantFrom(0, 1) })
    fc.assert(
      fc.property(
        fc.constantFrom(...statements),
        fc.option(bound, { nil: undefined }),
        fc.option(fc.nat()),
        (sql, parameters, rows) => {
          const portal = parameters && {
            prepared: undefined,
            values: parameters.values,
            formats: parameters.values.map(() => parameters.format),
            bindTail: Buffer.alloc(0),
          }
          for (const step of stepsFor(sql, portal)) {
            const { text, made } = recordedText(step, rows)
            expect(text).toBe(made)
          }
        },
      ),
    )
  })

  it('is so too for EXECUTE, and for what was not understood', () => {
    const [step] = stepsFor('EXECUTE later(1)')
    if (step === undefined) throw new Error('no step')
    const bytes = Buffer.from([0xff, 0x00])
    const unknown = { bytes, sql: '\ufffd', understanding: { kind: 'unknown', reason: 'why' } } as const
    for (const other of [
      { ...step, behind: 'DELETE FROM orders' },
      { facts: unknownFacts('UNKNOWN', '\ufffd'), text: unknown, reason: 'why' },
    ]) {
      const { text, made } = recordedText(other, 7)
      expect(text).toBe(made)
    }
  })

  it('does not follow a copy that was changed', () => {
    const [step] = stepsFor('DELETE FROM orders')
    if (step === undefined) throw new Error('no step')
    const action = actionOf(step, session, undefined, 0)
    expect(canonicalJson({ ...action, operation: 'SELECT' })).toContain('"operation":"SELECT"')
  })
})
