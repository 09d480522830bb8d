import { beforeEach, describe, expect, test } from 'vitest'
import { Authenticator } from '../../../test/support/authenticator.ts'
import { MemoryLedger } from '../../../test/support/memory-ledger.ts'
import type { HoldOpened } from '../../ledger/index.ts'
import { checkTap, Passkeys, passkeySite, verifyApprovals, voteStatement } from './index.ts'

const site = passkeySite('https://guard.example') ?? { id: '', origins: [] }
const ann = { id: 'ann', name: 'Ann' }
let time = 0
let ledger: MemoryLedger
let passkeys: Passkeys
let device: Authenticator

const now = () => time
const person = (id: string) => ({ id, name: id, kind: 'human' as const, groups: [], roles: [], actors: [], by: 'root' })
const added = async (who = ann, authenticator = device) =>
  passkeys.add(who.id, 'laptop', authenticator.create(await passkeys.offer(who)), undefined)
const vote = (change = {}) =>
  voteStatement(
    { hold: 'h1', digest: 'd'.repeat(64), nonce: 'n' },
    { by: 'ann', decision: 'approve', reason: 'fine', ...change },
  )
const refused = { code: 'forbidden' }

beforeEach(async () => {
  time = Date.parse('2030-01-01T00:00:00Z')
  ledger = new MemoryLedger({ now })
  for (const id of ['ann', 'ben']) await ledger.append('person.put', person(id)).durable
  passkeys = await Passkeys.open({ ledger, site, now })
  device = new Authenticator('guard.example')
})

describe('a passkey', () => {
  test('is added as its authenticator made it, and known again after a restart', async () => {
    const { id } = await added()
    expect(id).toBe(device.id)
    const again = await Passkeys.open({ ledger, site, now })
    expect(again.of('ann')).toEqual(passkeys.of('ann'))
    expect(again.of('ann')).toMatchObject([{ id: device.id, person: 'ann', label: 'laptop', transports: ['internal'] }])
    expect(again.of('ben')).toEqual([])
  })

  test.each([
    ['of another site', () => new Authenticator('evil.example', 'https://guard.example')],
    ['made on another page', () => new Authenticator('guard.example', 'https://evil.example')],
  ])('%s is not added', async (_, other) => {
    await expect(added(ann, other())).rejects.toMatchObject(refused)
    expect(passkeys.of('ann')).toEqual([])
  })

  test('is not added by an offer that was used, has run out, or was never made', async () => {
    const offer = await passkeys.offer(ann)
    await passkeys.add('ann', 'one', device.create(offer), undefined)
    const second = () => new Authenticator('guard.example').create(offer)
    await expect(passkeys.add('ben', 'two', second(), undefined)).rejects.toMatchObject(refused)
    const late = await passkeys.offer({ id: 'ben', name: 'Ben' })
    time += 5 * 60_000 + 1
    const made = new Authenticator('guard.example').create(late)
    await expect(passkeys.add('ben', 'two', made, undefined)).rejects.toMatchObject(refused)
    const challenge = Buffer.alloc(40, 7).toString('base64url')
    const own = new Authenticator('guard.example').create({ challenge })
    await expect(passkeys.add('ben', 'two', own, undefined)).rejects.toMatchObject(refused)
  })

  test('is only one person’s', async () => {
    await added()
    await expect(added({ id: 'ben', name: 'Ben' })).rejects.toMatchObject({ code: 'conflict' })
  })

  test('takes a tap of the first before a second comes beside it, and before its owner takes it away', async () => {
    await added()
    const other = new Authenticator('guard.example')
    await expect(added(ann, other)).rejects.toMatchObject(refused)
    const add = { what: 'passkey.add', by: 'ann', passkey: 'new' } as const
    const tap = device.get(await passkeys.ask(add))
    await passkeys.add('ann', 'phone', other.create(await passkeys.offer(ann)), tap)
    expect(passkeys.of('ann').map(({ label }) => label)).toEqual(['laptop', 'phone'])

    await expect(passkeys.remove(device.id, 'ann', undefined)).rejects.toMatchObject(refused)
    const removal = { what: 'passkey.remove', by: 'ann', passkey: device.id } as const
    await passkeys.remove(device.id, 'ann', other.get(await passkeys.ask(removal)))
    expect(passkeys.of('ann').map(({ label }) => label)).toEqual(['phone'])
  })

  test('goes with its owner, with a new password by link, and where an admin takes it away', async () => {
    await added()
    await passkeys.remove(device.id, 'root', undefined)
    expect(passkeys.of('ann')).toEqual([])
    await added(ann, new Authenticator('guard.example'))
    await ledger.append('password.set', { person: 'ann', digest: 'd', link: 'l' }).durable
    expect(passkeys.of('ann')).toEqual([])
    await added(ann, new Authenticator('guard.example'))
    await ledger.append('person.removed', { id: 'ann', by: 'root' }).durable
    await ledger.append('person.put', person('ann')).durable
    expect(passkeys.of('ann')).toEqual([])
  })
})

describe('a tap', () => {
  test('proves a vote to whoever has the record, and nothing but this vote', async () => {
    const { publicKey, id } = await added()
    const tap = await passkeys.tapped(vote(), device.get(await passkeys.ask(vote())))
    const key = { id, publicKey }
    await expect(checkTap(tap, vote(), key, site)).resolves.toMatchObject({ origin: 'https://guard.example' })
    for (const other of [{ by: 'ben' }, { decision: 'force' }, { reason: 'Fine' }]) {
      await expect(checkTap(tap, vote(other), key, site)).rejects.toThrow()
    }
    const elsewhere = { hold: 'h1', digest: 'e'.repeat(64), nonce: 'n' }
    const moved = voteStatement(elsewhere, { by: 'ann', decision: 'approve', reason: 'fine' })
    await expect(checkTap(tap, moved, key, site)).rejects.toThrow()
    await expect(checkTap({ ...tap, random: '00' }, vote(), key, site)).rejects.toThrow()
    const flipped = Buffer.from(tap.signature, 'base64url')
    flipped.writeUInt8(flipped.readUInt8(flipped.length - 1) ^ 1, flipped.length - 1)
    const forged = { ...tap, signature: flipped.toString('base64url') }
    await expect(checkTap(forged, vote(), key, site)).rejects.toThrow()
  })

  test('counts once, within five minutes, for what it was asked for, and of nobody else', async () => {
    await added()
    await added({ id: 'ben', name: 'Ben' }, new Authenticator('guard.example'))
    const answer = device.get(await passkeys.ask(vote()))
    await passkeys.tapped(vote(), answer)
    await expect(passkeys.tapped(vote(), answer)).rejects.toMatchObject(refused)

    const late = device.get(await passkeys.ask(vote()))
    time += 5 * 60_000 + 1
    await expect(passkeys.tapped(vote(), late)).rejects.toMatchObject(refused)

    const forThis = device.get(await passkeys.ask(vote()))
    await passkeys.ask(vote({ reason: 'other' }))
    await expect(passkeys.tapped(vote({ reason: 'other' }), forThis)).rejects.toMatchObject(refused)

    await passkeys.ask(vote({ by: 'ben' }))
    await expect(passkeys.tapped(vote({ by: 'ben' }), device.get({ challenge: 'x' }))).rejects.toMatchObject(refused)
    await expect(passkeys.tapped(vote(), undefined)).rejects.toMatchObject(refused)
  })

  test('of a copy, whose counter goes back, is refused', async () => {
    await added()
    device.counter = 10
    await passkeys.tapped(vote(), device.get(await passkeys.ask(vote())))
    device.counter = 4
    await expect(passkeys.tapped(vote(), device.get(await passkeys.ask(vote())))).rejects.toMatchObject(refused)
  })
})

describe('signing in', () => {
  test('takes a passkey that has made sure who holds it, once for each offer', async () => {
    await added()
    const answer = device.get(await passkeys.offerSignIn())
    expect(await passkeys.signedIn(answer)).toMatchObject({ person: 'ann' })
    await expect(passkeys.signedIn(answer)).rejects.toMatchObject(refused)
    const unsure = device.get(await passkeys.offerSignIn(), { verified: false })
    await expect(passkeys.signedIn(unsure)).rejects.toMatchObject(refused)
    const stranger = new Authenticator('guard.example').get(await passkeys.offerSignIn())
    await expect(passkeys.signedIn(stranger)).rejects.toMatchObject(refused)
  })

  test('with the tap for a vote is not possible, nor the other way round', async () => {
    await added()
    await expect(passkeys.signedIn(device.get(await passkeys.ask(vote())))).rejects.toMatchObject(refused)
    await passkeys.ask(vote())
    const answer = device.get(await passkeys.offerSignIn())
    await expect(passkeys.tapped(vote(), answer)).rejects.toMatchObject(refused)
  })
})

describe('the site', () => {
  test.each([
    ['https://guard.example', undefined, { id: 'guard.example', origins: ['https://guard.example'] }],
    ['https://guard.example:8443/', 'example', { id: 'example', origins: ['https://guard.example:8443'] }],
    ['http://127.0.0.1:7070', undefined, { id: 'localhost', origins: ['http://localhost:7070'] }],
    ['http://[::1]:7070', undefined, { id: 'localhost', origins: ['http://localhost:7070'] }],
    ['http://guard.example', undefined, undefined],
    ['https://10.0.0.1', undefined, undefined],
    ['https://guard.example', 'other.example', undefined],
    ['https://notexample.com', 'example.com', undefined],
  ])('of %s, for %s', (url, name, expected) => {
    expect(passkeySite(url, name)).toEqual(expected)
  })

  test('that browsers have no passkeys for is told in words', async () => {
    const none = await Passkeys.open({ ledger, site: undefined, now })
    await expect(none.offer(ann)).rejects.toMatchObject({ code: 'unsupported' })
    await expect(none.offerSignIn()).rejects.toMatchObject({ code: 'unsupported' })
  })
})

describe('the approvals of a hold', () => {
  const opened: HoldOpened = {
    hold: 'h1',
    nonce: 'n',
    requester: { id: 'app', name: 'app' },
    door: 'shop',
    target: { system: 'db', environment: 'production' },
    digest: 'd'.repeat(64),
    ruleSet: 'r',
    rule: { id: 'r', about: 'About', message: 'Too much' },
    review: { approvals: 1, from: [] },
    expiresAt: '2030-01-02T00:00:00Z',
    actions: [],
  }
  const said = { hold: 'h1', by: 'ann', decision: 'approve' as const, reason: 'fine' }

  async function signed() {
    await added()
    await ledger.append('hold.opened', opened).durable
    return { ...said, tap: await passkeys.tapped(vote(), device.get(await passkeys.ask(vote()))) }
  }
  const proofs = async () => (await verifyApprovals(ledger.entries(), 'h1'))?.approvals.map(({ proof }) => proof)

  test('are found signed, unsigned or wrong by the record alone', async () => {
    const cast = await signed()
    for (const body of [cast, said, { ...cast, reason: 'Fine' }, { ...cast, by: 'ben' }]) {
      await ledger.append('hold.voted', body).durable
    }
    expect(await proofs()).toEqual(['signed', 'unsigned', 'wrong', 'wrong'])
    expect(await verifyApprovals(ledger.entries(), 'h2')).toBeUndefined()
  })

  test('are wrong with a passkey that did not stand then', async () => {
    const cast = await signed()
    await passkeys.remove(device.id, 'root', undefined)
    await ledger.append('hold.voted', cast).durable
    expect(await proofs()).toEqual(['wrong'])
  })
})
