import { beforeEach, describe, expect, test } from 'vitest'
import { Authenticator } from '../../test/support/authenticator.ts'
import { type TestApi, testApi } from '../../test/support/test-api.ts'
import type { HoldOpened } from '../ledger/index.ts'
import { checkTap, voteStatement } from '../people/index.ts'

let api: TestApi
let device: Authenticator

beforeEach(async () => {
  api = await testApi()
  device = new Authenticator('guard.example')
})

const review = (severity?: string): HoldOpened['review'] => ({
  approvals: 1,
  from: ['dba'],
  ...(severity === undefined ? {} : { severity }),
})
const severe = () => api.hold({ review: review('high') })

async function ask(token: string | undefined, path: string, body: object = {}, method = 'POST') {
  const response = await api.app.request(path, {
    method,
    headers: {
      'content-type': 'application/json',
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
    },
    ...(method === 'GET' ? {} : { body: JSON.stringify(body) }),
  })
  const text = await response.text()
  return { status: response.status, body: text === '' ? {} : Object(JSON.parse(text)) }
}

/** A session of somebody who has just set their password. */
async function session(who: string): Promise<string> {
  const made = Object(
    await (await api.as('root', `/api/people/${who}/password-link`, { method: 'POST', body: {} })).json(),
  )
  const link = new URLSearchParams(new URL(made.link).hash.slice(1)).get('link')
  const { body } = await ask(undefined, '/api/sign-in/link', { link, password: 'correct horse battery', as: 'token' })
  return body.token
}

async function withPasskey(who: string, authenticator = device): Promise<string> {
  const token = await session(who)
  const { body: offer } = await ask(token, '/api/passkeys/offer')
  expect(offer.tap).toBeNull()
  const added = await ask(token, '/api/passkeys', { label: 'laptop', created: authenticator.create(offer.create) })
  expect(added.status).toBe(201)
  return token
}

describe('a hold by a severe rule', () => {
  test('is approved by whoever has a passkey with a tap of it only, and the record proves it', async () => {
    const rick = await withPasskey('rick')
    const id = await severe()
    const before = await ask(rick, `/api/holds/${id}`, {}, 'GET')
    expect(before.body).toMatchObject({ mayVote: { allowed: true }, tap: { approve: 'asked' } })
    const bare = await ask(rick, `/api/holds/${id}/votes`, { decision: 'approve', reason: 'fine' })
    expect([bare.status, bare.body.error.message]).toEqual([403, 'This asks for a tap of your passkey.'])

    const { body: request } = await ask(rick, `/api/holds/${id}/tap`, { decision: 'approve', reason: 'fine ' })
    const vote = { decision: 'approve', reason: 'fine', tap: device.get(request) }
    const voted = await ask(rick, `/api/holds/${id}/votes`, vote)
    expect(voted.body).toMatchObject({ state: 'approved', votes: [{ by: 'rick', passkey: device.id }] })

    const record = api.ledger.durableEntries
    const opened = record.find((entry) => entry.kind === 'hold.opened')?.body
    const cast = record.find((entry) => entry.kind === 'hold.voted')?.body
    const key = record.find((entry) => entry.kind === 'passkey.added')?.body
    if (opened === undefined || cast?.tap === undefined || key === undefined) throw new Error('not on the record')
    const statement = voteStatement(opened, { by: cast.by, decision: 'approve', reason: cast.reason })
    await checkTap(
      cast.tap,
      statement,
      { id: key.passkey, publicKey: key.publicKey },
      { id: key.site, origins: ['https://guard.example'] },
    )
  })

  test('is not approved with the tap for another hold, another reason, or of somebody else', async () => {
    const rick = await withPasskey('rick')
    const rosas = new Authenticator('guard.example')
    const rosa = await withPasskey('rosa', rosas)
    const [id, other] = [await severe(), await api.hold({ review: review('high'), digest: 'e'.repeat(64) })]
    const asked = async (token: string, hold: string) =>
      (await ask(token, `/api/holds/${hold}/tap`, { decision: 'approve', reason: 'fine' })).body
    const vote = (tap: object, reason = 'fine') =>
      ask(rick, `/api/holds/${id}/votes`, { decision: 'approve', reason, tap })
    await asked(rick, id)
    expect((await vote(device.get(await asked(rick, other)))).status).toBe(403)
    expect((await vote(device.get(await asked(rick, id)), 'else')).status).toBe(403)
    await asked(rick, id)
    expect((await vote(rosas.get(await asked(rosa, id)))).status).toBe(403)
    await asked(rick, id)
    expect((await vote(rosas.get(await asked(rick, id)))).status).toBe(403)
    expect(api.holds.get(id)?.votes).toEqual([])
  })

  test('is rejected without, and approved without by whoever has none', async () => {
    const rick = await withPasskey('rick')
    expect((await ask(rick, `/api/holds/${await severe()}/votes`, { decision: 'reject', reason: 'no' })).status).toBe(
      200,
    )
    expect(
      (await ask(api.tokens.get('rosa')?.token, `/api/holds/${await severe()}/votes`, { decision: 'approve' })).status,
    ).toBe(200)
  })

  test('is not released where the passkey was taken away in the meantime', async () => {
    const rick = await withPasskey('rick')
    const id = await severe()
    const { body: request } = await ask(rick, `/api/holds/${id}/tap`, { decision: 'approve' })
    await ask(rick, `/api/holds/${id}/votes`, { decision: 'approve', tap: device.get(request) })
    expect(api.holds.isUsable(id)).toBe(true)
    const removed = await api.as('root', `/api/passkeys/${device.id}/removal`, { method: 'POST', body: {} })
    expect(removed.status).toBe(204)
    expect(api.holds.isUsable(id)).toBe(false)
    expect((await ask(rick, '/api/me', {}, 'GET')).status).toBe(401)
  })
})

test('a hold by a rule that is not severe takes no tap; one by none, a confirmation and an emergency do', async () => {
  const alice = await withPasskey('alice')
  const asks = async (change: Partial<HoldOpened>) =>
    (await ask(alice, `/api/holds/${await api.hold(change)}`, {}, 'GET')).body.tap
  expect(await asks({ review: review('medium') })).toEqual({ approve: 'no', confirm: 'asked', force: 'asked' })
  expect(await asks({ review: review() })).toMatchObject({ approve: 'asked' })
  const own = { id: 'shop:alice', name: 'alice' }
  const id = await api.hold({ requester: own, review: { ...review('low'), confirm: true } })
  expect((await ask(alice, `/api/holds/${id}/votes`, { decision: 'confirm' })).status).toBe(403)
  const { body: request } = await ask(alice, `/api/holds/${id}/tap`, { decision: 'confirm' })
  const confirmed = await ask(alice, `/api/holds/${id}/votes`, { decision: 'confirm', tap: device.get(request) })
  expect(confirmed.body.state).toBe('approved')

  const urgent = await severe()
  expect((await ask(alice, `/api/holds/${urgent}/break-glass`, { reason: 'fire' })).status).toBe(403)
  const { body: force } = await ask(alice, `/api/holds/${urgent}/tap`, { decision: 'force', reason: 'fire' })
  const forced = await ask(alice, `/api/holds/${urgent}/break-glass`, { reason: 'fire', tap: device.get(force) })
  expect(forced.body.forced.by).toBe('alice')
})

describe('a passkey', () => {
  test('is not added with an issued token, nor to another beside it without a tap', async () => {
    const issued = api.tokens.get('rick')?.token
    const { body: offer } = await ask(issued, '/api/passkeys/offer')
    const body = { label: 'x', created: device.create(offer.create) }
    expect((await ask(issued, '/api/passkeys', body)).status).toBe(403)

    const rick = await withPasskey('rick')
    const second = new Authenticator('guard.example')
    const { body: again } = await ask(rick, '/api/passkeys/offer')
    const without = await ask(rick, '/api/passkeys', { label: 'y', created: second.create(again.create) })
    expect(without.status).toBe(403)
    const { body: third } = await ask(rick, '/api/passkeys/offer')
    const tap = device.get(third.tap)
    const added = await ask(rick, '/api/passkeys', { label: 'y', created: second.create(third.create), tap })
    expect(added.status).toBe(201)
    expect((await ask(rick, '/api/passkeys', {}, 'GET')).body.passkeys).toMatchObject([
      { label: 'laptop' },
      { label: 'y' },
    ])
  })

  test('is taken away by its owner with a tap, by nobody else but an admin', async () => {
    const rick = await withPasskey('rick')
    const path = `/api/passkeys/${device.id}`
    expect((await ask(rick, `${path}/removal`)).status).toBe(403)
    expect((await ask(api.tokens.get('rosa')?.token, `${path}/removal`)).status).toBe(403)
    const { body: request } = await ask(rick, `${path}/tap`)
    expect((await ask(rick, `${path}/removal`, { tap: device.get(request) })).status).toBe(204)
    expect((await ask(rick, '/api/passkeys', {}, 'GET')).body.passkeys).toEqual([])
  })

  test('signs its owner in, on the record as what it is; a wrong one is on the record as a failure', async () => {
    await withPasskey('rick')
    const challenge = async () => (await ask(undefined, '/api/sign-in/passkey/challenge')).body
    const answer = await ask(undefined, '/api/sign-in/passkey', { tap: device.get(await challenge()), as: 'token' })
    expect(answer.body).toMatchObject({ person: 'rick' })
    expect((await ask(answer.body.token, '/api/me', {}, 'GET')).body.access.session).toBe(true)
    expect(api.ledger.durableEntries.at(-1)?.body).toMatchObject({ session: { method: 'passkey' } })
    const stranger = new Authenticator('guard.example').get(await challenge())
    expect((await ask(undefined, '/api/sign-in/passkey', { tap: stranger })).status).toBe(403)
    expect(api.ledger.durableEntries.at(-1)?.body).toMatchObject({ person: null, reason: 'passkey' })
  })
})
