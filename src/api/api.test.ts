import { beforeEach, describe, expect, test } from 'vitest'
import { type TestApi, testApi } from '../../test/support/test-api.ts'
import { completeAction } from '../action/index.ts'
import type { HoldView } from './index.ts'

let api: TestApi

beforeEach(async () => {
  api = await testApi()
})

const error = (code: string) => ({ error: expect.objectContaining({ code, message: expect.any(String) }) })

describe('every route', () => {
  const signingIn = ['/api/sign-in', '/api/sign-in/link', '/api/sign-in/passkey', '/api/sign-in/passkey/challenge']
  const open = ['/api/health', '/openapi.json', ...signingIn, '/api/sign-out']

  /** The routes themselves: what is registered for a method, without the middleware in front. */
  const routes = async () => {
    const document = await (await api.app.request('/openapi.json')).json()
    const described = Object.entries(Object(document).paths).flatMap(([path, operations]) =>
      Object.keys(Object(operations)).map((method) => ({
        method: method.toUpperCase(),
        path: path.replaceAll(/\{\w+\}/g, 'x'),
      })),
    )
    return described
  }

  test('is in the API description', async () => {
    const described = (await routes()).map(({ method, path }) => `${method} ${path}`)
    const registered = api.app.routes
      .filter(({ method, path }) => method !== 'ALL' && path !== '/openapi.json')
      .map(({ method, path }) => `${method} ${path.replaceAll(/:\w+/g, 'x')}`)
    expect([...new Set(registered)].sort()).toEqual(described.sort())
    expect(described.length).toBeGreaterThan(15)
  })

  test('answers 401 without a token, with a wrong one, and with the digest of one', async () => {
    for (const { method, path } of await routes()) {
      if (open.includes(path)) continue
      for (const headers of [{}, { authorization: `Bearer sp_${'A'.repeat(43)}` }, { authorization: 'Basic YTpi' }]) {
        const response = await api.app.request(path, { method, headers })
        expect([method, path, response.status]).toEqual([method, path, 401])
        expect(response.headers.get('www-authenticate')).toBe('Bearer')
        expect(await response.json()).toEqual(error('unauthenticated'))
      }
    }
  })

  test('under /api that does not exist is closed to strangers and unknown to others', async () => {
    expect((await api.app.request('/api/secret')).status).toBe(401)
    const response = await api.as('vera', '/api/secret')
    expect(response.status).toBe(404)
    expect(await response.json()).toEqual(error('not_found'))
  })

  test('is answered with the security headers, and no other site may read it', async () => {
    const response = await api.as('vera', '/api/me', { headers: { origin: 'https://evil.example' } })
    expect(response.headers.get('content-security-policy')).toContain("default-src 'none'; script-src 'self'")
    expect(response.headers.get('x-content-type-options')).toBe('nosniff')
    expect(response.headers.get('referrer-policy')).toBe('no-referrer')
    expect(response.headers.get('cache-control')).toBe('no-store')
    expect(response.headers.get('access-control-allow-origin')).toBeNull()
  })
})

describe('the Host header', () => {
  test.each([
    'localhost',
    'localhost:7070',
    '127.0.0.1:7070',
    '127.8.8.8',
    '[::1]:7070',
    'guard.example',
    'GUARD.example:443',
  ])('%s is answered', async (host) => {
    expect((await api.app.request('/api/health', { headers: { host } })).status).toBe(200)
  })

  test.each([
    'evil.example',
    'localhost.evil.example',
    '127.0.0.1.evil.example',
    'evil@localhost',
    '10.0.0.1',
    '[::2]',
    '',
  ])('"%s" is refused', async (host) => {
    const response = await api.app.request('/api/health', { headers: { host } })
    expect(response.status).toBe(403)
  })
})

describe('server', () => {
  test('health needs no token and says when the record cannot be written', async () => {
    const fine = await api.app.request('/api/health')
    expect([fine.status, await fine.json()]).toEqual([
      200,
      { status: 'ok', version: '1.2.3', ledger: { state: 'open' } },
    ])
    api.ledger.fail()
    const failed = await api.app.request('/api/health')
    expect([failed.status, Object(await failed.json()).status]).toEqual([503, 'degraded'])
  })

  test('me says who and where', async () => {
    expect(await (await api.as('rick', '/api/me')).json()).toEqual({
      person: { id: 'rick', name: 'rick', kind: 'human', groups: ['dba'], roles: ['reviewer'] },
      absence: null,
      standsInFor: [],
      access: { session: false, scope: null, expiresAt: null, commands: ['read', 'answer', 'vote', 'passkeys.own'] },
      server: { version: '1.2.3', rules: 'abc123', ledger: { state: 'open', size: api.ledger.head.size } },
    })
  })

  test('doors and rules are shown as they are', async () => {
    expect(await (await api.as('vera', '/api/doors')).json()).toEqual({
      doors: [expect.objectContaining({ name: 'shop' })],
    })
    expect(await (await api.as('vera', '/api/rules')).json()).toEqual({
      version: 'abc123',
      files: [{ file: 'a.yaml', digest: 'd'.repeat(64) }],
      rules: [{ id: 'r', about: 'About', references: [], outcome: 'hold', mode: 'enforce', file: 'a.yaml', line: 3 }],
      problems: null,
    })
  })

  test('the API description is OpenAPI 3.1 with bearer authentication', async () => {
    const document = Object(await (await api.app.request('/openapi.json')).json())
    expect(document.openapi).toBe('3.1.0')
    expect(document.components.securitySchemes.bearer).toMatchObject({ type: 'http', scheme: 'bearer' })
    expect(document.paths['/api/holds/{id}/votes'].post.requestBody.content['application/json'].schema).toEqual({
      $ref: '#/components/schemas/Vote',
    })
    expect(document.paths['/api/health'].get.security).toEqual([])
    expect(Object.keys(document.components.schemas)).toEqual(
      expect.arrayContaining(['Hold', 'Action', 'Error', 'Rules']),
    )
  })
})

describe('holds', () => {
  const view = async (who: string, id: string): Promise<HoldView> =>
    JSON.parse(await (await api.as(who, `/api/holds/${id}`)).text())
  const vote = (who: string, id: string, body: unknown) =>
    api.as(who, `/api/holds/${id}/votes`, { method: 'POST', body })

  test('a hold is shown with link, what is missing and whether the caller may vote; not its nonce', async () => {
    const id = await api.hold({ review: { approvals: 2, from: ['dba'] } })
    api.waiting.set(id, 1)
    const shown = await view('rick', id)
    expect(shown).toMatchObject({
      hold: id,
      state: 'pending',
      link: `https://guard.example/holds/${id}`,
      waiting: true,
      missing: { approvals: 2, from: ['dba'] },
      mayVote: { allowed: true, reason: null },
    })
    expect(shown).not.toHaveProperty('nonce')
  })

  test('nobody may vote on their own action, not as owner of the agent either, and viewers not at all', async () => {
    const id = await api.hold({ requester: { id: 'shop:alice', name: 'alice' } })
    const agents = await api.hold({ requester: { id: 'shop:bot', name: 'bot' } })
    for (const [who, hold] of [
      ['alice', id],
      ['alice', agents],
      ['vera', id],
    ] as const) {
      expect((await view(who, hold)).mayVote).toEqual({ allowed: false, reason: expect.stringMatching(/\.$/) })
      const response = await vote(who, hold, { decision: 'approve' })
      expect([response.status, await response.json()]).toEqual([403, error('forbidden')])
    }
    expect(api.holds.get(id)?.votes).toEqual([])
  })

  test('an approval is on the record when it is answered, and the hold is approved', async () => {
    const id = await api.hold()
    const response = await vote('rick', id, { decision: 'approve', reason: ' looks right ' })
    expect(response.status).toBe(200)
    expect(await response.json()).toMatchObject({
      state: 'approved',
      votes: [{ by: 'rick', decision: 'approve', reason: 'looks right' }],
      missing: { approvals: 0, from: [] },
      mayVote: { allowed: false },
    })
    expect(api.ledger.kinds().at(-1)).toBe('hold.voted')
  })

  test('who comes too late is told so', async () => {
    const id = await api.hold()
    await vote('rick', id, { decision: 'reject', reason: 'no' })
    const response = await vote('rosa', id, { decision: 'approve' })
    expect([response.status, await response.json()]).toEqual([409, error('conflict')])
  })

  test.each([
    ['a rejection without a reason', { decision: 'reject', reason: '  ' }],
    ['no such decision', { decision: 'maybe' }],
    ['an endless reason', { decision: 'approve', reason: 'x'.repeat(2_001) }],
    ['a field nobody knows', { decision: 'approve', force: true }],
    ['no object', null],
  ])('%s is refused and not recorded', async (_, body) => {
    const id = await api.hold()
    const size = api.ledger.head.size
    const response = await vote('rick', id, body)
    expect([response.status, await response.json()]).toEqual([400, error('invalid_request')])
    expect(api.ledger.head.size).toBe(size)
  })

  test('a body that is no JSON, not declared as JSON, or too large is refused', async () => {
    const id = await api.hold()
    const post = (body: string, type = 'application/json') =>
      api.as('rick', `/api/holds/${id}/votes`, { method: 'POST', raw: body, headers: { 'content-type': type } })
    expect((await post('{')).status).toBe(400)
    expect((await post('{"decision":"approve"}', 'text/plain')).status).toBe(415)
    expect((await post(JSON.stringify({ decision: 'approve', reason: 'x'.repeat(70_000) }))).status).toBe(413)
    expect(api.holds.get(id)?.state).toBe('pending')
  })

  test('an unknown hold is not found', async () => {
    expect((await api.as('rick', '/api/holds/NONE')).status).toBe(404)
    expect((await vote('rick', 'NONE', { decision: 'approve' })).status).toBe(404)
  })

  test('a vote that cannot be recorded is no vote', async () => {
    const id = await api.hold()
    api.ledger.fail()
    const response = await vote('rick', id, { decision: 'approve' })
    expect([response.status, await response.json()]).toEqual([503, error('ledger_unavailable')])
    expect(api.holds.get(id)?.state).toBe('pending')
  })

  test('lists are newest first; pending means not over', async () => {
    const one = await api.hold()
    const two = await api.hold()
    const three = await api.hold()
    await vote('rick', one, { decision: 'reject', reason: 'no' })
    await vote('rick', two, { decision: 'approve' })
    const list = async (query: string) => {
      const { holds }: { holds: HoldView[] } = JSON.parse(await (await api.as('vera', `/api/holds${query}`)).text())
      return holds.map(({ hold }) => hold)
    }
    expect(await list('')).toEqual([three, two])
    expect(await list('?state=closed')).toEqual([one])
    expect(await list('?state=all&limit=2')).toHaveLength(2)
    expect((await api.as('vera', '/api/holds?state=odd')).status).toBe(400)
  })

  test('of closed holds the newest 50 are shown', async () => {
    for (let i = 0; i < 52; i++) await api.holds.end(await api.hold(), 'withdrawn', 'x', 'test')
    const { holds } = Object(await (await api.as('vera', '/api/holds?state=closed')).json())
    expect(holds).toHaveLength(50)
    expect(holds[0].hold).toBe(api.holds.list('closed')[0]?.hold)
  })
})

describe('the record', () => {
  test('actions come page by page, newest first, with what became of them', async () => {
    for (const id of ['a', 'b', 'c']) {
      api.ledger.append('action.requested', { action: completeAction({ id }), judged: null })
    }
    await api.ledger.append('action.settled', { action: 'b', outcome: 'completed', rows: 7 }).durable
    const first = Object(await (await api.as('vera', '/api/actions?limit=2')).json()).actions
    expect(first).toMatchObject([
      { action: { id: 'c' }, outcome: null, verdict: null },
      { action: { id: 'b' }, outcome: 'completed', rows: 7 },
    ])
    const next = Object(await (await api.as('vera', `/api/actions?limit=2&before=${first[1].index}`)).json()).actions
    expect(next).toMatchObject([{ action: { id: 'a' } }])
    expect((await api.as('vera', '/api/actions?limit=0')).status).toBe(400)
  })

  test('ledger entries come page by page to the end', async () => {
    const seen: number[] = []
    for (let from: number | null = 0; from !== null; ) {
      const answer = await api.as('vera', `/api/ledger/entries?from=${from}&limit=3`)
      const page: { entries: { index: number }[]; next: number | null } = JSON.parse(await answer.text())
      seen.push(...page.entries.map(({ index }) => index))
      from = page.next
    }
    expect(seen).toEqual(api.ledger.durableEntries.map(({ index }) => index))
    expect(await (await api.as('vera', '/api/ledger/head')).json()).toEqual({ ...api.ledger.head, state: 'open' })
    expect(await (await api.as('vera', '/api/ledger/entries?from=99999')).json()).toEqual({ entries: [], next: null })
  })
})

describe('people', () => {
  const zoe = { id: 'zoe', name: 'Zoe', kind: 'human', groups: ['dba'], roles: ['reviewer'], actors: ['shop:zoe'] }

  test('an admin puts a person, issues a token that works at once, revokes it and removes the person', async () => {
    const put = await api.as('root', '/api/people', { method: 'POST', body: zoe })
    expect([put.status, await put.json()]).toEqual([
      200,
      { ...zoe, absence: null, password: false, passkeys: [], tokens: [] },
    ])

    const issued = await api.as('root', '/api/people/zoe/tokens', {
      method: 'POST',
      body: { label: 'laptop', expiresAt: null },
    })
    expect(issued.status).toBe(201)
    const { id, token } = Object(await issued.json())
    const me = () => api.app.request('/api/me', { headers: { authorization: `Bearer ${token}` } })
    expect(Object(await (await me()).json()).person.id).toBe('zoe')

    const listed = await (await api.as('root', '/api/people')).text()
    expect(listed).toContain('laptop')
    expect(listed).not.toContain(token)
    expect(listed).not.toContain('digest')

    expect((await api.as('root', `/api/tokens/${id}`, { method: 'DELETE' })).status).toBe(204)
    expect((await me()).status).toBe(401)
    expect((await api.as('root', '/api/people/zoe', { method: 'DELETE' })).status).toBe(204)
    expect((await api.as('root', '/api/people/zoe', { method: 'DELETE' })).status).toBe(404)
    expect(api.ledger.durableEntries.slice(-2).map(({ body }) => Object(body).by)).toEqual(['root', 'root'])
  })

  test.each([
    ['/api/people', { ...zoe, roles: ['emperor'] }, 400],
    ['/api/people', { ...zoe, kind: 'agent', owner: 'stranger' }, 400],
    ['/api/people', { ...zoe, actors: ['shop:alice'] }, 409],
    ['/api/people/stranger/tokens', { label: 'x', expiresAt: null }, 404],
    ['/api/people/rick/tokens', { label: 'x', expiresAt: '2001-01-01T00:00:00Z' }, 400],
    ['/api/people/rick/tokens', { label: 'x', expiresAt: 'soon' }, 400],
  ])('POST %s %j: %i', async (path, body, status) => {
    expect((await api.as('root', path, { method: 'POST', body })).status).toBe(status)
  })
})
