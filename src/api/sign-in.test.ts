import { beforeEach, describe, expect, test } from 'vitest'
import { type TestApi, testApi } from '../../test/support/test-api.ts'
import { createApi } from './index.ts'

let api: TestApi
const secret = 'correct horse battery'

beforeEach(async () => {
  api = await testApi()
})

const post = (path: string, body: object, headers: Record<string, string> = {}, app = api.app) =>
  app.request(path, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  })

const secretIn = (link: string) => new URLSearchParams(new URL(link).hash.slice(1)).get('link')

/** What a browser sends back. */
const cookieOf = (header: string) => header.split(';')[0] ?? ''

/** Gives a person a password over the API and returns the cookie as a browser would send it back. */
async function signedIn(who: string, app = api.app): Promise<{ cookie: string; header: string; device: string }> {
  const made = Object(
    await (await api.as('root', `/api/people/${who}/password-link`, { method: 'POST', body: {} })).json(),
  )
  expect(made.link).toMatch(/^https:\/\/guard\.example\/#link=spl_/)
  const answer = await post('/api/sign-in/link', { link: secretIn(made.link), password: secret }, {}, app)
  expect(answer.status).toBe(200)
  const [header = '', device = ''] = answer.headers.getSetCookie()
  return { cookie: cookieOf(header), header, device }
}

const here = { 'sec-fetch-site': 'same-origin' }

describe('signing in', () => {
  test('gives a cookie that no script and no other site gets, and the token stands nowhere else', async () => {
    const { cookie, header } = await signedIn('rick')
    expect(header).toMatch(/^__Host-sallyport=sp_[\w-]{43}; Path=\/; Expires=[^;]+; HttpOnly; Secure; SameSite=Strict$/)
    const me = await api.app.request('/api/me', { headers: { cookie } })
    expect(Object(await me.json()).person.id).toBe('rick')
    const again = await post('/api/sign-in', { person: 'rick', password: secret }, here)
    expect(await again.json()).toMatchObject({ person: 'rick', token: null })
  })

  test('without TLS the cookie is plain, as browsers want it', async () => {
    const app = createApi({ ...api.deps, publicUrl: 'http://127.0.0.1:7070' })
    const { header } = await signedIn('rick', app)
    expect(header).toMatch(/^sallyport-7070=sp_[\w-]{43}; Path=\/; Expires=[^;]+; HttpOnly; SameSite=Strict$/)
  })

  test('for a command line gives a bearer token instead', async () => {
    await signedIn('rick')
    const answer = await post('/api/sign-in', { person: 'rick', password: secret, as: 'token' })
    expect(answer.headers.get('set-cookie')).toBeNull()
    const { token } = Object(await answer.json())
    const me = await api.app.request('/api/me', { headers: { authorization: `Bearer ${token}` } })
    expect(me.status).toBe(200)
  })

  test('with a wrong password is 401, too often 429', async () => {
    await signedIn('rick')
    const statuses: number[] = []
    for (let i = 0; i < 7; i++) statuses.push((await post('/api/sign-in', { person: 'rick', password: 'no' })).status)
    expect(statuses).toEqual([401, 401, 401, 401, 401, 429, 429])
  })

  test('a bearer token in the cookie is nobody, and a refused header does not fall back to the cookie', async () => {
    const cookie = `__Host-sallyport=${api.tokens.get('root')?.token}`
    expect((await api.app.request('/api/me', { headers: { cookie } })).status).toBe(401)
    const own = (await signedIn('rick')).cookie
    const headers = { cookie: own, authorization: `Bearer sp_${'A'.repeat(43)}` }
    expect((await api.app.request('/api/me', { headers })).status).toBe(401)
  })

  test('answers the same to a name that nobody has, to one without a password, and to a wrong password', async () => {
    await signedIn('rick')
    const answers = await Promise.all(
      ['rick', 'vera', 'bot', 'nobody'].map(async (person) => {
        const answer = await post('/api/sign-in', { person, password: 'wrong wrong wrong' })
        return [answer.status, await answer.json()]
      }),
    )
    for (const answer of answers) expect(answer).toEqual(answers[0])
    expect(answers[0]?.[0]).toBe(401)
  })

  test('goes on in a browser that was used before, while somebody fails in the same name', async () => {
    const { device } = await signedIn('rick')
    expect(device).toMatch(
      /^__Host-sallyport-device=[\w-]{22}\.[\w-]{43}; Max-Age=15552000; Path=\/; HttpOnly; Secure; SameSite=Strict$/,
    )
    for (let i = 0; i < 7; i++) await post('/api/sign-in', { person: 'rick', password: 'no' })
    const right = { person: 'rick', password: secret }
    expect((await post('/api/sign-in', right)).status).toBe(429)
    expect((await post('/api/sign-in', right, { ...here, cookie: cookieOf(device) })).status).toBe(200)
  })

  test('by a link gives a bearer token too, where it is asked for', async () => {
    const made = await api.as('root', '/api/people/rick/password-link', { method: 'POST', body: {} })
    const link = secretIn(Object(await made.json()).link)
    const answer = await post('/api/sign-in/link', { link, password: secret, as: 'token' })
    expect(answer.headers.get('set-cookie')).toBeNull()
    const { token } = Object(await answer.json())
    expect(api.people.authenticate(token)?.id).toBe('rick')
    expect((await post('/api/sign-in/link', { link, password: secret })).status).toBe(401)
  })

  test('ends when the password changes', async () => {
    const { cookie } = await signedIn('rick')
    const next = await signedIn('rick')
    const status = async (of: string) => (await api.app.request('/api/me', { headers: { cookie: of } })).status
    expect([await status(cookie), await status(next.cookie)]).toEqual([401, 200])
  })

  test('ends for good when signing out', async () => {
    const { cookie } = await signedIn('rick')
    const out = await post('/api/sign-out', {}, { cookie, ...here })
    expect([out.status, out.headers.get('set-cookie')]).toEqual([204, expect.stringContaining('Max-Age=0')])
    expect((await api.app.request('/api/me', { headers: { cookie } })).status).toBe(401)
  })
})

describe('what another site makes a browser send', () => {
  const vote = (id: string, headers: Record<string, string>) =>
    post(`/api/holds/${id}/votes`, { decision: 'approve' }, headers)

  test.each([
    ['cross-site', { 'sec-fetch-site': 'cross-site' }],
    ['from another port of the same host', { 'sec-fetch-site': 'same-site' }],
    ['as a navigation', { 'sec-fetch-site': 'none' }],
    ['with the Origin of another site', { origin: 'https://evil.example' }],
    ['with the Origin null', { origin: 'null' }],
    ['with nothing that says where from', {}],
  ])('%s does not vote', async (_, headers) => {
    const { cookie } = await signedIn('rick')
    const id = await api.hold()
    const answer = await vote(id, { cookie, host: 'guard.example', ...headers })
    expect(answer.status).toBe(403)
    expect(api.holds.get(id)?.votes).toEqual([])
  })

  test('does not sign anybody in as somebody else, or out', async () => {
    const { cookie } = await signedIn('rick')
    const evil = { 'sec-fetch-site': 'cross-site' }
    expect((await post('/api/sign-in', { person: 'rick', password: secret }, evil)).status).toBe(403)
    expect((await post('/api/sign-out', {}, { cookie, ...evil })).status).toBe(403)
    expect((await api.app.request('/api/me', { headers: { cookie } })).status).toBe(200)
  })

  test.each([
    ['says so', here],
    ['has its Origin', { origin: 'https://guard.example' }],
  ])('is not what the console sends, which %s', async (_, headers) => {
    const { cookie } = await signedIn('rick')
    const id = await api.hold()
    expect((await vote(id, { cookie, host: 'guard.example', ...headers })).status).toBe(200)
  })

  test('matters to cookies only: a bearer token is taken from anywhere', async () => {
    const id = await api.hold()
    const answer = await api.as('rick', `/api/holds/${id}/votes`, {
      method: 'POST',
      body: { decision: 'approve' },
      headers: { origin: 'https://tool.example', 'sec-fetch-site': 'cross-site' },
    })
    expect(answer.status).toBe(200)
  })
})

describe('the scope of a token', () => {
  const withScope = async (scope: string, who = 'alice') => {
    const body = { label: 't', expiresAt: null, scope }
    const answer = await api.as('root', `/api/people/${who}/tokens`, { method: 'POST', body })
    const authorization = `Bearer ${Object(await answer.json()).token}`
    return (path: string, init: RequestInit = {}) =>
      api.app.request(path, { ...init, headers: { authorization, 'content-type': 'application/json' } })
  }
  const approval = { method: 'POST', body: JSON.stringify({ decision: 'approve' }) }

  test.each([
    ['read', [200, 403, 403]],
    ['review', [200, 200, 403]],
    ['admin', [200, 200, 200]],
    ['door', [403, 403, 403]],
  ])('%s: reads, votes, manages people: %j', async (scope, expected) => {
    const call = await withScope(scope)
    const id = await api.hold()
    const got = [await call('/api/me'), await call(`/api/holds/${id}/votes`, approval), await call('/api/people')]
    expect(got.map(({ status }) => status)).toEqual(expected)
  })

  test('stands in what is said of the caller, with all that it allows', async () => {
    const me = async (scope: string) => Object(await (await (await withScope(scope))('/api/me')).json()).access
    expect(await me('read')).toEqual({ session: false, scope: 'read', expiresAt: null, commands: ['read'] })
    expect((await me('review')).commands).toEqual(['read', 'answer', 'vote'])
    const { cookie } = await signedIn('vera')
    const own = Object(await (await api.app.request('/api/me', { headers: { cookie } })).json()).access
    expect(own).toMatchObject({ session: true, scope: null, commands: ['read', 'answer', 'passkeys.own'] })
    expect(Date.parse(own.expiresAt) - Date.now()).toBeGreaterThan(11 * 3_600_000)
  })

  test('never gives more than its owner has, and shows in what the owner may do', async () => {
    expect((await (await withScope('admin', 'vera'))('/api/people')).status).toBe(403)
    const id = await api.hold()
    const shown = Object(await (await (await withScope('read'))(`/api/holds/${id}`)).json())
    expect(shown.mayVote).toEqual({ allowed: false, reason: 'This needs a token of scope review; yours is read.' })
  })

  test('that nobody knows is refused', async () => {
    const body = { label: 't', expiresAt: null, scope: 'everything' }
    expect((await api.as('root', '/api/people/vera/tokens', { method: 'POST', body })).status).toBe(400)
  })
})
