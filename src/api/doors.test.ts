import { beforeEach, describe, expect, test } from 'vitest'
import { type TestApi, testApi } from '../../test/support/test-api.ts'

let api: TestApi

beforeEach(async () => {
  api = await testApi()
})

const end = (who: string, door: string, session: string) =>
  api.as(who, `/api/doors/${door}/sessions/${session}`, { method: 'DELETE' })

describe('sessions at a door', () => {
  test('are listed for whoever may read', async () => {
    const response = await api.as('vera', '/api/doors/shop/sessions')
    expect(await response.json()).toMatchObject({ sessions: [{ id: 's1', actor: { name: 'app' }, waiting: false }] })
    expect((await api.as('vera', '/api/doors/none/sessions')).status).toBe(404)
  })

  test('are ended by admins alone, on the record first', async () => {
    for (const who of ['vera', 'rick']) expect((await end(who, 'shop', 's1')).status).toBe(403)
    expect(api.ended).toEqual([])
    expect((await end('root', 'shop', 's1')).status).toBe(204)
    expect(api.ended).toEqual(['s1 by root'])
    const entries = Object(await (await api.as('vera', '/api/ledger/entries?limit=1000')).json()).entries
    expect(entries.at(-1)).toMatchObject({
      kind: 'session.ended',
      body: { door: 'shop', session: 's1', actor: 'shop:app', by: 'root' },
    })
    expect((await end('root', 'shop', 's1')).status).toBe(404)
  })

  test('are not ended when that cannot be put on the record', async () => {
    api.ledger.fail()
    expect((await end('root', 'shop', 's1')).status).toBe(503)
    expect(api.ended).toEqual([])
  })
})

describe('verifying the ledger', () => {
  test('is done once for all who ask at the same time, and anew for who asks later', async () => {
    const verify = async () =>
      Object(await (await api.as('vera', '/api/ledger/verify', { method: 'POST', body: {} })).json())
    const [one] = await Promise.all([verify(), verify(), verify()])
    expect(one).toMatchObject({ ok: true, problems: [], milliseconds: expect.any(Number) })
    expect(api.verified.count).toBe(1)
    await verify()
    expect(api.verified.count).toBe(2)
  })
})
