import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { MemoryLedger } from '../../test/support/memory-ledger.ts'
import { type Action, type ActionInput, completeAction, uuidv7 } from '../action/index.ts'
import { Holds } from '../holds/index.ts'
import { type CompiledRules, compileRules, ruleContext, type Window } from '../rules/index.ts'
import { LedgerGate } from './ledger-gate.ts'
import { WindowKeeper } from './window-keeper.ts'

const file = `version: 1
windows:
  deleted: { sum: impact.rows, when: '"delete" in effects', by: actor.id, over: 10m }
  tried: { count: true, of: attempts, by: actor.id, over: 5m }
  tables: { distinct: 'resources.map(r, r.name)', by: actor.id, over: 10m }
rules:
  - { id: slow-purge, about: A purge in small bites, when: window.deleted > 1000, then: hold }
  - { id: hammering, about: Too many attempts, when: window.tried > 200, then: block }
  - { id: dropping, about: Nothing is dropped, when: '"destroy" in effects', then: block }
  - { id: all-over, about: Many tables, when: window.tables > 50, then: flag }
`

function compile(text: string = file): CompiledRules {
  const compiled = compileRules([{ file: 'r.yaml', text }])
  if (!compiled.ok) throw new Error(compiled.diagnostics.map(({ message }) => message).join('; '))
  return compiled
}

const rules = compile()

async function setUp(ledger?: MemoryLedger) {
  const clock = { now: Date.parse('2026-03-01T12:00:00Z') }
  const record = ledger ?? new MemoryLedger({ now: () => clock.now })
  const keeper = new WindowKeeper({ ledger: record, now: () => clock.now })
  await keeper.prepare(rules.windows)
  const holds = await Holds.open({
    ledger: record,
    reviewer: (id) => ({ id, kind: 'human', groups: [], isReviewer: true }),
    isRequester: (reviewer, requester) => reviewer === requester.id,
  })
  const gate = new LedgerGate({
    ledger: keeper.record,
    holds,
    judge: () => rules.judge,
    moment: (actions) => keeper.moment(actions),
    publicUrl: 'http://console',
  })
  const action = (input: ActionInput = {}): Action =>
    completeAction(
      {
        id: uuidv7(clock.now),
        actor: { id: 'shop:alice', client: { session: 's1' } },
        operation: 'DELETE',
        effects: ['delete'],
        ...input,
      },
      new Date(clock.now).toISOString(),
    )
  const submit = (...actions: Action[]) =>
    gate.submit(
      { actions, digest: actions.map(({ id }) => id).join(), unknown: 'hold', record: 'now', wait: 0 },
      () => undefined,
    )
  /** Asks for a deletion, and lets it run where it may. */
  const remove = (planned: number | null, really: number | undefined = planned ?? undefined) => {
    const one = action({ impact: { rows: planned } })
    const decision = submit(one)
    if (decision.kind === 'pass' && really !== undefined) gate.settle(one.id, { outcome: 'completed', rows: really })
    return decision.kind
  }
  return { clock, ledger: record, keeper, holds, gate, action, submit, remove }
}

describe('a purge in small bites', () => {
  test('is held once the bites come to more than the rule allows', async () => {
    const { remove, clock } = await setUp()
    for (let i = 0; i < 10; i++) {
      expect(remove(100)).toBe('pass')
      clock.now += 1_000
    }
    expect(remove(1)).toBe('refuse')
    clock.now += 10 * 60_000
    expect(remove(1_000)).toBe('pass')
  })

  test('counts the rows that were really deleted, not those that were expected', async () => {
    const { remove } = await setUp()
    expect(remove(1, 990)).toBe('pass')
    expect(remove(11)).toBe('refuse')
    expect(remove(10)).toBe('pass')
  })

  test('counts what still runs, however long it takes, and the span after it has ended', async () => {
    const { action, submit, gate, remove, clock } = await setUp()
    const slow = action({ impact: { rows: 600 } })
    expect(submit(slow).kind).toBe('pass')
    clock.now += 11 * 60_000
    expect(remove(500)).toBe('refuse')
    gate.settle(slow.id, { outcome: 'completed', rows: 600 })
    clock.now += 9 * 60_000
    expect(remove(500)).toBe('refuse')
    clock.now += 2 * 60_000
    expect(remove(500)).toBe('pass')
  })

  test('is seen where the bites come in one batch', async () => {
    const { action, submit } = await setUp()
    const bites = Array.from({ length: 20 }, () => action({ impact: { rows: 100 } }))
    expect(submit(...bites).kind).toBe('refuse')
    expect(submit(...bites.slice(0, 10)).kind).toBe('pass')
  })

  test('what failed or was refused does not count as an effect, but as an attempt', async () => {
    const { action, submit, gate, remove, keeper } = await setUp()
    for (let i = 0; i < 50; i++) {
      const one = action({ impact: { rows: 900 } })
      expect(submit(one).kind).toBe('pass')
      gate.settle(one.id, { outcome: 'failed', rows: null, code: '23503' })
      expect(submit(action({ operation: 'DROP TABLE', effects: ['destroy'] })).kind).toBe('refuse')
    }
    expect(remove(1_000)).toBe('pass')
    const values = read(keeper, action({ effects: ['read'] }))
    expect(values.tried).toBe(102)
  })

  test('what nobody saw the end of counts as planned; where nobody knew how much, as any amount', async () => {
    const { action, submit, gate, remove, keeper } = await setUp()
    const one = action({ impact: { rows: 700 } })
    submit(one)
    gate.settle(one.id, { outcome: 'unknown', rows: null })
    expect(remove(301)).toBe('refuse')
    expect(remove(null)).toBe('refuse')
    expect(read(keeper, action({ effects: ['read'] })).deleted).toBe(700)
  })

  test('a COMMIT that is measured does not count its statements again, only what they did unseen', async () => {
    const { action, submit, gate, keeper, remove } = await setUp()
    const run = (input: ActionInput, rows: number | null) => {
      const one = action(input)
      expect(submit(one).kind).toBe('pass')
      gate.settle(one.id, { outcome: 'completed', rows })
    }
    run({ operation: 'BEGIN', effects: [] }, null)
    run({ impact: { rows: 600 } }, 600)
    const commit = action({ operation: 'COMMIT', effects: [] })
    const unit = { actions: [commit], digest: 'c', unknown: 'hold', record: 'now', wait: 0 } as const
    expect(gate.submit(unit, () => undefined).kind).toBe('pass')
    const measured = { tables: [{ table: 'public.orders', inserted: 0, updated: 0, deleted: 700 }], locked: [] }
    expect(gate.confirm(unit, measured, { wait: 0, approved: [] }, () => undefined).kind).toBe('pass')
    gate.settle(commit.id, { outcome: 'completed', rows: null })
    expect(read(keeper, action({ effects: ['read'] })).deleted).toBe(700)
    expect(remove(301)).toBe('refuse')
    expect(remove(300)).toBe('pass')
  })
})

describe('a window of a rule that is new', () => {
  test('holds what was on the record before', async () => {
    const { remove, keeper, action } = await setUp()
    for (let i = 0; i < 5; i++) expect(remove(100)).toBe('pass')
    const [window] = compile(file.replace('over: 10m', 'over: 20m')).windows
    if (window === undefined) throw new Error('no window')
    expect(() => read(keeper, action(), [window])).toThrow('nothing is kept of window deleted')
    await keeper.prepare([window])
    expect(read(keeper, action({ effects: ['read'] }), [window])).toEqual({ deleted: 500 })
  })

  test('holds what was asked for long before its span and ran within it', async () => {
    const { keeper, action, clock, submit, gate } = await setUp()
    const slow = action({ impact: { rows: 400 } })
    submit(slow)
    clock.now += 60 * 60_000
    gate.settle(slow.id, { outcome: 'completed', rows: 450 })
    const [window] = compile(file.replace('over: 10m', 'over: 20m')).windows
    if (window === undefined) throw new Error('no window')
    await keeper.prepare([window])
    expect(read(keeper, action({ effects: ['read'] }), [window])).toEqual({ deleted: 450 })
  })
})

/** What each window holds for the actor of an action. */
function read(keeper: WindowKeeper, action: Action, windows: readonly Window[] = rules.windows) {
  const moment = keeper.moment([action])
  const context = ruleContext(action)
  return Object.fromEntries(
    windows.map((window) => [
      window.name,
      moment.windows.read(window, window.key(context), moment.now, window.share(context)),
    ]),
  )
}

describe('a restart', () => {
  const step = fc.oneof(
    { weight: 4, arbitrary: fc.record({ does: fc.constant('ask' as const), actor: fc.nat(2), rows: fc.nat(700) }) },
    { weight: 3, arbitrary: fc.record({ does: fc.constant('end' as const), which: fc.nat(5), rows: fc.nat(700) }) },
    { weight: 1, arbitrary: fc.record({ does: fc.constant('fail' as const), which: fc.nat(5) }) },
    { weight: 1, arbitrary: fc.record({ does: fc.constant('approve' as const), which: fc.nat(5) }) },
    { weight: 2, arbitrary: fc.record({ does: fc.constant('wait' as const), ms: fc.nat(200_000) }) },
  )

  test('at any point forgets nothing: every window holds the same for everybody', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
        const { clock, ledger, keeper, holds, gate, action } = await setUp()
        const running: string[] = []
        for (const one of steps) {
          switch (one.does) {
            case 'ask': {
              const asked = action({
                actor: { id: `shop:${one.actor}`, client: { session: 's' } },
                resources: [{ name: `t${one.rows % 7}` }],
                impact: { rows: one.rows },
              })
              const unit = { actions: [asked], digest: asked.id, unknown: 'hold', record: 'now', wait: 60_000 } as const
              const decision = gate.submit(unit, () => undefined)
              if (decision.kind === 'pass') running.push(asked.id)
              if (decision.kind === 'wait') {
                decision.decided.then((refusal) => {
                  if (refusal === undefined) running.push(asked.id)
                })
              }
              break
            }
            case 'end':
            case 'fail': {
              const [id] = running.splice(one.which % Math.max(1, running.length), 1)
              if (id === undefined) break
              gate.settle(
                id,
                one.does === 'fail' ? { outcome: 'failed', rows: null } : { outcome: 'completed', rows: one.rows },
              )
              break
            }
            case 'approve': {
              const hold = holds.list('pending')[one.which]
              if (hold) await holds.vote(hold.hold, 'bob', 'approve', 'fine')
              break
            }
            case 'wait':
              clock.now += one.ms
          }
          await new Promise((resolve) => setImmediate(resolve))
          const restarted = new WindowKeeper({ ledger, now: () => clock.now })
          await restarted.prepare(rules.windows)
          for (const actor of [0, 1, 2]) {
            const asked = action({ actor: { id: `shop:${actor}` }, impact: { rows: 1 } })
            expect(read(restarted, asked)).toEqual(read(keeper, asked))
          }
        }
        holds.close()
      }),
      { numRuns: 40 },
    )
  })
})
