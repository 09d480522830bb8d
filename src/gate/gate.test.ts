import { afterEach, describe, expect, test, vi } from 'vitest'
import { MemoryLedger } from '../../test/support/memory-ledger.ts'
import { type Action, type ActionInput, completeAction, type Outcome } from '../action/index.ts'
import { type FloodLimits, Holds } from '../holds/index.ts'
import { Locks } from '../locks/index.ts'
import type { Judge, Judgement } from '../rules/index.ts'
import { type Decision, LedgerGate, settleUnfinished, type Unit, type Words } from './index.ts'

function judgeThat(outcome: Outcome, version = 'v1'): Judge {
  return {
    version,
    judge: (): Judgement => {
      const match = { rule: `rule-${outcome}`, outcome, about: `About ${outcome}` }
      return {
        outcome,
        rule: match,
        message: `Message of ${outcome}`,
        matched: [match],
        shadow: [],
        errors: [],
        ...(outcome === 'hold' ? { review: { approvals: 1, from: ['dba'], within: 60_000 } } : {}),
      }
    },
  }
}

const nothing: Judge = {
  version: 'v0',
  judge: () => ({ outcome: 'allow', rule: null, message: '', matched: [], shadow: [], errors: [] }),
}

async function setUp(judge: Judge, ledger = new MemoryLedger(), limits?: FloodLimits) {
  const holds = await Holds.open({
    ledger,
    ...(limits && { limits }),
    reviewer: (id) => ({ id, kind: 'human', groups: ['dba'], isReviewer: true }),
    isRequester: (reviewer, requester) => reviewer === requester.id,
  })
  let current = judge
  const gate = new LedgerGate({ ledger, holds, judge: () => current, publicUrl: 'http://console' })
  const notices: Words[] = []
  return {
    ledger,
    holds,
    gate,
    notices,
    use: (next: Judge) => {
      current = next
    },
    submit: (unit: Unit) => gate.submit(unit, (notice) => notices.push(notice)),
  }
}

function unitOf(input: ActionInput = {}, change: Partial<Unit> = {}): Unit {
  const action: Action = completeAction({
    actor: { id: 'shop:alice' },
    operation: 'DELETE',
    effects: ['delete'],
    ...input,
  })
  return { actions: [action], digest: 'd1', unknown: 'hold', record: 'now', wait: 60_000, ...change }
}

function waiting(decision: Decision) {
  if (decision.kind !== 'wait') throw new Error(`expected to wait, got ${decision.kind}`)
  return decision
}

const settled = () => new Promise((resolve) => setImmediate(resolve))

afterEach(() => {
  vi.useRealTimers()
})

describe('the record comes first', () => {
  test('passing is announced with a promise that resolves only when the intent, with its verdict, is durable', async () => {
    const { ledger, submit } = await setUp(nothing, new MemoryLedger({ automatic: false }))
    const decision = submit(unitOf())
    if (decision.kind !== 'pass') throw new Error(decision.kind)
    let recorded = false
    decision.recorded.then(() => (recorded = true))
    await settled()
    expect(recorded).toBe(false)
    ledger.sync()
    await settled()
    expect(recorded).toBe(true)
    expect(ledger.durableEntries).toMatchObject([{ kind: 'action.requested', body: { judged: { verdict: 'allow' } } }])
  })

  test('a ledger that cannot be written refuses with SP005', async () => {
    const { ledger, submit } = await setUp(nothing)
    ledger.fail()
    expect(submit(unitOf())).toMatchObject({ kind: 'refuse', refusal: { code: 'SP005' } })
  })

  test('a ledger that fails while the record is being synced rejects, so that nothing is forwarded', async () => {
    const { ledger, submit } = await setUp(nothing, new MemoryLedger({ automatic: false }))
    const decision = submit(unitOf())
    if (decision.kind !== 'pass') throw new Error(decision.kind)
    ledger.fail()
    await expect(decision.recorded).rejects.toMatchObject({ code: 'ledger_unavailable' })
  })

  test('what was requested and never settled gets the ending unknown at the next start', async () => {
    const { ledger, submit, gate } = await setUp(nothing)
    const lost = unitOf()
    const finished = unitOf()
    submit(lost)
    submit(finished)
    gate.settle(finished.actions[0]?.id ?? '', { outcome: 'completed', rows: 1 })
    await settled()
    expect(await settleUnfinished(ledger)).toBe(1)
    expect(ledger.durableEntries.at(-1)).toMatchObject({ body: { action: lost.actions[0]?.id, outcome: 'unknown' } })
    expect(await settleUnfinished(ledger)).toBe(0)
  })
})

describe('verdicts', () => {
  test('a block refuses with SP002, naming rule and rule-set version', async () => {
    const { submit } = await setUp(judgeThat('block'))
    const decision = submit(unitOf())
    expect(decision).toMatchObject({ kind: 'refuse', refusal: { code: 'SP002' } })
    if (decision.kind !== 'refuse') return
    expect(decision.refusal.message).toContain('rule-block')
    expect(decision.refusal.detail).toContain('v1')
  })

  test('a judge that throws is a hold', async () => {
    const broken: Judge = {
      version: 'vX',
      judge: () => {
        throw new Error('boom')
      },
    }
    const { submit } = await setUp(broken)
    expect(submit(unitOf()).kind).toBe('wait')
  })

  test.each([
    ['hold', 'wait'],
    ['block', 'refuse'],
    ['allow', 'pass'],
  ] as const)('an unknown effect gets the door default %s', async (unknown, kind) => {
    const { submit } = await setUp(nothing)
    expect(submit(unitOf({ effects: ['unknown'] }, { unknown })).kind).toBe(kind)
  })

  test('a rule that allows an unknown action outright overrides the door default; a flag does not', async () => {
    const { submit, use } = await setUp(judgeThat('allow'))
    expect(submit(unitOf({ effects: ['unknown'] })).kind).toBe('pass')
    use(judgeThat('flag'))
    expect(submit(unitOf({ effects: ['unknown'] })).kind).toBe('wait')
  })

  test('of several actions in one unit the strictest verdict decides for all', async () => {
    const strictOnDrop: Judge = {
      version: 'v1',
      judge: (action) => (action.operation === 'DROP TABLE' ? judgeThat('block') : nothing).judge(action),
    }
    const { submit } = await setUp(strictOnDrop)
    const unit = unitOf()
    const actions = [...unit.actions, completeAction({ operation: 'DROP TABLE' })]
    expect(submit({ ...unit, actions })).toMatchObject({ kind: 'refuse', refusal: { code: 'SP002' } })
  })
})

describe('holds', () => {
  test('the client is told at once, and runs after the approval is durable', async () => {
    const { ledger, holds, notices, submit } = await setUp(judgeThat('hold'))
    const { decided } = waiting(submit(unitOf()))
    await settled()
    const [hold] = holds.list('pending')
    expect(notices[0]?.message).toContain(hold?.hold)
    expect(notices[0]?.hint).toContain(`http://console/holds/${hold?.hold}`)
    await holds.vote(hold?.hold ?? '', 'bob', 'approve', 'ok')
    expect(await decided).toBeUndefined()
    expect(ledger.kinds().slice(-3)).toEqual(['hold.voted', 'hold.released', 'action.released'])
  })

  test.each([
    ['reject', 'SP003'],
    ['expire', 'SP004'],
  ] as const)('%s ends in %s', async (how, code) => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date'] })
    const { holds, submit } = await setUp(judgeThat('hold'))
    const { decided } = waiting(submit(unitOf({}, { wait: 600_000 })))
    await settled()
    const hold = holds.list('pending')[0]?.hold ?? ''
    if (how === 'reject') await holds.vote(hold, 'bob', 'reject', 'not today')
    else await vi.advanceTimersByTimeAsync(61_000)
    const refusal = await decided
    expect(refusal?.code).toBe(code)
    if (how === 'reject') expect(refusal?.message).toContain('not today')
  })

  test('a client that cannot wait is refused with SP001, and its approved retry goes through, once', async () => {
    const { holds, submit } = await setUp(judgeThat('hold'))
    expect(submit(unitOf({}, { wait: 0 }))).toMatchObject({ kind: 'refuse', refusal: { code: 'SP001' } })
    await settled()
    await holds.vote(holds.list('pending')[0]?.hold ?? '', 'bob', 'approve', '')
    expect(submit(unitOf({}, { wait: 0 })).kind).toBe('pass')
    expect(submit(unitOf({}, { wait: 0 }))).toMatchObject({ kind: 'refuse', refusal: { code: 'SP001' } })
  })

  test('the same statement asked again while pending joins the hold instead of opening another', async () => {
    const { holds, submit } = await setUp(judgeThat('hold'))
    submit(unitOf({}, { wait: 0 }))
    await settled()
    submit(unitOf({}, { wait: 0 }))
    await settled()
    expect(holds.list('pending')).toHaveLength(1)
  })

  test.each([
    ['other bytes', {}, { digest: 'd2' }],
    ['another principal', { actor: { id: 'shop:mallory' } }, {}],
    ['another door', { door: 'other' }, {}],
    ['another database', { target: { database: 'other' } }, {}],
    ['another environment', { target: { environment: 'dr' } }, {}],
  ] as const)('an approval does not pass %s', async (_what, input, change) => {
    const { holds, submit } = await setUp(judgeThat('hold'))
    submit(unitOf({}, { wait: 0 }))
    await settled()
    await holds.vote(holds.list('pending')[0]?.hold ?? '', 'bob', 'approve', '')
    expect(submit(unitOf(input, { wait: 0, ...change })).kind).toBe('refuse')
  })

  test('an approval given under other rules is void: the client is asked to wait for a new one', async () => {
    const { holds, notices, submit, use } = await setUp(judgeThat('hold', 'v1'))
    const { decided } = waiting(submit(unitOf()))
    await settled()
    const first = holds.list('pending')[0]?.hold ?? ''
    use(judgeThat('hold', 'v2'))
    await holds.vote(first, 'bob', 'approve', '')
    await settled()
    const second = holds.list('pending')[0]
    expect(second?.hold).not.toBe(first)
    expect(notices).toHaveLength(2)
    await holds.vote(second?.hold ?? '', 'bob', 'approve', '')
    expect(await decided).toBeUndefined()
  })

  test('rules that block by the time of release win over the approval', async () => {
    const { holds, submit, use } = await setUp(judgeThat('hold', 'v1'))
    const { decided } = waiting(submit(unitOf()))
    await settled()
    use(judgeThat('block', 'v2'))
    await holds.vote(holds.list('pending')[0]?.hold ?? '', 'bob', 'approve', '')
    expect((await decided)?.code).toBe('SP002')
  })

  test('rules relaxed by the time of release let it run, and the hold is over', async () => {
    const { holds, submit, use } = await setUp(judgeThat('hold', 'v1'))
    const { decided } = waiting(submit(unitOf()))
    await settled()
    const { hold } = holds.list('pending')[0] ?? { hold: '' }
    use({ ...nothing, version: 'v2' })
    await holds.vote(hold, 'bob', 'approve', '')
    expect(await decided).toBeUndefined()
    await settled()
    expect(holds.get(hold)?.state).toBe('withdrawn')
  })

  test('two clients waiting on one hold: one approval runs one of them, the other is held anew', async () => {
    const { holds, submit, ledger } = await setUp(judgeThat('hold'))
    const first = waiting(submit(unitOf()))
    await settled()
    const second = waiting(submit(unitOf()))
    const { hold } = holds.list('pending')[0] ?? { hold: '' }
    expect(holds.list('pending')).toHaveLength(1)
    await holds.vote(hold, 'bob', 'approve', '')
    expect(await first.decided).toBeUndefined()
    await settled()
    expect(ledger.kinds().filter((kind) => kind === 'hold.released')).toHaveLength(1)
    expect(holds.list('pending')).toHaveLength(1)
    second.withdraw('gone')
    expect((await second.decided)?.withdrawn).toBe(true)
  })

  test('withdrawing ends the hold, and a withdrawn client never runs', async () => {
    const { holds, submit, ledger } = await setUp(judgeThat('hold'))
    const { decided, withdraw } = waiting(submit(unitOf()))
    await settled()
    const { hold } = holds.list('pending')[0] ?? { hold: '' }
    withdraw('Ctrl-C')
    expect((await decided)?.withdrawn).toBe(true)
    await settled()
    expect(holds.get(hold)?.state).toBe('withdrawn')
    await expect(holds.vote(hold, 'bob', 'approve', '')).rejects.toMatchObject({ code: 'conflict' })
    expect(ledger.kinds()).not.toContain('hold.released')
  })

  test('a client that has waited as long as the door allows is let go; the hold stays open for a retry', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date'] })
    const { holds, submit } = await setUp(judgeThat('hold'))
    const { decided } = waiting(submit(unitOf({}, { wait: 5_000 })))
    await vi.advanceTimersByTimeAsync(6_000)
    expect((await decided)?.code).toBe('SP001')
    expect(holds.list('pending')).toHaveLength(1)
  })

  test('after a restart an approved hold still lets its retry through', async () => {
    const { ledger, holds, submit } = await setUp(judgeThat('hold'))
    submit(unitOf({}, { wait: 0 }))
    await settled()
    await holds.vote(holds.list('pending')[0]?.hold ?? '', 'bob', 'approve', '')
    const again = await setUp(judgeThat('hold'), ledger)
    expect(again.submit(unitOf({}, { wait: 0 })).kind).toBe('pass')
  })
})

describe('locks', () => {
  async function locked(judge: Judge) {
    const world = await setUp(judge)
    const locks = await Locks.open({ ledger: world.ledger, isPerson: () => false })
    const gate = new LedgerGate({ ...world, locks, judge: () => judge, publicUrl: 'http://console' })
    const lock = () => locks.put({ kind: 'actor', name: 'shop:alice' }, { message: 'Stolen', until: null, by: 'root' })
    return { ...world, gate, lock, locks }
  }

  test('stop what no rule objects to, and the verdict is on the record', async () => {
    const { gate, lock, ledger } = await locked(nothing)
    expect(gate.submit(unitOf(), () => undefined).kind).toBe('pass')
    await lock()
    expect(gate.submit(unitOf(), () => undefined)).toMatchObject({
      kind: 'refuse',
      refusal: { code: 'SP006', message: 'Locked: Stolen' },
    })
    await ledger.flush()
    expect(ledger.durableEntries).toContainEqual(
      expect.objectContaining({
        kind: 'action.requested',
        body: expect.objectContaining({ judged: expect.objectContaining({ verdict: 'block' }) }),
      }),
    )
  })

  test('stop what was approved before', async () => {
    const { gate, holds, lock } = await locked(judgeThat('hold'))
    const decision = waiting(gate.submit(unitOf(), () => undefined))
    await settled()
    await lock()
    await holds.vote(holds.list('pending')[0]?.hold ?? '', 'bob', 'approve', '')
    expect(await decision.decided).toMatchObject({ code: 'SP006' })
  })
})

describe('a flood of requests', () => {
  test('is refused before it buries the reviewers, each requester for itself, and goes on when some is decided', async () => {
    const limits = { open: 50, opened: 200, period: 600_000 }
    const { holds, submit } = await setUp(judgeThat('hold'), undefined, limits)
    const one = (digest: string, id = 'shop:alice') => submit(unitOf({ actor: { id } }, { digest, wait: 0 }))
    for (let i = 0; i < 60; i++) one(`d${i}`)
    expect(one('more')).toMatchObject({ kind: 'refuse', refusal: { code: 'SP007' } })
    await settled()
    expect(holds.list('pending')).toHaveLength(50)
    expect(one('more', 'shop:bob')).toMatchObject({ refusal: { code: 'SP001' } })
    await holds.vote(holds.list('pending').at(-1)?.hold ?? '', 'carol', 'reject', 'no')
    expect(one('more')).toMatchObject({ refusal: { code: 'SP001' } })
  })

  test('of one and the same action is one hold', async () => {
    const { holds, submit } = await setUp(judgeThat('hold'))
    for (let i = 0; i < 100; i++) waiting(submit(unitOf()))
    await settled()
    expect(holds.list('pending')).toHaveLength(1)
  })
})
