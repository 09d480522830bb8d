import { describe, expect, it } from 'vitest'
import { runLine as run } from '../../test/support/cli.ts'

const token = { SALLYPORT_TOKEN: 'sp_secret' }

describe('people and token', () => {
  it('adds a person with groups, roles and actors', async () => {
    const args = ['people', 'add', 'bot', '--kind', 'agent', '--group', 'a', '--group', 'b', '--role', 'viewer']
    const { requests, code } = await run([...args, '--actor', 'shop-db:bot', '--owner', 'alice'], {
      env: token,
      answer: () => Response.json({}),
    })
    expect(code).toBe(0)
    expect(JSON.parse(String(requests[0]?.init.body))).toEqual({
      id: 'bot',
      name: 'bot',
      kind: 'agent',
      groups: ['a', 'b'],
      roles: ['viewer'],
      actors: ['shop-db:bot'],
      owner: 'alice',
    })
    expect((await run(['people', 'add', 'x', '--role', 'king'], { env: token })).code).toBe(2)
  })

  it('removes a person and revokes a token, to which the API answers nothing', async () => {
    const answer = () => new Response(null, { status: 204 })
    const removed = await run(['people', 'remove', 'bob'], { env: token, answer })
    expect([removed.code, removed.requests[0]?.init.method, removed.requests[0]?.url]).toEqual([
      0,
      'DELETE',
      'http://127.0.0.1:7070/api/people/bob',
    ])
    expect((await run(['token', 'revoke', 't1'], { env: token, answer })).requests[0]?.url).toMatch(
      /\/api\/tokens\/t1$/,
    )
  })

  it('prints an issued token alone on standard output', async () => {
    const answer = () => Response.json({ id: 't1', token: 'sp_new' }, { status: 201 })
    const issued = await run(['token', 'issue', 'bob', '--expires', '30d'], { env: token, answer })
    expect(issued.out).toBe('sp_new\n')
    const { expiresAt, label } = JSON.parse(String(issued.requests[0]?.init.body))
    expect(Math.abs(Date.parse(expiresAt) - Date.now() - 30 * 86_400_000)).toBeLessThan(60_000)
    expect(label).not.toBe('')
    expect((await run(['token', 'issue', 'bob', '--expires', 'soon'], { env: token })).code).toBe(2)
  })
})

describe('signing in', () => {
  const signedIn = { person: 'ann', token: 'sp_given', expiresAt: '2030-01-01T12:00:00Z' }
  const answer = () => Response.json(signedIn)

  it('takes the password from standard input and prints the token alone, without a token of before', async () => {
    const { code, out, err, requests } = await run(['sign-in', 'ann'], { stdin: 'correct horse\n', answer })
    expect([code, out]).toEqual([0, 'sp_given\n'])
    expect(err).toContain('ann until 2030-01-01T12:00:00Z')
    expect(requests[0]?.url).toBe('http://127.0.0.1:7070/api/sign-in')
    expect(JSON.parse(String(requests[0]?.init.body))).toEqual({
      person: 'ann',
      password: 'correct horse',
      as: 'token',
    })
    expect(new Headers(requests[0]?.init.headers).has('authorization')).toBe(false)
  })

  it('by a link sets the password where the link leads', async () => {
    const link = 'https://guard.example/sub/#link=spl_secret'
    const { code, requests } = await run(['sign-in', link], { stdin: 'correct horse', answer })
    expect(code).toBe(0)
    expect(requests[0]?.url).toBe('https://guard.example/sub/api/sign-in/link')
    expect(JSON.parse(String(requests[0]?.init.body))).toEqual({
      link: 'spl_secret',
      password: 'correct horse',
      as: 'token',
    })
    expect((await run(['sign-in', 'https://guard.example/#token=sp_x'], { stdin: 'x', answer })).code).not.toBe(0)
  })

  it('says that it was too often, in the words of the server', async () => {
    const busy = () =>
      Response.json({ error: { code: 'too_many_attempts', message: 'Too many.', hint: 'wait 8 s' } }, { status: 429 })
    const { code, err } = await run(['sign-in', 'ann'], { stdin: 'x', answer: busy })
    expect(code).not.toBe(0)
    expect(err).toContain('Too many.')
    expect(err).toContain('wait 8 s')
  })

  it('a link for somebody else is asked for with a token, and printed alone', async () => {
    const link = 'https://guard.example/#link=spl_x'
    const made = () => Response.json({ link, expiresAt: '2030-01-01T12:00:00Z' }, { status: 201 })
    const { out, requests } = await run(['people', 'password-link', 'ann'], { env: token, answer: made })
    expect(out).toBe(`${link}\n`)
    expect(requests[0]?.url).toBe('http://127.0.0.1:7070/api/people/ann/password-link')
  })

  it('a token can be issued for less than its owner may', async () => {
    const issued = () => Response.json({ id: 't', token: 'sp_x' }, { status: 201 })
    const { requests } = await run(['token', 'issue', 'ann', '--scope', 'read'], { env: token, answer: issued })
    expect(JSON.parse(String(requests[0]?.init.body))).toMatchObject({ scope: 'read' })
    expect((await run(['token', 'issue', 'ann', '--scope', 'all'], { env: token })).code).toBe(2)
  })
})
