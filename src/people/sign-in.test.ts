import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { MemoryLedger } from '../../test/support/memory-ledger.ts'
import { cheapHasher } from '../../test/support/test-sign-in.ts'
import { Passkeys, type PasswordFile, People, passwordFile, SignIn, SignInThrottle } from './index.ts'

const hasher = cheapHasher
const secret = 'correct horse battery'
let time = 0
let ledger: MemoryLedger
let people: People
let folder: string
let passwords: PasswordFile
let signIn: SignIn
let passkeys: Passkeys

const now = () => time
const at = (address: string) => ({ address })
const door = async () =>
  new SignIn({ people, passkeys, ledger, hasher, passwords, throttle: new SignInThrottle({ now }), now })

beforeEach(async () => {
  time = Date.parse('2030-01-01T00:00:00Z')
  folder = await mkdtemp(join(tmpdir(), 'sallyport-sign-in-'))
  ledger = new MemoryLedger({ now })
  people = await People.open({ ledger, now })
  const rest = { groups: [], roles: ['admin' as const], actors: [] }
  await people.put({ id: 'ann', name: 'Ann', kind: 'human', ...rest }, 'test')
  await people.put({ id: 'bot', name: 'Bot', kind: 'agent', owner: 'ann', ...rest }, 'test')
  passwords = await passwordFile(join(folder, 'passwords'))
  passkeys = await Passkeys.open({ ledger, site: undefined, now })
  signIn = await door()
})
afterEach(() => rm(folder, { recursive: true, force: true }))

const setUp = async () => signIn.withLink((await signIn.link('ann', 'root')).secret, secret, at('10.0.0.1'))
const kinds = () => ledger.kinds().slice(3)

describe('a one-time link', () => {
  test('sets the password and signs in; both stand on the record, neither secret nor hash does', async () => {
    const link = await signIn.link('ann', 'root')
    const { token, person } = await signIn.withLink(link.secret, secret, at('10.0.0.1'))
    expect([person.id, people.authenticate(token, 'cookie')?.id]).toEqual(['ann', 'ann'])
    expect(ledger.kinds().slice(-3)).toEqual(['password.linked', 'password.set', 'token.issued'])
    const record = JSON.stringify(ledger.durableEntries)
    for (const hidden of [link.secret, secret, token, '$argon2']) expect(record).not.toContain(hidden)
    expect(await readFile(join(folder, 'passwords'), 'utf8')).toMatch(/^\$argon2id\$/)
    expect((await stat(join(folder, 'passwords'))).mode & 0o777).toBe(0o600)
  })

  test('works once, also when it is used twice at the same moment', async () => {
    const link = await signIn.link('ann', 'root')
    const used = await Promise.allSettled([
      signIn.withLink(link.secret, secret, at('a')),
      signIn.withLink(link.secret, 'quite another one', at('b')),
    ])
    expect(used.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected'])
    await expect(signIn.withLink(link.secret, secret, at('a'))).rejects.toMatchObject({ code: 'unauthenticated' })
  })

  test('runs out after a day, to the millisecond', async () => {
    const link = await signIn.link('ann', 'root')
    time += 24 * 3_600_000
    await expect(signIn.withLink(link.secret, secret, at('a'))).rejects.toMatchObject({ code: 'unauthenticated' })
    time -= 1
    expect((await signIn.withLink(link.secret, secret, at('a'))).person.id).toBe('ann')
  })

  test('stops working when a newer one is made, and when its person goes', async () => {
    const old = await signIn.link('ann', 'root')
    const link = await signIn.link('ann', 'root')
    await expect(signIn.withLink(old.secret, secret, at('a'))).rejects.toMatchObject({ code: 'unauthenticated' })
    await people.put({ id: 'eve', name: 'Eve', kind: 'human', groups: [], roles: ['admin'], actors: [] }, 'test')
    await people.remove('bot', 'eve')
    await people.remove('ann', 'eve')
    await expect(signIn.withLink(link.secret, secret, at('a'))).rejects.toMatchObject({ code: 'unauthenticated' })
  })

  test.each(['short', 'aaaaaaaaaaaaaaaa', ''])('is not used up by the password %j, which is refused', async (weak) => {
    const link = await signIn.link('ann', 'root')
    await expect(signIn.withLink(link.secret, weak, at('a'))).rejects.toMatchObject({ code: 'invalid_request' })
    expect((await signIn.withLink(link.secret, secret, at('a'))).person.id).toBe('ann')
  })

  test('is never made for an agent', async () => {
    await expect(signIn.link('bot', 'root')).rejects.toMatchObject({ code: 'conflict' })
  })

  test('is not taken for a token, nor a token for it', async () => {
    const link = await signIn.link('ann', 'root')
    expect(people.authenticate(link.secret)).toBeUndefined()
    const { token } = await people.issueToken('ann', { label: 't', expiresAt: null, by: 'root' })
    await expect(signIn.withLink(token, secret, at('a'))).rejects.toMatchObject({ code: 'unauthenticated' })
  })
})

describe('a password', () => {
  test('opens a session that ends after twelve hours, or when its person signs out', async () => {
    await setUp()
    const { token } = await signIn.withPassword('ann', secret, at('10.0.0.1'))
    time += 12 * 3_600_000 - 1
    expect(people.authenticate(token, 'cookie')?.id).toBe('ann')
    time += 1
    expect(people.authenticate(token, 'cookie')).toBeUndefined()
    const next = await signIn.withPassword('ann', secret, at('10.0.0.1'))
    expect(people.tokensOf('ann').map(({ session }) => session)).toEqual([true])
    await signIn.out(next.token)
    expect(people.authenticate(next.token, 'cookie')).toBeUndefined()
    expect(kinds().at(-1)).toBe('token.revoked')
  })

  test('is the same however its letters are composed', async () => {
    const { secret: link } = await signIn.link('ann', 'root')
    await signIn.withLink(link, 'caf\u00e9 au lait, please', at('a'))
    expect((await signIn.withPassword('ann', 'cafe\u0301 au lait, please', at('a'))).person.id).toBe('ann')
  })

  test('that is wrong, and a name that is nobody’s, get the same answer; both stand on the record, the name does not', async () => {
    await setUp()
    const answers = await Promise.all(
      ['ann', 'hunter2hunter2', 'bot', ''].map((who) =>
        signIn.withPassword(who, 'wrong wrong wrong', at('10.0.0.1')).catch((error: unknown) => error),
      ),
    )
    expect(answers.map((error) => [Object(error).code, Object(error).message])).toEqual(
      answers.map(() => ['unauthenticated', 'The name or the password is wrong.']),
    )
    expect(kinds().slice(-4)).toEqual(answers.map(() => 'signin.failed'))
    expect(JSON.stringify(ledger.durableEntries)).not.toContain('hunter2')
  })

  test('that was replaced ends the sessions of before, other tokens go on', async () => {
    const { token } = await setUp()
    const api = await people.issueToken('ann', { label: 'api', expiresAt: null, by: 'root' })
    await signIn.withLink((await signIn.link('ann', 'root')).secret, 'another fine phrase', at('a'))
    expect(people.authenticate(token)).toBeUndefined()
    expect(people.authenticate(api.token)?.id).toBe('ann')
    await expect(signIn.withPassword('ann', secret, at('a'))).rejects.toMatchObject({ code: 'unauthenticated' })
  })

  test('is still known after a restart; a hash that somebody put into the file is not taken', async () => {
    await setUp()
    const path = join(folder, 'passwords')
    people = await People.open({ ledger, now })
    passwords = await passwordFile(path)
    signIn = await door()
    expect((await signIn.withPassword('ann', secret, at('a'))).person.id).toBe('ann')
    await writeFile(path, `${await hasher.hash('chosen by a thief')}\n`)
    passwords = await passwordFile(path)
    signIn = await door()
    await expect(signIn.withPassword('ann', 'chosen by a thief', at('a'))).rejects.toMatchObject({
      code: 'unauthenticated',
    })
  })

  test('opens nothing while the record cannot be written', async () => {
    await setUp()
    ledger.fail()
    await expect(signIn.withPassword('ann', secret, at('a'))).rejects.toMatchObject({ code: 'ledger_unavailable' })
  })

  test('cannot be guessed at by a crowd at the same moment: five are looked at, the rest are told to wait', async () => {
    await setUp()
    const tries = Array.from({ length: 40 }, (_, i) =>
      signIn.withPassword('ann', `wrong ${i}`, at(`10.1.0.${i}`)).catch((error: unknown) => Object(error).code),
    )
    const codes = await Promise.all(tries)
    expect(codes.filter((code) => code === 'unauthenticated')).toHaveLength(5)
    expect(codes.filter((code) => code === 'too_many_attempts')).toHaveLength(35)
  })

  test('is still good where it was used before, while somebody fails in the same name without end', async () => {
    const { device = '' } = await setUp()
    const hammer = async () => {
      for (let i = 0; i < 20; i++) await signIn.withPassword('ann', 'wrong', at(`10.2.0.${i}`)).catch(() => undefined)
    }
    await hammer()
    const refused = { code: 'too_many_attempts' }
    await expect(signIn.withPassword('ann', secret, at('10.0.0.1'))).rejects.toMatchObject(refused)
    const again = await signIn.withPassword('ann', secret, { ...at('10.0.0.1'), device })
    expect([again.person.id, again.device]).toEqual(['ann', device])
    for (const other of ['', 'x', `${device}x`, device.replace(/^./, device.startsWith('A') ? 'B' : 'A')]) {
      const tried = signIn.withPassword('ann', secret, { ...at('10.0.0.1'), device: other })
      await expect(tried).rejects.toMatchObject(refused)
    }
    // A link from an admin is the other way in, and makes the browsers of before strangers.
    await signIn.withLink((await signIn.link('ann', 'root')).secret, 'another fine phrase', at('10.3.0.1'))
    const stale = signIn.withPassword('ann', 'another fine phrase', { ...at('10.0.0.1'), device })
    await expect(stale).rejects.toMatchObject(refused)
  })

  test('is compared while others are sent away, where it was used before', async () => {
    const { device } = await setUp()
    const crowd = Array.from({ length: 30 }, (_, i) =>
      signIn.withPassword(`x${i}`, 'wrong', at(`10.3.${i}.1`)).catch((error: unknown) => Object(error).message),
    )
    const own = signIn.withPassword('ann', secret, { ...at('10.0.0.1'), device })
    expect((await own).person.id).toBe('ann')
    const sentAway = (await Promise.all(crowd)).filter((message) => /same moment/.test(message))
    expect(sentAway).toHaveLength(10)
  })

  test('that is changed while it is looked at opens nothing', async () => {
    await setUp()
    const { secret: link } = await signIn.link('ann', 'root')
    const slow = {
      ...hasher,
      verify: async (hash: string, password: string) => {
        const right = await hasher.verify(hash, password)
        await signIn.withLink(link, 'another fine phrase', at('a'))
        return right
      },
    }
    const door = new SignIn({
      people,
      passkeys,
      ledger,
      hasher: slow,
      passwords,
      throttle: new SignInThrottle({ now }),
      now,
    })
    await expect(door.withPassword('ann', secret, at('b'))).rejects.toMatchObject({ code: 'unauthenticated' })
    expect(people.tokensOf('ann')).toHaveLength(1)
  })

  test('costs the same work, whoever it is that does not get in', async () => {
    await setUp()
    const compared: string[] = []
    const counting = {
      ...hasher,
      verify: (hash: string, password: string) => {
        compared.push(hash.split('$').slice(1, 4).join('$'))
        return hasher.verify(hash, password)
      },
    }
    const door = new SignIn({
      people,
      passkeys,
      ledger,
      hasher: counting,
      passwords,
      throttle: new SignInThrottle({ now }),
      now,
    })
    for (const who of ['ann', 'bot', 'nobody', ''])
      await door.withPassword(who, 'wrong', at('a')).catch(() => undefined)
    expect(compared).toEqual(Array.from({ length: 4 }, () => 'argon2id$v=19$m=1024,t=1,p=1'))
  })

  test('of somebody who signs in very often leaves twenty sessions', async () => {
    await setUp()
    let last = ''
    for (let i = 0; i < 25; i++) last = (await signIn.withPassword('ann', secret, at('10.0.0.1'))).token
    expect(people.tokensOf('ann')).toHaveLength(20)
    expect(people.authenticate(last)?.id).toBe('ann')
  })
})

test('a hash of nobody is compared like any other, and no password is right', async () => {
  expect(await hasher.verify(hasher.nobody, 'nobody')).toBe(false)
  const { hash, verify } = await import('@node-rs/argon2')
  const made = await hash('x', { memoryCost: 1_024, timeCost: 1, parallelism: 1 })
  const shape = (text: string) => text.replace(/[^$]+\$[^$]+$/, '').concat(String(text.length))
  expect(shape(hasher.nobody)).toBe(shape(made))
  expect(await verify(made, 'x')).toBe(true)
})
