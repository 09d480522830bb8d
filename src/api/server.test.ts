import { connect, createServer } from 'node:net'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { type TestApi, testApi } from '../../test/support/test-api.ts'
import { type ListeningApi, startApi } from './index.ts'

let api: TestApi
let server: ListeningApi

beforeEach(async () => {
  api = await testApi()
  server = await startApi({ app: api.app, host: '127.0.0.1', port: 0 })
})

afterEach(() => server.close())

const url = (path: string) => `http://127.0.0.1:${server.address.port}${path}`
const authorization = () => `Bearer ${api.tokens.get('rick')?.token}`

describe('over HTTP', () => {
  test('a taken port is named', async () => {
    const { port } = server.address
    await expect(startApi({ app: api.app, host: '127.0.0.1', port })).rejects.toMatchObject({
      code: 'address_in_use',
      message: expect.stringContaining(`127.0.0.1:${port}`),
    })
  })

  test('a port that just became free can be taken again', async () => {
    const other = createServer().listen(0, '127.0.0.1')
    await new Promise((resolve) => other.once('listening', resolve))
    const address = other.address()
    await new Promise((resolve) => other.close(resolve))
    const port = typeof address === 'object' && address !== null ? address.port : 0
    const again = await startApi({ app: api.app, host: '127.0.0.1', port })
    expect(again.address).toEqual({ host: '127.0.0.1', port })
    await again.close()
  })

  test('a vote is cast', async () => {
    const id = await api.hold()
    const response = await fetch(url(`/api/holds/${id}/votes`), {
      method: 'POST',
      headers: { authorization: authorization(), 'content-type': 'application/json' },
      body: JSON.stringify({ decision: 'approve' }),
    })
    expect([response.status, Object(await response.json()).state]).toEqual([200, 'approved'])
  })

  test('a request without a body needs no length of one (it ended in an internal error)', async () => {
    const raw = (lines: string) =>
      new Promise<string>((resolve) => {
        const socket = connect(server.address.port, '127.0.0.1')
        let answer = ''
        socket.on('data', (piece) => {
          answer += piece
        })
        socket.once('close', () => resolve(answer))
        socket.end(`${lines}\r\nHost: localhost\r\nConnection: close\r\nAuthorization: ${root}\r\n\r\n`)
      })
    const root = `Bearer ${api.tokens.get('root')?.token}`
    expect(await raw('DELETE /api/people/vera HTTP/1.1')).toMatch(/^HTTP\/1\.1 204 /)
    expect(api.people.get('vera')).toBeUndefined()
    const chunked = 'POST /api/people HTTP/1.1\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked'
    expect(await raw(chunked)).toMatch(/^HTTP\/1\.1 411 /)
  })

  test('a request under a foreign name is refused', async () => {
    const socket = connect(server.address.port, '127.0.0.1')
    socket.end('GET /api/health HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n')
    let answer = ''
    for await (const piece of socket) answer += piece
    expect(answer).toMatch(/^HTTP\/1\.1 403 /)
  })

  test('events arrive, and whoever hangs up is forgotten', async () => {
    const hangUp = new AbortController()
    const response = await fetch(url('/api/events'), {
      headers: { authorization: authorization() },
      signal: hangUp.signal,
    })
    const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader()
    expect((await reader?.read())?.value).toContain('event: rules')
    expect(api.listening()).toBe(1)
    hangUp.abort()
    await vi.waitFor(() => expect(api.listening()).toBe(0))
  })

  test('whoever stops reading is disconnected and forgotten', async () => {
    const socket = connect(server.address.port, '127.0.0.1')
    socket.write(`GET /api/events HTTP/1.1\r\nHost: localhost\r\nAuthorization: ${authorization()}\r\n\r\n`)
    await new Promise((resolve) => socket.once('data', resolve))
    socket.pause()
    for (let i = 0; i < 200 && api.listening() > 0; i++) {
      await api.hold({ rule: { id: 'r', about: 'About', message: 'x'.repeat(500_000) } })
      await new Promise((resolve) => setImmediate(resolve))
    }
    expect(api.listening()).toBe(0)
    const closed = new Promise((resolve) => socket.once('close', resolve))
    socket.on('error', () => undefined).resume()
    await closed
  })

  test('closing ends event streams too', async () => {
    const response = await fetch(url('/api/events'), { headers: { authorization: authorization() } })
    const reader = response.body?.getReader()
    await reader?.read()
    await server.close()
    const drain = async () => {
      while ((await reader?.read())?.done === false);
    }
    await expect(drain()).rejects.toThrow()
  })
})
