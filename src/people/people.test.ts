import { beforeEach, describe, expect, test } from 'vitest'
import { MemoryLedger } from '../../test/support/memory-ledger.ts'
import { authorize, type Command, commands, People, type Person, type Role, roles } from './index.ts'

const person = (id: string, change: Partial<Person> = {}): Person => ({
  id,
  name: id,
  kind: 'human',
  groups: [],
  roles: ['viewer'],
  actors: [],
  ...change,
})

let time = Date.parse('2030-01-01T00:00:00Z')
let ledger: MemoryLedger
let people: People

beforeEach(async () => {
  time = Date.parse('2030-01-01T00:00:00Z')
  ledger = new MemoryLedger({ now: () => time })
  people = await People.open({ ledger, now: () => time })
  await people.put(person('root', { roles: ['admin'] }), 'test')
})

const issue = (who: string, expiresAt: string | null = null) =>
  people.issueToken(who, { label: 'test', expiresAt, by: 'test' })

describe('tokens', () => {
  test('a token names its person, and does not stand on the ledger', async () => {
    const { token } = await issue('root')
    expect(token).toMatch(/^sp_[\w-]{43}$/)
    expect(people.authenticate(token)?.id).toBe('root')
    expect(JSON.stringify(ledger.durableEntries)).not.toContain(token)
  })

  test.each(['', 'sp_', `sp_${'A'.repeat(43)}`, 'Bearer x', 'sp_\0'])('%j is nobody', (token) => {
    expect(people.authenticate(token)).toBeUndefined()
  })

  test('the digest of a token is not accepted as a token', async () => {
    await issue('root')
    const [issued] = people.tokensOf('root')
    expect(people.authenticate(issued?.digest ?? '')).toBeUndefined()
    expect(people.authenticate(`sp_${issued?.digest}`)).toBeUndefined()
  })

  test('a token stops at its expiry, to the millisecond', async () => {
    const { token } = await issue('root', '2030-01-01T01:00:00Z')
    time += 3_600_000 - 1
    expect(people.authenticate(token)?.id).toBe('root')
    time += 1
    expect(people.authenticate(token)).toBeUndefined()
  })

  test.each(['2029-12-31T23:59:59Z', 'tomorrow'])('a token cannot be issued until %s', async (expiresAt) => {
    await expect(issue('root', expiresAt)).rejects.toMatchObject({ code: 'invalid_request' })
  })

  test('a revoked token stops working, others go on', async () => {
    const one = await issue('root')
    const two = await issue('root')
    await people.revokeToken(one.id, 'root')
    expect(people.authenticate(one.token)).toBeUndefined()
    expect(people.authenticate(two.token)?.id).toBe('root')
    await expect(people.revokeToken(one.id, 'root')).rejects.toMatchObject({ code: 'not_found' })
  })

  test('removing a person ends their tokens, also when the same id is put again', async () => {
    await people.put(person('ann'), 'root')
    const { token } = await issue('ann')
    await people.remove('ann', 'root')
    expect(people.authenticate(token)).toBeUndefined()
    await people.put(person('ann'), 'root')
    expect(people.authenticate(token)).toBeUndefined()
  })

  test('a token works only after it is durable', async () => {
    const slow = new MemoryLedger({ automatic: false })
    const opening = await People.open({ ledger: slow })
    const put = opening.put(person('ann'), 'test')
    await Promise.resolve()
    expect(opening.get('ann')).toBeUndefined()
    slow.sync()
    await put
    expect(opening.get('ann')).toBeDefined()
  })

  test('nothing changes when the ledger cannot be written', async () => {
    ledger.fail()
    await expect(people.put(person('ann'), 'root')).rejects.toMatchObject({ code: 'ledger_unavailable' })
    expect(people.get('ann')).toBeUndefined()
  })
})

describe('the register', () => {
  test('is the same after a restart', async () => {
    await people.put(person('ann', { groups: ['dba'], actors: ['shop:alice'] }), 'root')
    const { token } = await issue('ann')
    const again = await People.open({ ledger, now: () => time })
    expect(again.list()).toEqual(people.list())
    expect(again.authenticate(token)).toEqual(person('ann', { groups: ['dba'], actors: ['shop:alice'] }))
  })

  test('ignores roles it does not know', async () => {
    const { durable } = ledger.append('person.put', { ...person('odd'), roles: ['emperor', 'viewer'], by: 'test' })
    await durable
    expect(people.get('odd')?.roles).toEqual(['viewer'])
  })

  test('the last admin can neither be removed nor demoted', async () => {
    await expect(people.remove('root', 'root')).rejects.toMatchObject({ code: 'conflict' })
    await expect(people.put(person('root'), 'root')).rejects.toMatchObject({ code: 'conflict' })
  })

  test('two admins who remove each other at the same time leave one', async () => {
    await people.put(person('boss', { roles: ['admin'] }), 'root')
    const results = await Promise.allSettled([people.remove('root', 'boss'), people.remove('boss', 'root')])
    expect(results.map((result) => result.status)).toEqual(['fulfilled', 'rejected'])
    expect(people.list().map(({ id }) => id)).toEqual(['boss'])
  })

  test('one actor cannot stand for two people', async () => {
    await people.put(person('ann', { actors: ['shop:app'] }), 'root')
    await expect(people.put(person('bob', { actors: ['shop:app'] }), 'root')).rejects.toMatchObject({
      code: 'conflict',
    })
    expect(people.byActor('shop:app')?.id).toBe('ann')
  })

  test.each([
    ['an id with a slash', person('a/b')],
    ['no name', person('ann', { name: ' ' })],
    ['a human with an owner', person('ann', { owner: 'root' })],
    ['an owner nobody knows', person('bot', { kind: 'agent', owner: 'nobody' })],
  ])('%s is refused', async (_, wrong) => {
    await expect(people.put(wrong, 'root')).rejects.toMatchObject({ code: 'invalid_request' })
  })

  test('whoever is answerable for an agent cannot just be removed', async () => {
    await people.put(person('ann'), 'root')
    await people.put(person('bot', { kind: 'agent', owner: 'ann' }), 'root')
    await expect(people.remove('ann', 'root')).rejects.toMatchObject({ code: 'conflict' })
  })
})

describe('who counts as the requester', () => {
  beforeEach(async () => {
    await people.put(person('ann', { actors: ['shop:alice'] }), 'root')
    await people.put(person('bob', { actors: ['shop:bob'] }), 'root')
    await people.put(person('bot', { kind: 'agent', owner: 'ann', actors: ['shop:bot'] }), 'root')
  })

  test.each([
    ['ann', { id: 'ann' }, true],
    ['ann', { id: 'shop:alice' }, true],
    ['ann', { id: 'shop:unknown', owner: 'ann' }, true],
    ['ann', { id: 'shop:unknown', owner: 'shop:alice' }, true],
    ['ann', { id: 'shop:bot' }, true],
    ['ann', { id: 'bot', owner: 'bob' }, true],
    ['bob', { id: 'bot', owner: 'bob' }, true],
    ['bob', { id: 'shop:alice' }, false],
    ['bob', { id: 'shop:bot', owner: 'ann' }, false],
    ['bob', { id: 'shop:unknown' }, false],
  ])('%s for %j: %s', (who, requester, expected) => {
    expect(people.isSamePerson(who, requester)).toBe(expected)
  })
})

describe('authorize', () => {
  const expected: Record<Role | 'none', Command[]> = {
    none: [],
    viewer: ['read', 'answer', 'passkeys.own'],
    reviewer: ['read', 'answer', 'vote', 'passkeys.own'],
    'rule-author': ['read', 'answer', 'rules.manage', 'passkeys.own'],
    auditor: ['read', 'passkeys.own'],
    admin: [...commands],
  }
  const cases = Object.entries(expected).flatMap(([role, may]) =>
    commands.map((command) => [role, command, may.includes(command)] as const),
  )

  test.each(cases)('%s, %s: %s', (role, command, may) => {
    const answer = authorize({ roles: roles.filter((known) => known === role) }, command)
    expect(answer.allowed).toBe(may)
    if (!may) expect(answer.reason).toMatch(/^This needs the role (viewer|reviewer|rule-author|admin); /)
  })
})
