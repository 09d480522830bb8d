import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { ReviewStep } from '../ledger/index.ts'
import { Progress } from './review.ts'

const person = (by: string, ...groups: string[]) => ({ by, groups })
const review = (...demands: ReviewStep[][]) => ({ approvals: 1, from: [], demands })
const progress = (asked: ReturnType<typeof review>, ...people: ReturnType<typeof person>[]) =>
  new Progress(asked, people, false)

describe('steps', () => {
  const asked = review([
    { approvals: 1, from: ['lead'] },
    { approvals: 1, from: ['dba'] },
  ])

  test('come in their order: who is asked later cannot help yet', () => {
    expect(progress(asked).helps(person('b', 'dba'))).toBe(false)
    expect(progress(asked, person('b', 'dba'), person('a', 'lead')).isMet).toBe(false)
    expect(progress(asked, person('a', 'lead'), person('b', 'dba')).isMet).toBe(true)
    expect(progress(asked, person('a', 'lead')).missing).toEqual({ approvals: 1, from: ['dba'] })
  })

  test('one vote counts for one step, whatever groups its giver is in', () => {
    expect(progress(asked, person('a', 'lead', 'dba')).isMet).toBe(false)
  })
})

describe('one of each group', () => {
  const asked = review([{ approvals: 2, from: ['dba', 'security'], each: true }])

  test('two of one group are not one of each', () => {
    expect(progress(asked, person('a', 'dba')).helps(person('b', 'dba'))).toBe(false)
    expect(progress(asked, person('a', 'dba'), person('b', 'dba')).isMet).toBe(false)
    expect(progress(asked, person('a', 'dba'), person('b', 'dba'), person('c', 'security')).isMet).toBe(true)
  })

  test('whoever is in both counts for one, and for the one that helps', () => {
    expect(progress(asked, person('a', 'dba', 'security')).isMet).toBe(false)
    for (const second of ['dba', 'security']) {
      expect(progress(asked, person('a', 'dba', 'security'), person('b', second)).isMet).toBe(true)
    }
  })
})

test('every demand must be met, and one vote may count for several', () => {
  const asked = review([{ approvals: 1, from: ['dba'] }], [{ approvals: 2, from: [] }])
  expect(progress(asked, person('a'), person('b')).isMet).toBe(false)
  expect(progress(asked, person('a'), person('b', 'dba')).isMet).toBe(true)
})

test('escalation puts its groups in the place of any other, and takes nothing away', () => {
  const asked = { approvals: 1, from: ['dba'], escalate: { after: 1, to: ['oncall'] } }
  expect(new Progress(asked, [person('a', 'oncall')], false).isMet).toBe(false)
  expect(new Progress(asked, [person('a', 'oncall')], true).isMet).toBe(true)
  expect(new Progress(asked, [person('a', 'dba')], true).isMet).toBe(true)
  expect(new Progress(asked, [], true).missing).toEqual({ approvals: 1, from: ['dba', 'oncall'] })
  expect(new Progress(asked, [], true).isMet).toBe(false)
})

test('a step is met exactly when its people can be told apart, group by group', () => {
  const groups = ['a', 'b', 'c']
  const people = fc.array(fc.subarray(groups), { maxLength: 6 }).map((all) => all.map((g, i) => person(`p${i}`, ...g)))
  fc.assert(
    fc.property(fc.subarray(groups, { minLength: 1 }), fc.integer({ min: 0, max: 2 }), people, (from, more, votes) => {
      const step = { approvals: from.length + more, from, each: true }
      const able = votes.filter(({ groups: own }) => own.some((group) => from.includes(group)))
      expect(progress(review([step]), ...votes).isMet).toBe(able.length >= step.approvals && canCover(from, able))
    }),
    { numRuns: 2_000 },
  )
})

/** By trying everything. */
function canCover(groups: readonly string[], people: readonly { by: string; groups: readonly string[] }[]): boolean {
  const [group, ...others] = groups
  if (group === undefined) return true
  return people.some(
    (one) =>
      one.groups.includes(group) &&
      canCover(
        others,
        people.filter((other) => other !== one),
      ),
  )
}
