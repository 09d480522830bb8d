import { beforeEach, describe, expect, it } from 'vitest'
import { type TestApi, testApi } from '../../test/support/test-api.ts'

const until = new Date(Date.now() + 86_400_000).toISOString()

let api: TestApi
beforeEach(async () => {
  api = await testApi()
})

const away = (who: string, person: string, deputy: string) =>
  api.as(who, `/api/people/${person}/absence`, { method: 'POST', body: { until, deputy } })
const me = async (who: string) => Object(await (await api.as(who, '/api/me')).json())

describe('an absence', () => {
  it('is for oneself to say, or for an admin, and for nobody else', async () => {
    expect((await away('rick', 'rick', 'rosa')).status).toBe(200)
    expect((await away('rick', 'alice', 'rick')).status).toBe(403)
    expect((await away('root', 'alice', 'rosa')).status).toBe(200)
    expect((await api.as('rosa', '/api/people/rick/absence', { method: 'DELETE' })).status).toBe(403)
    expect((await api.as('rick', '/api/people/rick/absence', { method: 'DELETE' })).status).toBe(204)
    expect((await api.as('rick', '/api/people/rick/absence', { method: 'DELETE' })).status).toBe(409)
  })

  it('lends the groups on holds, and the vote says in whose place it was', async () => {
    const review = { approvals: 1, from: ['dba'] }
    const id = await api.hold({ requester: { id: 'shop:app', name: 'app' }, review })
    const vote = () => api.as('root', `/api/holds/${id}/votes`, { method: 'POST', body: { decision: 'approve' } })
    expect((await vote()).status).toBe(403)
    await away('rick', 'rick', 'root')
    expect((await me('root')).standsInFor).toMatchObject([{ person: 'rick', deputy: 'root', until }])
    expect((await me('rick')).absence).toMatchObject({ deputy: 'root' })
    const voted = Object(await (await vote()).json())
    expect(voted.votes).toMatchObject([{ by: 'root', groups: ['dba'], standsIn: ['rick'] }])
  })

  it('lends nothing on what the one who is away has asked for', async () => {
    const review = { approvals: 1, from: ['oncall'] }
    const id = await api.hold({ requester: { id: 'shop:alice', name: 'alice' }, review })
    await away('alice', 'alice', 'rosa')
    const voted = await api.as('rosa', `/api/holds/${id}/votes`, { method: 'POST', body: { decision: 'approve' } })
    expect(voted.status).toBe(403)
  })
})

describe('a reviewer of certain doors', () => {
  it('votes there and nowhere else', async () => {
    const rosa = { id: 'rosa', name: 'rosa', kind: 'human', groups: ['dba'], roles: ['reviewer'], doors: ['other'] }
    const put = await api.as('root', '/api/people', { method: 'POST', body: rosa })
    expect(Object(await put.json()).doors).toEqual(['other'])
    const id = await api.hold({ requester: { id: 'shop:app', name: 'app' }, review: { approvals: 1, from: ['dba'] } })
    const voted = await api.as('rosa', `/api/holds/${id}/votes`, {
      method: 'POST',
      body: { decision: 'reject', reason: 'no' },
    })
    expect(voted.status).toBe(403)
    expect(Object(await voted.json()).error.message).toContain('You review at other doors: other.')
  })
})

describe('a rule author', () => {
  it('changes rules, and does not vote', async () => {
    const body = { id: 'rae', name: 'Rae', kind: 'human', roles: ['rule-author'] }
    await api.as('root', '/api/people', { method: 'POST', body })
    const { token } = await api.people.issueToken('rae', { label: 'test', expiresAt: null, by: 'test' })
    const headers = { authorization: `Bearer ${token}` }
    const { access } = Object(await (await api.app.request('/api/me', { headers })).json())
    expect(access.commands).toEqual(['read', 'answer', 'rules.manage', 'passkeys.own'])
  })
})
