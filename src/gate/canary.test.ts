import fc from 'fast-check'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { MemoryLedger } from '../../test/support/memory-ledger.ts'
import { type ActionInput, completeAction, uuidv7 } from '../action/index.ts'
import { Holds } from '../holds/index.ts'
import { type RulesInForce, readyRules } from '../rules/index.ts'
import { Canary, type Decision, LedgerGate, WindowKeeper } from './index.ts'

afterEach(() => {
  vi.useRealTimers()
})

function rulesOf(body: string): RulesInForce {
  const ready = readyRules([{ file: 'r.yaml', text: `version: 1\n${body}` }])
  if ('diagnostics' in ready) throw new Error(ready.diagnostics.map(({ message }) => message).join('; '))
  return ready
}

const inForce = rulesOf(`rules:
  - { id: mass, about: Mass, when: 'impact.rows > 100', then: hold }
  - { id: tiny, about: Tiny, when: 'impact.rows < 3', then: flag }
`)
const candidate = rulesOf(`windows:
  deleted: { sum: impact.rows, when: '"delete" in effects', by: actor.id, over: 10m }
rules:
  - { id: mass, about: Mass, when: 'impact.rows > 50', then: hold }
  - { id: slow, about: Slow, when: window.deleted > 60, then: block }
`)

const start = Date.parse('2026-03-01T12:00:00Z')
const later = (ms: number) => new Date(start + ms).toISOString()
const hour = { by: 'ann', until: later(3_600_000) }

async function setUp(options: { prepare?: () => Promise<void> } = {}) {
  const clock = { now: start }
  const now = () => clock.now
  const ledger = new MemoryLedger({ now })
  const keeper = new WindowKeeper({ ledger, now })
  const canary = new Canary({ ledger, prepare: (windows) => keeper.prepare(windows), now, ...options })
  const holds = await Holds.open({ ledger, reviewer: () => undefined, isRequester: () => false })
  const gate = new LedgerGate({
    ledger: keeper.record,
    holds,
    judge: () => inForce.judge,
    beside: canary,
    moment: (actions) => keeper.moment(actions),
    publicUrl: 'http://console',
  })
  const remove = (rows: number | null, input: ActionInput = {}): Decision => {
    const action = completeAction(
      {
        id: uuidv7(clock.now),
        actor: { id: 'shop:app' },
        operation: 'DELETE',
        effects: ['delete'],
        impact: { rows },
        request: { statement: `DELETE ${rows}` },
        ...input,
      },
      new Date(clock.now).toISOString(),
    )
    const unit = { actions: [action], digest: action.id, unknown: 'hold', record: 'now', wait: 0 } as const
    const decision = gate.submit(unit, () => undefined)
    if (decision.kind === 'pass') gate.settle(action.id, { outcome: 'completed', rows })
    return decision
  }
  return { clock, ledger, canary, remove }
}

describe('a candidate beside the rules in force', () => {
  test('is judged by, counted, and told by the rules that decided, with examples', async () => {
    const { canary, remove } = await setUp()
    await canary.start(candidate, hour)
    for (const rows of [55, 5, 2, 200]) remove(rows)
    expect(canary.report()).toMatchObject({
      version: candidate.judge.version,
      by: 'ann',
      endedAt: null,
      judgements: 4,
      differently: 3,
    })
    expect(canary.report()?.differences).toMatchObject([
      {
        was: { outcome: 'allow', rule: null },
        becomes: { outcome: 'hold', rule: 'mass' },
        judgements: 1,
        examples: [{ statement: 'DELETE 55', actor: 'shop:app', rows: 55 }],
      },
      { was: { outcome: 'flag', rule: 'tiny' }, becomes: { outcome: 'block', rule: 'slow' }, judgements: 1 },
      { was: { outcome: 'hold', rule: 'mass' }, becomes: { outcome: 'block', rule: 'slow' }, judgements: 1 },
    ])
  })

  test('decides nothing: whatever comes is decided as without it', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.option(fc.integer({ min: 0, max: 300 })), { maxLength: 30 }), async (all) => {
        const [without, beside] = [await setUp(), await setUp()]
        await beside.canary.start(candidate, hour)
        const kinds = ({ remove }: typeof without) => all.map((rows) => remove(rows).kind)
        expect(kinds(beside)).toEqual(kinds(without))
        const said = ({ ledger }: typeof without) =>
          ledger.durableEntries.flatMap((entry) => (entry.kind === 'action.requested' ? [entry.body.judged] : []))
        await beside.ledger.flush()
        await without.ledger.flush()
        expect(said(beside)).toEqual(said(without))
        expect(beside.canary.report()?.judgements).toBe(all.length)
      }),
      { numRuns: 50 },
    )
  })

  test('counts in its windows what went through before it began', async () => {
    const { canary, remove } = await setUp()
    for (let i = 0; i < 10; i++) remove(10)
    await canary.start(candidate, hour)
    remove(1)
    expect(canary.report()?.differences).toMatchObject([{ becomes: { outcome: 'block', rule: 'slow' } }])
  })

  test('ends by itself, on the record, with what it found', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    const { clock, canary, ledger, remove } = await setUp()
    await canary.start(candidate, hour)
    remove(55)
    clock.now += 3_600_000
    vi.advanceTimersByTime(3_600_000)
    remove(56)
    await ledger.flush()
    expect(canary.report()).toMatchObject({ endedAt: hour.until, judgements: 1, differently: 1 })
    expect(canary.windows).toEqual([])
    expect(ledger.durableEntries.find(({ kind }) => kind === 'rules.canary.ended')?.body).toMatchObject({
      as: 'over',
      judgements: 1,
      differences: [
        { was: { outcome: 'allow', rule: null }, becomes: { outcome: 'hold', rule: 'mass' }, judgements: 1 },
      ],
    })
  })

  test('is one at a time, for a time to come, and can be stopped', async () => {
    const { canary } = await setUp()
    expect(() => canary.stop('ann')).toThrow('No candidate')
    for (const until of [later(0), later(-1), later(8 * 86_400_000), 'soon']) {
      await expect(canary.start(candidate, { by: 'ann', until })).rejects.toMatchObject({ code: 'invalid_request' })
    }
    const begun = canary.start(inForce, hour)
    await expect(canary.start(candidate, hour)).rejects.toMatchObject({ code: 'conflict' })
    await begun
    await expect(canary.start(candidate, hour)).rejects.toMatchObject({ code: 'conflict' })
    expect(canary.stop('rick').endedAt).toBe(later(0))
    await canary.start(candidate, hour)
  })

  test('does not begin where its windows cannot be read back or the record cannot be written', async () => {
    const unreadable = await setUp({ prepare: () => Promise.reject(new Error('disk')) })
    await expect(unreadable.canary.start(candidate, hour)).rejects.toThrow('disk')
    expect([unreadable.canary.report(), unreadable.canary.windows]).toEqual([undefined, []])
    const { canary, ledger } = await setUp()
    ledger.fail()
    await expect(canary.start(candidate, hour)).rejects.toMatchObject({ code: 'ledger_unavailable' })
    expect(canary.report()).toBeUndefined()
  })

  test('that breaks ends, and stops nobody', async () => {
    const { canary, remove } = await setUp()
    const broken: RulesInForce = {
      ...inForce,
      judge: {
        version: 'broken',
        judge: () => Object.assign(inForce.judge.judge(completeAction({})), { rule: poison }),
      },
    }
    await canary.start(broken, hour)
    expect(remove(5).kind).toBe('pass')
    expect(canary.report()?.endedAt).not.toBeNull()
  })
})

/** Something that fails where nobody expects it. */
const poison = new Proxy(
  { rule: 'x', outcome: 'allow' as const, about: 'x' },
  {
    get: () => {
      throw new Error('poison')
    },
  },
)
