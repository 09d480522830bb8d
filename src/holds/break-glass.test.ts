import { beforeEach, expect, test } from 'vitest'
import { MemoryLedger } from '../../test/support/memory-ledger.ts'
import { BreakGlass, Holds, type Reviewer } from './index.ts'

const person = (id: string, groups: string[], kind: Reviewer['kind'] = 'human') => ({
  id,
  kind,
  groups,
  isReviewer: true,
})
let people: Record<string, Reviewer> = {}
let ledger: MemoryLedger
let holds: Holds
let glass: BreakGlass

async function open(): Promise<void> {
  const parties = {
    ledger,
    reviewer: (id: string) => people[id],
    isRequester: (id: string, requester: { id: string }) =>
      id === requester.id || (id === 'ann' && requester.id === 'shop:alice'),
  }
  holds = await Holds.open({ ...parties, breakGlass: ['oncall'], endedKept: 1 })
  glass = new BreakGlass({ ...parties, holds, groups: ['oncall'] })
}

beforeEach(async () => {
  people = Object.fromEntries(
    [person('ann', ['oncall']), person('bob', ['dba']), person('bot', ['oncall'], 'agent')].map((one) => [one.id, one]),
  )
  ledger = new MemoryLedger()
  await open()
})

async function hold(): Promise<string> {
  const opened = holds.open(
    {
      requester: { id: 'shop:alice', name: 'alice' },
      door: 'shop',
      target: { system: 'db', environment: 'production' },
      digest: 'd'.repeat(64),
      ruleSet: '1',
      rule: { id: 'r', about: '', message: '' },
      review: { approvals: 2, from: ['dba'] },
      actions: [],
    },
    60_000,
  )
  await opened.durable
  return opened.hold.hold
}

test('whoever is allowed to lets one hold pass, once, also their own, and only with a reason', async () => {
  const id = await hold()
  await expect(glass.force(id, 'ann', ' ')).rejects.toMatchObject({ code: 'invalid_request' })
  expect(await glass.force(id, 'ann', 'the shop is down')).toMatchObject({
    state: 'approved',
    votes: [],
    forced: { by: 'ann', reason: 'the shop is down', review: null },
  })
  expect(holds.release(id, ['a'])).toBeDefined()
  expect(holds.release(id, ['a'])).toBeUndefined()
})

test.each(['bob', 'bot', 'nobody'])('%s may not: only people of the group made for it', async (who) => {
  await expect(glass.force(await hold(), who, 'now')).rejects.toMatchObject({ code: 'forbidden' })
})

test('what was rejected cannot be forced', async () => {
  const id = await hold()
  await holds.vote(id, 'bob', 'reject', 'no')
  await expect(glass.force(id, 'ann', 'now')).rejects.toMatchObject({ code: 'conflict' })
})

test('whoever has left the group by then releases nothing', async () => {
  const id = await hold()
  await glass.force(id, 'ann', 'now')
  people.ann = person('ann', [])
  expect(holds.isUsable(id)).toBe(false)
})

test('it stays to be looked at until a reviewer has who neither asked nor forced it, over restarts too', async () => {
  const id = await hold()
  await glass.force(id, 'ann', 'now')
  await holds.release(id, ['a'])?.durable
  for (let i = 0; i < 3; i++) await holds.vote(await hold(), 'bob', 'reject', 'no')
  holds.close()
  await open()
  expect(glass.followUps().map((one) => one.hold)).toEqual([id])
  await expect(glass.followUp(id, 'ann', 'fine')).rejects.toMatchObject({ code: 'forbidden' })
  expect((await glass.followUp(id, 'bob', 'it was right')).forced?.review).toMatchObject({ by: 'bob' })
  expect(glass.followUps()).toEqual([])
  await expect(glass.followUp(id, 'bob', 'again')).rejects.toMatchObject({ code: 'conflict' })
})
