import { beforeEach, describe, expect, test } from 'vitest'
import { MemoryLedger } from '../../test/support/memory-ledger.ts'
import { type LockSubject, Locks } from './index.ts'

let time = 0
let ledger: MemoryLedger
let locks: Locks

const open = () =>
  Locks.open({
    ledger,
    now: () => time,
    isPerson: (person, { id, owner }) => person === id || person === owner || (person === 'ann' && id === 'shop:alice'),
  })

beforeEach(async () => {
  time = Date.parse('2030-01-01T00:00:00Z')
  ledger = new MemoryLedger({ now: () => time })
  locks = await open()
})

const put = (kind: LockSubject['kind'], name: string, until: string | null = null) =>
  locks.put({ kind, name }, { message: 'Stop', until, by: 'root' })

const action = (id: string, more: { door?: string; owner?: string; resource?: string } = {}) => ({
  actor: { id, owner: more.owner },
  door: more.door ?? 'shop',
  resources: more.resource === undefined ? [] : [{ type: 'table', name: more.resource, labels: {} }],
})

describe('a lock stops', () => {
  test('a person under every name, and the agents they answer for', async () => {
    await put('person', 'ann')
    expect(locks.on(action('shop:alice'))).toBeDefined()
    expect(locks.on(action('shop:bot', { owner: 'ann' }))).toBeDefined()
    expect(locks.onPerson('ann')).toBeDefined()
    expect(locks.on(action('shop:bob'))).toBeUndefined()
    expect(locks.onPerson('bob')).toBeUndefined()
  })

  test('one actor, a door, a resource, and nothing beside it', async () => {
    await put('actor', 'shop:bob')
    await put('door', 'crm')
    await put('resource', 'public.orders')
    expect(locks.on(action('shop:bob'))).toBeDefined()
    expect(locks.on(action('shop:bobby'))).toBeUndefined()
    expect(locks.on(action('crm:x', { door: 'crm' }))).toBeDefined()
    expect(locks.on(action('shop:x', { resource: 'public.orders' }))).toBeDefined()
    expect(locks.on(action('shop:x', { resource: 'public.order' }))).toBeUndefined()
    expect(locks.on(action('shop:x', { resource: 'orders' }))).toBeDefined()
    expect(locks.on(action('shop:x', { resource: 'old.orders' }))).toBeUndefined()
    expect(locks.on(action('shop:x', { resource: 'reorders' }))).toBeUndefined()
    const impact = { cascades: [{ table: 'public.orders', rows: 3 }] }
    expect(locks.on({ ...action('shop:x', { resource: 'customers' }), impact })).toBeDefined()
  })
})

test('it ends by itself, or when it is lifted, and both survive a restart', async () => {
  await put('door', 'a', '2030-01-01T01:00:00Z')
  const { lock } = await put('door', 'b')
  locks = await open()
  expect(locks.list().map(({ on }) => on.name)).toEqual(['b', 'a'])
  await locks.lift(lock, 'root', 'over')
  time += 3_600_000
  expect(locks.list()).toEqual([])
  expect((await open()).list()).toEqual([])
  await expect(locks.lift(lock, 'root', '')).rejects.toMatchObject({ code: 'not_found' })
  expect(ledger.durableEntries.at(-1)).toMatchObject({ kind: 'lock.lifted', body: { by: 'root', reason: 'over' } })
})

test('nobody locks out themselves, and no lock ends before it begins', async () => {
  await expect(put('person', 'root')).rejects.toMatchObject({ code: 'conflict' })
  await expect(put('door', 'a', '2029-01-01T00:00:00Z')).rejects.toMatchObject({ code: 'invalid_request' })
})

test('a lock that cannot be recorded is none', async () => {
  ledger.fail()
  await expect(put('door', 'a')).rejects.toMatchObject({ code: 'ledger_unavailable' })
  expect(locks.list()).toEqual([])
})
