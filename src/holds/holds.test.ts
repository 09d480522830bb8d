import fc from 'fast-check'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { MemoryLedger } from '../../test/support/memory-ledger.ts'
import type { HoldOpened } from '../ledger/index.ts'
import { foldHold, type Hold, Holds, type Reviewer } from './index.ts'

const people: Record<string, Reviewer & { actors: string[] }> = {
  ann: { id: 'ann', kind: 'human', groups: ['dba'], isReviewer: true, actors: ['shop:alice'] },
  bob: { id: 'bob', kind: 'human', groups: ['dba'], isReviewer: true, actors: [] },
  cat: { id: 'cat', kind: 'human', groups: ['dba', 'sre'], isReviewer: true, actors: [] },
  dan: { id: 'dan', kind: 'human', groups: ['sales'], isReviewer: true, actors: [] },
  eve: { id: 'eve', kind: 'human', groups: ['dba'], isReviewer: false, actors: [] },
  bot: { id: 'bot', kind: 'agent', groups: ['dba'], isReviewer: true, actors: [] },
}

const request: Omit<HoldOpened, 'hold' | 'nonce' | 'expiresAt'> = {
  requester: { id: 'shop:alice', name: 'alice' },
  door: 'shop',
  target: { system: 'db', environment: 'production' },
  digest: 'd'.repeat(64),
  ruleSet: '1a2b3c',
  rule: { id: 'mass-delete', about: 'Mass delete', message: 'Too much' },
  review: { approvals: 1, from: ['dba'] },
  actions: [],
}

async function openHolds(ledger: MemoryLedger, now: () => number = Date.now) {
  return Holds.open({
    ledger,
    now,
    reviewer: (id) => people[id],
    isRequester: (reviewer, requester) =>
      reviewer === requester.id ||
      reviewer === requester.owner ||
      people[reviewer]?.actors.includes(requester.id) === true,
  })
}

async function openOne(holds: Holds, change: Partial<typeof request> = {}, within = 60_000): Promise<Hold> {
  const { hold, durable } = holds.open({ ...request, ...change }, within)
  await durable
  return hold
}

afterEach(() => {
  vi.useRealTimers()
})

describe('voting', () => {
  test('an approval by somebody of the asked group makes the hold usable once', async () => {
    const holds = await openHolds(new MemoryLedger())
    const { hold } = await openOne(holds)
    expect(holds.isUsable(hold)).toBe(false)
    expect((await holds.vote(hold, 'bob', 'approve', 'looks right')).state).toBe('approved')
    expect(holds.isUsable(hold)).toBe(true)
    expect(holds.release(hold, ['a1'])).toBeDefined()
    expect(holds.release(hold, ['a1'])).toBeUndefined()
  })

  test.each([
    ['ann', 'the person behind the requesting database user'],
    ['dan', 'somebody outside the asked group'],
    ['eve', 'somebody whose role is not reviewer'],
    ['bot', 'an agent'],
    ['nobody', 'somebody unknown'],
  ])('%s may not vote: %s', async (who) => {
    const holds = await openHolds(new MemoryLedger())
    const { hold } = await openOne(holds)
    await expect(holds.vote(hold, who, 'approve', '')).rejects.toMatchObject({ code: 'forbidden' })
    expect(holds.get(hold)?.votes).toEqual([])
  })

  test('the owner of an agent counts as the requester', async () => {
    const holds = await openHolds(new MemoryLedger())
    const { hold } = await openOne(holds, { requester: { id: 'shop:bot', name: 'bot', owner: 'bob' } })
    await expect(holds.vote(hold, 'bob', 'approve', '')).rejects.toMatchObject({ code: 'forbidden' })
    await expect(holds.vote(hold, 'cat', 'approve', '')).resolves.toMatchObject({ state: 'approved' })
  })

  test('one human counts once towards a quorum of two, also when both votes are under way at the same time', async () => {
    const ledger = new MemoryLedger({ automatic: false })
    const opening = openHolds(ledger)
    const holds = await opening
    const { hold, durable } = holds.open({ ...request, review: { approvals: 2, from: ['dba'] } }, 60_000)
    ledger.sync()
    await durable
    const first = holds.vote(hold.hold, 'bob', 'approve', 'click')
    const second = holds.vote(hold.hold, 'bob', 'approve', 'click')
    ledger.sync()
    await first
    await second
    expect(holds.get(hold.hold)).toMatchObject({ state: 'pending', votes: [{ by: 'bob' }] })
    const third = holds.vote(hold.hold, 'cat', 'approve', '')
    ledger.sync()
    expect((await third).state).toBe('approved')
  })

  test('of an approval and a rejection that race, the one first on the ledger decides and the other is told', async () => {
    const ledger = new MemoryLedger({ automatic: false })
    const holds = await openHolds(ledger)
    const { hold, durable } = holds.open(request, 60_000)
    ledger.sync()
    await durable
    const rejection = holds.vote(hold.hold, 'cat', 'reject', 'no')
    const approval = holds.vote(hold.hold, 'bob', 'approve', 'yes')
    ledger.sync()
    await expect(rejection).resolves.toMatchObject({ state: 'rejected' })
    await expect(approval).rejects.toMatchObject({ code: 'conflict' })
  })

  test('a vote that cannot be recorded does not count', async () => {
    const ledger = new MemoryLedger({ automatic: false })
    const holds = await openHolds(ledger)
    const { hold, durable } = holds.open(request, 60_000)
    ledger.sync()
    await durable
    const vote = holds.vote(hold.hold, 'bob', 'approve', '')
    ledger.fail()
    await expect(vote).rejects.toMatchObject({ code: 'ledger_unavailable' })
    expect(holds.get(hold.hold)?.state).toBe('pending')
  })

  test('an approval is worth nothing once its giver has left the asked group', async () => {
    const holds = await openHolds(new MemoryLedger())
    const { hold } = await openOne(holds)
    await holds.vote(hold, 'bob', 'approve', '')
    const bob = people.bob
    if (bob === undefined) throw new Error('bob is missing')
    people.bob = { ...bob, groups: [] }
    expect(holds.isUsable(hold)).toBe(false)
    expect(holds.release(hold, [])).toBeUndefined()
    people.bob = bob
  })
})

describe('time', () => {
  test('a hold nobody answers expires, and cannot be approved after', async () => {
    vi.useFakeTimers({ now: 1_000_000 })
    const ledger = new MemoryLedger()
    const holds = await openHolds(ledger)
    const { hold } = await openOne(holds, {}, 60_000)
    await vi.advanceTimersByTimeAsync(61_000)
    expect(holds.get(hold)).toMatchObject({ state: 'expired' })
    await expect(holds.vote(hold, 'bob', 'approve', '')).rejects.toMatchObject({ code: 'conflict' })
  })

  test('an approval that is not used expires, counted from the approval', async () => {
    vi.useFakeTimers({ now: 1_000_000 })
    const holds = await openHolds(new MemoryLedger())
    const { hold } = await openOne(holds, {}, 60_000)
    await vi.advanceTimersByTimeAsync(50_000)
    await holds.vote(hold, 'bob', 'approve', '')
    await vi.advanceTimersByTimeAsync(60_000)
    expect(holds.isUsable(hold)).toBe(true)
    await vi.advanceTimersByTimeAsync(15 * 60_000)
    expect(holds.get(hold)?.state).toBe('expired')
    expect(holds.isUsable(hold)).toBe(false)
  })

  test('a clock that jumps ahead makes an approval unusable at once, not when a timer fires', async () => {
    let now = 1_000_000
    const holds = await openHolds(new MemoryLedger({ now: () => now }), () => now)
    const { hold } = await openOne(holds)
    await holds.vote(hold, 'bob', 'approve', '')
    now += 3_600_000
    expect(holds.release(hold, [])).toBeUndefined()
    holds.close()
  })
})

describe('what a rule may ask beyond a number of people', () => {
  test('a vote without a reason does not count where a reason is asked for', async () => {
    const holds = await openHolds(new MemoryLedger())
    const { hold } = await openOne(holds, { review: { approvals: 1, from: [], reason: true } })
    await expect(holds.vote(hold, 'bob', 'approve', ' ')).rejects.toMatchObject({ code: 'invalid_request' })
    expect((await holds.vote(hold, 'bob', 'approve', 'ticket 7')).state).toBe('approved')
  })

  test('an approval lies unused only as long as the rule says', async () => {
    vi.useFakeTimers({ now: 1_000_000 })
    const holds = await openHolds(new MemoryLedger())
    const { hold } = await openOne(holds, { review: { approvals: 1, from: [], use: 60_000 } })
    await holds.vote(hold, 'bob', 'approve', '')
    await vi.advanceTimersByTimeAsync(61_000)
    expect(holds.get(hold)?.state).toBe('expired')
    holds.close()
  })

  test('when nobody decides, more people are asked, once, and nothing is approved by that', async () => {
    vi.useFakeTimers({ now: 1_000_000 })
    const ledger = new MemoryLedger()
    const holds = await openHolds(ledger)
    const review = { approvals: 1, from: ['dba'], escalate: { after: 60_000, to: ['sales'] } }
    const { hold } = await openOne(holds, { review }, 600_000)
    await expect(holds.vote(hold, 'dan', 'approve', '')).rejects.toMatchObject({ code: 'forbidden' })
    await vi.advanceTimersByTimeAsync(120_000)
    expect(holds.get(hold)).toMatchObject({ state: 'pending', escalatedAt: expect.any(String) })
    expect(ledger.kinds().filter((kind) => kind === 'hold.escalated')).toHaveLength(1)
    expect((await holds.vote(hold, 'dan', 'approve', '')).state).toBe('approved')
    expect(holds.isUsable(hold)).toBe(true)
    holds.close()
  })

  test('whoever asked may confirm, where the rule leaves it to them; nobody else may, and no agent', async () => {
    const holds = await openHolds(new MemoryLedger())
    const review = { approvals: 1, from: [], confirm: true }
    const { hold } = await openOne(holds, { review })
    await expect(holds.vote(hold, 'bob', 'confirm', '')).rejects.toMatchObject({ code: 'forbidden' })
    await expect(holds.vote(hold, 'bot', 'confirm', '')).rejects.toMatchObject({ code: 'forbidden' })
    await expect(holds.vote(hold, 'ann', 'approve', '')).rejects.toMatchObject({ code: 'forbidden' })
    expect((await holds.vote(hold, 'ann', 'confirm', '')).state).toBe('approved')
    expect(holds.isUsable(hold)).toBe(true)
    const fourEyes = await openOne(holds)
    await expect(holds.vote(fourEyes.hold, 'ann', 'confirm', '')).rejects.toMatchObject({ code: 'forbidden' })
  })

  test('a confirmation on the ledger is worth nothing where somebody else was asked', async () => {
    const ledger = new MemoryLedger()
    const holds = await openHolds(ledger)
    const { hold } = await openOne(holds)
    await ledger.append('hold.voted', { hold, by: 'ann', decision: 'confirm', reason: '' }).durable
    expect(holds.get(hold)?.state).toBe('pending')
  })

  test('whoever is asked later may object at once', async () => {
    const holds = await openHolds(new MemoryLedger())
    const steps = [
      { approvals: 1, from: ['sales'] },
      { approvals: 1, from: ['dba'] },
    ]
    const { hold } = await openOne(holds, { review: { approvals: 2, from: [], demands: [steps] } })
    await expect(holds.vote(hold, 'bob', 'approve', '')).rejects.toMatchObject({ code: 'forbidden' })
    expect((await holds.vote(hold, 'bob', 'reject', 'no')).state).toBe('rejected')
  })

  test('somebody who left one of the groups they voted for no longer counts for it at release', async () => {
    const holds = await openHolds(new MemoryLedger())
    const each = [{ approvals: 2, from: ['dba', 'sre'], each: true }]
    const { hold } = await openOne(holds, { review: { approvals: 2, from: [], demands: [each] } })
    await holds.vote(hold, 'bob', 'approve', '')
    await holds.vote(hold, 'cat', 'approve', '')
    expect(holds.isUsable(hold)).toBe(true)
    const cat = people.cat
    if (cat === undefined) throw new Error('cat is missing')
    people.cat = { ...cat, groups: ['dba'] }
    expect(holds.isUsable(hold)).toBe(false)
    people.cat = cat
  })

  test('who stands in for somebody away counts for their group, but not beside them', async () => {
    const holds = await openHolds(new MemoryLedger())
    const dan = people.dan
    if (dan === undefined) throw new Error('dan is missing')
    people.dan = { ...dan, standsInFor: [{ id: 'bob', groups: ['dba'] }] }
    const { hold } = await openOne(holds, { review: { approvals: 2, from: ['dba'] } })
    await holds.vote(hold, 'dan', 'approve', '')
    expect(holds.get(hold)?.votes).toMatchObject([{ by: 'dan', groups: ['dba'], standsIn: ['bob'] }])
    await expect(holds.vote(hold, 'bob', 'approve', '')).rejects.toMatchObject({ code: 'forbidden' })
    people.dan = { ...dan, standsInFor: [{ id: 'ann', groups: ['dba'] }] }
    const other = await openOne(holds)
    await expect(holds.vote(other.hold, 'dan', 'approve', '')).rejects.toMatchObject({ code: 'forbidden' })
    people.dan = dan
  })

  test('only whoever asked, or answers for it, takes a hold back', async () => {
    const holds = await openHolds(new MemoryLedger())
    const { hold } = await openOne(holds)
    await expect(holds.withdraw(hold, 'bob', '')).rejects.toMatchObject({ code: 'forbidden' })
    expect((await holds.withdraw(hold, 'ann', 'wrong table')).state).toBe('withdrawn')
    await expect(holds.withdraw(hold, 'ann', '')).rejects.toMatchObject({ code: 'conflict' })
  })
})

test('ended holds leave the memory, and are still found', async () => {
  const ledger = new MemoryLedger()
  const holds = await Holds.open({
    ledger,
    endedKept: 2,
    reviewer: (id) => people[id],
    isRequester: () => false,
  })
  const all = []
  for (let i = 0; i < 5; i++) {
    const { hold } = await openOne(holds)
    await holds.vote(hold, 'bob', 'reject', `no ${i}`)
    all.push(hold)
  }
  const open = await openOne(holds)
  expect(holds.list('closed').map(({ hold }) => hold)).toEqual([all[4], all[3]])
  expect(holds.get(all[0] ?? '')).toBeUndefined()
  expect(await holds.find(all[0] ?? '')).toMatchObject({ state: 'rejected', votes: [{ by: 'bob', reason: 'no 0' }] })
  expect(await holds.find('nothing')).toBeUndefined()
  expect(holds.list('pending').map(({ hold }) => hold)).toEqual([open.hold])
})

test('a restart brings back every hold as it was', async () => {
  const ledger = new MemoryLedger()
  const holds = await openHolds(ledger)
  const pending = await openOne(holds)
  const approved = await openOne(holds)
  await holds.vote(approved.hold, 'bob', 'approve', 'fine')
  const withdrawn = await openOne(holds)
  await holds.end(withdrawn.hold, 'withdrawn', 'shop:alice', 'changed my mind')
  const again = await openHolds(ledger)
  for (const { hold } of [pending, approved, withdrawn]) expect(again.get(hold)).toEqual(holds.get(hold))
  expect(again.list('pending').map((hold) => hold.hold)).toEqual([approved.hold, pending.hold])
})

test('whatever happens in whatever order, a hold is released at most once and never without its quorum', async () => {
  const event = fc.oneof(
    fc.record({
      do: fc.constant('vote' as const),
      by: fc.constantFrom('ann', 'bob', 'cat', 'dan', 'bot'),
      approve: fc.boolean(),
    }),
    fc.record({ do: fc.constant('release' as const) }),
    fc.record({ do: fc.constant('withdraw' as const) }),
    fc.record({ do: fc.constant('sync' as const) }),
    fc.record({ do: fc.constant('restart' as const) }),
  )
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 1, max: 2 }), fc.array(event, { maxLength: 25 }), async (approvals, events) => {
      const ledger = new MemoryLedger({ automatic: false })
      let holds = await openHolds(ledger)
      let ran = 0
      const { hold } = holds.open({ ...request, review: { approvals, from: ['dba'] } }, 60_000)
      ledger.sync()
      for (const step of events) {
        if (step.do === 'vote')
          holds.vote(hold.hold, step.by, step.approve ? 'approve' : 'reject', '').catch(() => undefined)
        else if (step.do === 'release') {
          holds.release(hold.hold, ['a'])?.durable.then(
            () => (ran += 1),
            () => undefined,
          )
        } else if (step.do === 'withdraw') holds.end(hold.hold, 'withdrawn', 'x', '').catch(() => undefined)
        else if (step.do === 'sync') ledger.sync()
        else {
          ledger.sync()
          holds.close()
          holds = await openHolds(ledger)
        }
      }
      ledger.sync()
      let state: Hold | undefined
      for (const entry of ledger.durableEntries) {
        const before = state
        state = foldHold(state, entry)
        if (entry.kind !== 'hold.released') continue
        if (before?.state !== 'approved') continue
        const approvers = new Set(before?.votes.filter((vote) => vote.decision === 'approve').map((vote) => vote.by))
        expect(approvers.size).toBeGreaterThanOrEqual(approvals)
        expect(approvers.has('ann') || approvers.has('dan') || approvers.has('bot')).toBe(false)
      }
      await new Promise((resolve) => setImmediate(resolve))
      expect(ran).toBeLessThanOrEqual(1)
      if (ran > 0) expect(state?.state).toBe('released')
      holds.close()
    }),
    { numRuns: 300 },
  )
})
