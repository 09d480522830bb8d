import fc from 'fast-check'
import { expect, test, vi } from 'vitest'
import { MemoryLedger } from '../../test/support/memory-ledger.ts'
import type { ReviewAsked } from '../ledger/index.ts'
import { foldHold, type Hold, Holds, isOver, type Reviewer } from './index.ts'

const minute = 60_000

/** Every kind of review, and what it takes in plain numbers: distinct people, in these groups. */
const reviews: Record<string, ReviewAsked> = {
  one: { approvals: 1, from: [] },
  two: { approvals: 2, from: ['dba'] },
  steps: {
    approvals: 2,
    from: [],
    demands: [
      [
        { approvals: 1, from: ['lead'] },
        { approvals: 1, from: ['dba'] },
      ],
    ],
  },
  each: { approvals: 2, from: [], demands: [[{ approvals: 2, from: ['dba', 'lead'], each: true }]] },
  escalating: { approvals: 1, from: ['dba'], escalate: { after: 10 * minute, to: ['lead'] }, use: 5 * minute },
}

const names = ['alice', 'bob', 'cat', 'dan', 'bot'] as const

class World {
  now = Date.parse('2030-01-01T00:00:00Z')
  readonly ledger = new MemoryLedger({ automatic: false, now: () => this.now })
  readonly groups = new Map<string, string[]>([
    ['alice', ['dba', 'lead']],
    ['bob', ['dba']],
    ['cat', ['dba', 'lead']],
    ['dan', ['lead']],
    ['bot', ['dba', 'lead']],
  ])
  ran = 0

  open(): Promise<Holds> {
    return Holds.open({
      ledger: this.ledger,
      now: () => this.now,
      isRequester: (id) => id === 'alice',
      reviewer: (id): Reviewer => ({
        id,
        kind: id === 'bot' ? 'agent' : 'human',
        groups: this.groups.get(id) ?? [],
        isReviewer: true,
        // Bob is put in the place of dan, and of alice, who is the one who asked.
        ...(id === 'bob' ? { standsInFor: ['dan', 'alice'].map((who) => ({ id: who, groups: ['lead'] })) } : {}),
      }),
    })
  }
}

const step = fc.oneof(
  { weight: 6, arbitrary: fc.record({ do: fc.constant('vote' as const), by: fc.constantFrom(...names) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('reject' as const), by: fc.constantFrom(...names) }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('release' as const) }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('sync' as const) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('withdraw' as const) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('restart' as const) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('wait' as const), minutes: fc.constantFrom(1, 6, 11, 31) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('leave' as const), by: fc.constantFrom(...names) }) },
)

test('no interleaving of votes, time, withdrawal, restart and release runs a hold twice, early or for ever', async () => {
  vi.useFakeTimers()
  const name = fc.constantFrom(...Object.keys(reviews))
  await fc.assert(
    fc.asyncProperty(name, fc.array(step, { maxLength: 30 }), async (which, steps) => {
      const review = reviews[which]
      if (review === undefined) throw new Error(which)
      const world = new World()
      let holds = await world.open()
      const { hold } = holds.open(
        {
          requester: { id: 'shop:alice', name: 'alice' },
          door: 'shop',
          target: { system: 'db', environment: 'production' },
          digest: 'd'.repeat(64),
          ruleSet: '1',
          rule: { id: 'r', about: '', message: '' },
          review,
          actions: [],
        },
        30 * minute,
      )
      world.ledger.sync()
      for (const one of steps) {
        if (one.do === 'vote') holds.vote(hold.hold, one.by, 'approve', '').catch(() => undefined)
        else if (one.do === 'reject') holds.vote(hold.hold, one.by, 'reject', '').catch(() => undefined)
        else if (one.do === 'release') {
          holds.release(hold.hold, ['a'])?.durable.then(
            () => {
              world.ran += 1
            },
            () => undefined,
          )
        } else if (one.do === 'sync') world.ledger.sync()
        else if (one.do === 'withdraw') holds.end(hold.hold, 'withdrawn', 'alice', '').catch(() => undefined)
        else if (one.do === 'leave') world.groups.set(one.by, [])
        else if (one.do === 'wait') await pass(world, one.minutes)
        else {
          world.ledger.sync()
          holds.close()
          holds = await world.open()
        }
      }
      world.ledger.sync()
      await vi.advanceTimersByTimeAsync(0)
      expect(world.ran).toBeLessThanOrEqual(1)
      const final = checkLedger(world, review)
      if (world.ran === 1) expect(final?.state).toBe('released')
      // Nothing waits for ever: when time has passed, the hold is over.
      await pass(world, 60)
      await pass(world, 60)
      const last = holds.get(hold.hold)
      expect(last !== undefined && isOver(last)).toBe(true)
      holds.close()
    }),
    { numRuns: 400 },
  )
  vi.useRealTimers()
})

async function pass(world: World, minutes: number): Promise<void> {
  world.now += minutes * minute
  await vi.advanceTimersByTimeAsync(31_000)
  world.ledger.sync()
  await vi.advanceTimersByTimeAsync(1_500)
  world.ledger.sync()
  await vi.advanceTimersByTimeAsync(0)
}

/** Reads the ledger as an auditor would, and says of every release whether the people were there. */
function checkLedger(world: World, review: ReviewAsked): Hold | undefined {
  let hold: Hold | undefined
  for (const entry of world.ledger.durableEntries) {
    const before = hold
    hold = foldHold(hold, entry)
    if (entry.kind !== 'hold.released' || before?.state !== 'approved') continue
    const yes = before.votes.filter(({ decision }) => decision === 'approve')
    const people = new Set(yes.map(({ by }) => by))
    expect(people.size).toBeGreaterThanOrEqual(review.approvals)
    expect([...people].filter((by) => by === 'alice' || by === 'bot')).toEqual([])
    expect(yes.flatMap(({ standsIn }) => standsIn ?? [])).not.toContain('alice')
    for (const { by, standsIn } of yes)
      for (const away of standsIn ?? []) expect([by, people.has(away)]).toEqual([by, false])
    expect(before.votes.some(({ decision }) => decision === 'reject')).toBe(false)
    expect(before.useBy !== null && entry.at <= before.useBy).toBe(true)
  }
  return hold
}
