import { beforeEach, describe, expect, it } from 'vitest'
import { MemoryLedger } from '../../test/support/memory-ledger.ts'
import { Absences } from './absences.ts'
import { People } from './people.ts'
import type { Person } from './person.ts'

const start = Date.parse('2026-03-01T08:00:00Z')
const day = 86_400_000
const iso = (ms: number) => new Date(ms).toISOString()

function person(id: string, more: Partial<Person> = {}): Person {
  return { id, name: id, kind: 'human', groups: [], roles: ['reviewer'], actors: [], ...more }
}

let ledger: MemoryLedger
let people: People
let absences: Absences
let now: number
let locked: string[]

const open = () => Absences.open({ ledger, people, isLocked: (id) => locked.includes(id), now: () => now })
const lends = (deputy: string) => absences.reviewerOf(deputy)?.standsInFor.map(({ id }) => id)

beforeEach(async () => {
  now = start
  locked = []
  ledger = new MemoryLedger()
  people = await People.open({ ledger })
  await people.put(person('root', { roles: ['admin'] }), 'test')
  await people.put(person('ann', { groups: ['dba'], doors: ['shop-db'] }), 'test')
  await people.put(person('bob'), 'test')
  await people.put(person('cat', { groups: ['payments'] }), 'test')
  await people.put(person('vera', { roles: ['viewer'] }), 'test')
  await people.put(person('bot', { kind: 'agent', owner: 'ann' }), 'test')
  absences = await open()
})

describe('who is away', () => {
  it('lends what they may to one other, from when to when they said', async () => {
    await absences.away({ person: 'ann', from: iso(start + day), until: iso(start + 3 * day), deputy: 'bob' }, 'ann')
    expect(lends('bob')).toEqual([])
    expect(absences.of('ann')?.deputy).toBe('bob')
    now = start + day
    expect(absences.reviewerOf('bob')).toMatchObject({
      groups: [],
      standsInFor: [{ id: 'ann', groups: ['dba'], doors: ['shop-db'] }],
    })
    expect(lends('cat')).toEqual([])
    now = start + 3 * day
    expect([lends('bob'), absences.of('ann')]).toEqual([[], undefined])
  })

  it('lends nothing that was lent to them', async () => {
    await absences.away({ person: 'ann', until: iso(start + day), deputy: 'bob' }, 'ann')
    await absences.away({ person: 'bob', until: iso(start + day), deputy: 'cat' }, 'bob')
    expect(lends('cat')).toEqual(['bob'])
    expect(absences.reviewerOf('cat')?.standsInFor[0]?.groups).toEqual([])
  })

  it('lends nothing once back, locked, no reviewer any more, or removed', async () => {
    const away = () => absences.away({ person: 'ann', until: iso(start + day), deputy: 'bob' }, 'root')
    await away()
    await absences.back('ann', 'ann')
    expect(lends('bob')).toEqual([])
    await away()
    locked = ['ann']
    expect(lends('bob')).toEqual([])
    locked = []
    expect(lends('bob')).toEqual(['ann'])
    await people.put(person('ann', { groups: ['dba'], roles: ['viewer'] }), 'root')
    expect(lends('bob')).toEqual([])
    await people.put(person('ann', { groups: ['dba'] }), 'root')
    await people.put({ ...person('bot', { kind: 'agent', owner: 'cat' }) }, 'root')
    await people.remove('ann', 'root')
    await people.put(person('ann', { groups: ['dba'] }), 'root')
    expect(lends('bob')).toEqual([])
  })

  it('of one who is put again under the id of a deputy, nothing is known', async () => {
    await absences.away({ person: 'ann', until: iso(start + day), deputy: 'bob' }, 'ann')
    await people.remove('bob', 'root')
    await people.put(person('bob'), 'root')
    expect(lends('bob')).toEqual([])
  })

  it('is away after a restart, too', async () => {
    await absences.away({ person: 'ann', until: iso(start + day), deputy: 'bob' }, 'ann')
    const again = await open()
    expect(again.of('ann')).toEqual(absences.of('ann'))
    expect(again.deputyFor('bob')).toHaveLength(1)
  })

  it.each([
    ['for themselves', { deputy: 'ann' }, 'Nobody stands in for themselves'],
    ['who may not vote', { deputy: 'vera' }, 'vera cannot vote'],
    ['who is no human', { deputy: 'bot' }, 'bot cannot vote'],
    ['whom nobody knows', { deputy: 'zoe' }, 'no person zoe'],
    ['until a time that has passed', { until: iso(start - 1) }, 'is no time behind'],
    ['until before it begins', { from: iso(start + 2 * day) }, 'is no time behind'],
    ['until some day', { until: 'soon' }, 'is no time behind'],
    ['for years', { until: iso(start + 400 * day) }, 'within a year'],
    ['in place of nobody', { person: 'zoe' }, 'no person zoe'],
  ])('nobody stands in %s', async (_, change, says) => {
    const absence = { person: 'ann', until: iso(start + day), deputy: 'bob', ...change }
    await expect(absences.away(absence, 'root')).rejects.toThrow(says)
    expect(lends('bob')).toEqual([])
  })
})
