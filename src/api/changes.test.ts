import { beforeEach, expect, test } from 'vitest'
import { type TestApi, testApi } from '../../test/support/test-api.ts'

let api: TestApi
let change: string
let secret: string

beforeEach(async () => {
  api = await testApi()
  const opened = await api.deps.changes.ask({
    title: 'Add a column',
    door: 'shop',
    database: 'shop',
    identity: {
      issuer: 'https://issuer.test',
      name: 'ci',
      subject: 's',
      repository: 'acme/shop',
      ref: 'refs/heads/main',
      sha: 'abc',
      run: '7',
      // Behind which is somebody who reviews.
      actor: 'shop:alice',
    },
    statements: [
      { sql: 'ALTER TABLE a ADD b int', digest: 'd'.repeat(64), operation: 'ALTER TABLE', effects: ['deploy'] },
    ],
    lasts: 60_000,
  })
  change = opened.change
  secret = opened.secret
})

const vote = (who: string, decision: 'approve' | 'reject', id = change) =>
  api.as(who, `/api/changes/${id}/votes`, { method: 'POST', body: { decision, reason: 'read it' } })

test('whoever reads sees a change whole, but neither its secret nor the digest of that', async () => {
  const response = await api.as('audrey', `/api/changes/${change}`)
  const text = await response.text()
  expect(JSON.parse(text)).toMatchObject({
    change,
    state: 'pending',
    statements: [{ sql: 'ALTER TABLE a ADD b int', action: null }],
    identity: { repository: 'acme/shop', run: '7' },
  })
  expect(text).not.toContain('"secret"')
  expect((await api.as('audrey', '/api/changes/chg_0')).status).toBe(404)
})

test('a reviewer of the group approves, and is named; a job that waits is told at once', async () => {
  const waiting = api.app.request(`/api/ci/changes/${change}?wait=30`, {
    headers: { authorization: `Bearer ${secret}` },
  })
  expect((await vote('rick', 'approve')).status).toBe(200)
  expect(await (await waiting).json()).toEqual({
    change,
    state: 'approved',
    used: 0,
    statements: 1,
    expiresAt: expect.any(String),
    reason: null,
  })
  expect(await (await api.as('vera', `/api/changes/${change}`)).json()).toMatchObject({
    approvals: [{ by: 'rick', reason: 'read it', groups: ['dba'] }],
  })
  expect((await vote('rick', 'approve')).status).toBe(403)
})

test.each([
  ['alice', 'who set the run off'],
  ['bot', 'an agent'],
  ['root', 'of no group that is asked'],
  ['vera', 'without the role'],
])('%s (%s) does not approve', async (who) => {
  expect((await vote(who, 'approve')).status).toBe(403)
  expect(api.deps.changes.get(change)?.state).toBe('pending')
})

test('what is over is listed on demand', async () => {
  const listed = async (state: string) => {
    const answer: unknown = await (await api.as('vera', `/api/changes?state=${state}`)).json()
    return Object(answer).changes.length
  }
  expect([await listed('open'), await listed('over'), await listed('all')]).toEqual([1, 0, 1])
  const closed = await api.as('rick', `/api/changes/${change}?reason=wrong%20file`, { method: 'DELETE' })
  expect(await closed.json()).toMatchObject({ state: 'closed', over: { by: 'rick', reason: 'wrong file' } })
  expect([await listed('open'), await listed('over'), await listed('all')]).toEqual([0, 1, 1])
  expect((await api.as('rick', `/api/changes/${change}`, { method: 'DELETE' })).status).toBe(409)
  expect((await vote('rick', 'approve')).status).toBe(403)
})

test('a person opens no change, and no token of a workload does anything else', async () => {
  const body = { title: 't', door: 'shop', database: 'shop', sql: ['SELECT 1'] }
  expect((await api.as('root', '/api/ci/changes', { method: 'POST', body })).status).toBe(401)
  const headers = { authorization: `Bearer ${secret}` }
  expect((await api.app.request('/api/changes', { headers })).status).toBe(401)
  expect((await api.app.request('/api/ci/people', { headers })).status).toBe(401)
})
