import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type TestApi, testApi } from '../../test/support/test-api.ts'

let folder: string
let api: TestApi

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sallyport-console-'))
  const dir = join(folder, 'console')
  await mkdir(join(dir, 'assets'), { recursive: true })
  await mkdir(join(folder, 'console-secret'))
  await writeFile(join(dir, 'index.html'), '<title>The console</title>')
  await writeFile(join(dir, 'favicon.svg'), '<svg/>')
  await writeFile(join(dir, 'assets', 'index-abc.js'), 'start()')
  await writeFile(join(folder, 'secret.txt'), 'secret')
  await writeFile(join(folder, 'console-secret', 'secret.txt'), 'secret')
  await symlink(join(folder, 'secret.txt'), join(dir, 'link.txt'))
  api = await testApi({ consoleDir: dir })
})

afterAll(() => rm(folder, { recursive: true }))

describe('the console', () => {
  test.each(['/', '/holds/ABC', '/record'])('%s is a page of it', async (path) => {
    const response = await api.app.request(path)
    expect([response.status, await response.text()]).toEqual([200, '<title>The console</title>'])
    expect(response.headers.get('content-type')).toBe('text/html; charset=utf-8')
    expect(response.headers.get('cache-control')).toBe('no-cache')
    expect(response.headers.get('content-security-policy')).toContain("frame-ancestors 'none'")
  })

  test('files with a hash in their name are kept for good, others are asked for anew', async () => {
    const script = await api.app.request('/assets/index-abc.js')
    expect(await script.text()).toBe('start()')
    expect(script.headers.get('content-type')).toBe('text/javascript; charset=utf-8')
    expect(script.headers.get('cache-control')).toContain('immutable')
    expect((await api.app.request('/favicon.svg')).headers.get('cache-control')).toBe('no-cache')
  })

  test.each([
    '/../secret.txt',
    '/%2e%2e/secret.txt',
    '/..%2fsecret.txt',
    '/assets/..%2f..%2fsecret.txt',
    '/..%2fconsole-secret%2fsecret.txt',
    '/%2e%2e%5csecret.txt',
    '//etc/hosts.txt',
    '/link.txt',
    '/secret.txt%00.js',
    '/%ff.js',
    '/missing.js',
  ])('%s is not served', async (path) => {
    const response = await api.app.request(new Request(`http://localhost${path}`))
    expect(response.status).toBe(404)
    expect(await response.text()).not.toBe('secret')
  })

  test('is only looked at', async () => {
    const response = await api.app.request('/', { method: 'PUT' })
    expect(response.status).toBe(404)
  })

  test('says how to build it where it is not built', async () => {
    for (const bare of [await testApi(), await testApi({ consoleDir: join(folder, 'nothing') })]) {
      const response = await bare.app.request('/')
      expect(response.status).toBe(503)
      expect(await response.text()).toContain('npm run build:console')
    }
  })
})
