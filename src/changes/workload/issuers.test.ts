import { createServer, type Server } from 'node:http'
import { exportJWK, generateKeyPair, SignJWT } from 'jose'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { githubJob, type OidcIssuer, startOidcIssuer } from '../../../test/support/oidc-issuer.ts'
import { Issuers, type TrustedIssuer } from '../index.ts'

let oidc: OidcIssuer
beforeAll(async () => {
  oidc = await startOidcIssuer()
})
afterAll(() => oidc.stop())

const trusted = (more: Partial<TrustedIssuer> = {}): TrustedIssuer => ({
  name: 'ci',
  url: oidc.url,
  audience: 'urn:sallyport',
  provider: 'github',
  repositories: ['acme/shop', 'acme/tools-*'],
  refs: ['refs/heads/main'],
  ...more,
})

describe('a token of a real issuer', () => {
  test('says who the workload is', async () => {
    const issuers = new Issuers([trusted()])
    expect(await issuers.verify(await oidc.token(githubJob))).toEqual({
      issuer: oidc.url,
      name: 'ci',
      subject: 'runner',
      repository: 'acme/shop',
      ref: 'refs/heads/main',
      sha: githubJob.sha,
      run: '4711',
      actor: 'ci:dev',
    })
    const { repository } = await issuers.verify(await oidc.token({ ...githubJob, repository: 'acme/tools-db' }))
    expect(repository).toBe('acme/tools-db')
  })

  test('in the words of GitLab', async () => {
    const job = { project_path: 'acme/shop', ref_path: 'refs/heads/main', ref: 'main', sha: 'abc', pipeline_id: '9' }
    const identity = await new Issuers([trusted({ provider: 'gitlab' })]).verify(await oidc.token(job))
    expect(identity).toMatchObject({ repository: 'acme/shop', ref: 'refs/heads/main', run: '9' })
    expect(identity.actor).toBeUndefined()
  })

  test.each([
    ['another repository', { repository: 'acme/shop2' }],
    ['another branch', { ref: 'refs/heads/feature' }],
    ['another environment', { environment: 'staging' }],
    ['no repository', { repository: '' }],
  ])('of %s is refused', async (_, claims) => {
    const token = await oidc.token({ ...githubJob, ...claims })
    await expect(new Issuers([trusted({ environments: ['production'] })]).verify(token)).rejects.toMatchObject({
      code: 'forbidden',
    })
  })

  test('for another audience, from an issuer that is not configured, too late, or altered is refused', async () => {
    const token = await oidc.token(githubJob)
    const [head = '', body = '', signature = ''] = token.split('.')
    const claims = JSON.parse(Buffer.from(body, 'base64url').toString('utf8'))
    const forged = Buffer.from(JSON.stringify({ ...claims, ref: 'refs/heads/main2' })).toString('base64url')
    const none = Buffer.from(JSON.stringify({ alg: 'none' })).toString('base64url')
    const elsewhere = await oidc.token(githubJob, 'urn:other')
    const refusals = [
      () => new Issuers([trusted()]).verify(elsewhere),
      () => new Issuers([trusted({ url: 'https://issuer.test' })]).verify(token),
      () => new Issuers([]).verify(token),
      () => new Issuers([trusted()], { now: () => Date.now() + 3_700_000 }).verify(token),
      () => new Issuers([trusted()]).verify([head, forged, signature].join('.')),
      () => new Issuers([trusted()]).verify([none, body, ''].join('.')),
      () => new Issuers([trusted()]).verify('x'),
      () => new Issuers([trusted()]).verify(''),
    ]
    for (const refusal of refusals) await expect(refusal()).rejects.toMatchObject({ code: 'unauthenticated' })
  })
})

describe('an issuer', () => {
  let server: Server | undefined
  afterAll(() => server?.close())

  /** An issuer that says whatever a test wants; `asked` counts the requests for each path. */
  async function strange(answer: (path: string, url: string) => object | string) {
    const asked: string[] = []
    const own = createServer((request, response) => {
      asked.push(request.url ?? '')
      const said = answer(request.url ?? '', url)
      if (typeof said === 'string') response.writeHead(302, { location: said }).end()
      else response.end(JSON.stringify(said))
    })
    server?.close()
    server = own
    await new Promise<void>((resolve) => own.listen(0, '127.0.0.1', resolve))
    const address = own.address()
    const url = `http://127.0.0.1:${address !== null && typeof address === 'object' ? address.port : 0}`
    return { url, asked }
  }

  async function keyed(kid: string) {
    const { privateKey, publicKey } = await generateKeyPair('ES256')
    const sign = (iss: string) =>
      new SignJWT({ ...githubJob })
        .setProtectedHeader({ alg: 'ES256', kid })
        .setIssuer(iss)
        .setSubject('s')
        .setAudience('urn:sallyport')
        .setIssuedAt()
        .setExpirationTime('5m')
        .sign(privateKey)
    return { jwk: { ...(await exportJWK(publicKey)), kid, alg: 'ES256' }, sign }
  }

  test('is asked for its keys once, and not again for each key that it does not have', async () => {
    const [one, other] = [await keyed('one'), await keyed('other')]
    const { url, asked } = await strange((path, own) =>
      path === '/jwks' ? { keys: [one.jwk] } : { issuer: own, jwks_uri: `${own}/jwks` },
    )
    const issuers = new Issuers([trusted({ url })])
    for (let i = 0; i < 3; i++) await issuers.verify(await one.sign(url))
    for (let i = 0; i < 3; i++) {
      await expect(issuers.verify(await other.sign(url))).rejects.toMatchObject({ code: 'unauthenticated' })
    }
    expect(asked).toEqual(['/.well-known/openid-configuration', '/jwks'])
  })

  test.each([
    ['is another than it should be', () => ({ issuer: 'https://other.test', jwks_uri: 'https://other.test/jwks' })],
    [
      'has its keys on a connection in the clear',
      (_: string, own: string) => ({ issuer: own, jwks_uri: 'http://issuer.test/jwks' }),
    ],
    ['sends elsewhere', () => 'https://issuer.test/'],
    [
      'says too much',
      (_: string, own: string) => ({ issuer: own, jwks_uri: `${own}/jwks`, more: 'x'.repeat(300_000) }),
    ],
  ])('that %s is not trusted, and not asked again at once', async (_, answer) => {
    const { sign } = await keyed('one')
    const { url, asked } = await strange(answer)
    const issuers = new Issuers([trusted({ url })])
    for (let i = 0; i < 2; i++) {
      await expect(issuers.verify(await sign(url))).rejects.toMatchObject({ code: 'upstream_unreachable' })
    }
    expect(asked).toHaveLength(1)
  })

  test('without encryption on another machine is not asked at all', async () => {
    const { sign } = await keyed('one')
    const asked: string[] = []
    const fetching: typeof fetch = async (url) => {
      asked.push(String(url))
      return Response.json({})
    }
    const url = 'http://issuer.test'
    const issuers = new Issuers([trusted({ url })], { fetch: fetching })
    await expect(issuers.verify(await sign(url))).rejects.toMatchObject({ code: 'upstream_unreachable' })
    expect(asked).toEqual([])
  })
})
