import { beforeEach, describe, expect, test } from 'vitest'
import { type TestApi, testApi } from '../../test/support/test-api.ts'

/**
 * Who may do what: every route of the API description, for everybody. A route without a line here fails, and so does a
 * line without a route.
 */
const everybody = ['nobody', 'vera', 'audrey', 'rick', 'alice', 'bot', 'root'] as const
type Who = (typeof everybody)[number]

const readers: readonly Who[] = ['vera', 'audrey', 'rick', 'alice', 'bot', 'root']
const admins: readonly Who[] = ['alice', 'root']

/** Routes that have nothing to do with a certain hold: to whom they do not answer 403. */
const routes: Readonly<Record<string, readonly Who[] | 'open'>> = {
  'GET /api/health': 'open',
  'POST /api/sign-in': 'open',
  'POST /api/sign-in/link': 'open',
  'POST /api/sign-in/passkey': 'open',
  'POST /api/sign-in/passkey/challenge': 'open',
  'POST /api/sign-out': 'open',
  'GET /api/me': readers,
  'GET /api/doors': readers,
  'GET /api/rules': readers,
  'GET /api/rules/files': readers,
  'POST /api/rules/check': readers,
  'GET /api/rules/versions': readers,
  'GET /api/rules/versions/{version}': readers,
  'POST /api/rules/versions': admins,
  'POST /api/rules/rollback': admins,
  'GET /api/rules/canary': readers,
  'POST /api/rules/canary': admins,
  'DELETE /api/rules/canary': admins,
  'GET /api/rules/proposals': readers,
  'POST /api/rules/proposals/{proposal}/votes': ['rick', 'alice', 'bot', 'root'],
  'GET /api/events': readers,
  'GET /api/actions': readers,
  'GET /api/actions/counts': readers,
  'GET /api/actions/index': readers,
  'GET /api/actions/{id}': readers,
  'POST /api/actions/index/rebuild': admins,
  'GET /api/doors/{door}/sessions': readers,
  'DELETE /api/doors/{door}/sessions/{session}': admins,
  'POST /api/ledger/verify': readers,
  'GET /api/ledger/entries': readers,
  'GET /api/ledger/head': readers,
  'GET /api/ledger/key': readers,
  'GET /api/ledger/entries/{index}/proof': readers,
  'GET /api/holds': readers,
  'GET /api/locks': readers,
  'POST /api/locks': admins,
  'DELETE /api/locks/{id}': admins,
  'POST /api/ci/changes': 'open',
  'GET /api/ci/changes/{id}': 'open',
  'GET /api/changes': readers,
  'GET /api/changes/{id}': readers,
  'POST /api/changes/{id}/votes': ['rick', 'alice', 'bot', 'root'],
  'DELETE /api/changes/{id}': ['rick', 'alice', 'bot', 'root'],
  'GET /api/notify': readers,
  'POST /api/notify/{channel}/test': admins,
  'GET /api/passkeys': readers,
  'POST /api/passkeys': readers,
  'POST /api/passkeys/offer': readers,
  'POST /api/passkeys/{id}/tap': readers,
  // Of others: admins. Of one's own: passkeys.test.ts.
  'POST /api/passkeys/{id}/removal': admins,
  'GET /api/people': admins,
  'POST /api/people': admins,
  'DELETE /api/people/{id}': admins,
  'POST /api/people/{id}/tokens': admins,
  'POST /api/people/{id}/password-link': admins,
  // What is sent is looked at before whose absence it is: see absence.test.ts.
  'POST /api/people/{id}/absence': ['rick', 'alice', 'bot', 'root'],
  'DELETE /api/people/{id}/absence': admins,
  'DELETE /api/tokens/{id}': admins,
}

interface OnHold {
  readonly body?: object
  /** On a hold that alice asked for, who is on call, reviewer and admin, and answers for bot. */
  readonly ofAlice: readonly Who[]
  /** On a hold that bot asked for. */
  readonly ofBot: readonly Who[]
  /** On a hold that somebody unknown asked for. */
  readonly ofOther: readonly Who[]
}

const same = (who: readonly Who[]): Omit<OnHold, 'body'> => ({ ofAlice: who, ofBot: who, ofOther: who })

/** Routes on one hold, which asks for somebody from `dba` (rick, alice, bot). One line for each thing that can be said. */
const onHolds: Readonly<Record<string, OnHold>> = {
  'GET /api/holds/{id}': same(readers),
  'GET /api/holds/{id}/context': same(readers),
  'POST /api/holds/{id}/votes approve': {
    body: { decision: 'approve' },
    ofAlice: ['rick'],
    ofBot: ['rick'],
    ofOther: ['rick', 'alice'],
  },
  'POST /api/holds/{id}/votes reject': {
    body: { decision: 'reject', reason: 'no' },
    ofAlice: ['rick'],
    ofBot: ['rick'],
    ofOther: ['rick', 'alice'],
  },
  'POST /api/holds/{id}/votes confirm': { body: { decision: 'confirm' }, ...same([]) },
  // What is asked for decides nothing; nobody here has a passkey.
  'POST /api/holds/{id}/tap': { body: { decision: 'approve' }, ...same(['vera', 'rick', 'alice', 'bot', 'root']) },
  'POST /api/holds/{id}/withdrawal': { body: {}, ofAlice: ['alice'], ofBot: ['alice', 'bot'], ofOther: [] },
  'POST /api/holds/{id}/break-glass': { body: { reason: 'fire' }, ...same(['alice']) },
  // Nothing is forced here: whoever may try is told so.
  'POST /api/holds/{id}/follow-up': { body: { note: 'seen' }, ...same(['rick', 'alice', 'bot', 'root']) },
}

let api: TestApi

beforeEach(async () => {
  api = await testApi()
})

async function described(): Promise<string[]> {
  const document: unknown = await (await api.app.request('/openapi.json')).json()
  return Object.entries(Object(document).paths).flatMap(([path, operations]) =>
    Object.keys(Object(operations)).map((method) => `${method.toUpperCase()} ${path}`),
  )
}

test('every route of the API stands in this table, and nothing else does', async () => {
  const listed = [...Object.keys(routes), ...Object.keys(onHolds).map((line) => line.split(' ').slice(0, 2).join(' '))]
  expect([...new Set(listed)].sort()).toEqual((await described()).sort())
})

describe.each(Object.entries(routes))('%s', (route, allowed) => {
  test.each(everybody)('as %s', async (who) => {
    const [method = '', path = ''] = route.split(' ')
    const body = method === 'POST' ? {} : undefined
    const response = await api.as(who, path.replaceAll(/\{\w+\}/g, 'x'), { method, body })
    await response.body?.cancel()
    expect(response.status !== 403).toBe(allowed === 'open' || allowed.includes(who))
  })
})

describe.each(Object.entries(onHolds))('%s', (line, { body, ...allowed }) => {
  const holds = [
    ['of alice', { id: 'shop:alice', name: 'alice' }, allowed.ofAlice],
    ['of bot', { id: 'shop:bot', name: 'bot', owner: 'alice' }, allowed.ofBot],
    ['of somebody else', { id: 'shop:app', name: 'app' }, allowed.ofOther],
  ] as const

  test.each(everybody.flatMap((who) => holds.map((hold) => [who, ...hold] as const)))(
    'as %s, on a hold %s',
    async (who, _, requester, may) => {
      const [method = '', path = ''] = line.split(' ')
      const id = await api.hold({ requester, review: { approvals: 1, from: ['dba'] } })
      const before = api.holds.get(id)
      const response = await api.as(who, path.replace('{id}', id), { method, body })
      await response.body?.cancel()
      expect(response.status !== 403).toBe(may.includes(who))
      if (!may.includes(who)) expect(api.holds.get(id)).toEqual(before)
    },
  )
})

test('whoever is locked out may do nothing, and an open event stream ends', async () => {
  const stream = await api.as('rick', '/api/events')
  const reader = stream.body?.getReader()
  await api.deps.locks.put({ kind: 'person', name: 'rick' }, { message: 'Laptop stolen', until: null, by: 'root' })
  const response = await api.as('rick', '/api/me')
  expect([response.status, await response.text()]).toEqual([403, expect.stringContaining('Laptop stolen')])
  await api.hold()
  let done = false
  while (!done) done = (await reader?.read())?.done ?? true
  expect(done).toBe(true)
})
