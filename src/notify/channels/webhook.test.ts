import { afterEach, describe, expect, test } from 'vitest'
import { type Answer, type Receiver, startReceiver } from '../../../test/support/receiver.ts'
import type { Message } from '../notice.ts'
import { signed, signingBytes, webhook } from './webhook.ts'

const secret = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'
const message: Message = { id: 'test.1', notices: [{ id: 'test.1', type: 'test', at: '', by: 'root' }], more: 0 }
const never = new AbortController().signal

const open: Receiver[] = []
afterEach(async () => {
  for (const receiver of open.splice(0)) await receiver.close()
})

async function receiver(answer?: (index: number) => Answer): Promise<Receiver> {
  const started = await startReceiver(answer)
  open.push(started)
  return started
}

function sendTo(url: string | undefined, key: string | undefined = secret, signal: AbortSignal = never) {
  const target = { address: async () => url, fetch }
  return webhook({ target, secret: async () => key, now: () => 1_614_265_330_000 })(message, signal)
}

describe('a webhook', () => {
  test('is signed as Standard Webhooks says', () => {
    // The example of the specification's own libraries.
    const headers = signed(
      'msg_p5jXN8AQM9LWM0D4loKWxJek',
      1_614_265_330,
      '{"test": 2432232314}',
      signingBytes(secret) ?? Buffer.alloc(0),
    )
    expect(headers).toEqual({
      'webhook-id': 'msg_p5jXN8AQM9LWM0D4loKWxJek',
      'webhook-timestamp': '1614265330',
      'webhook-signature': 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
    })
  })

  test('goes out as JSON with its type, and what it is about', async () => {
    const { url, requests } = await receiver()
    expect(await sendTo(`${url}/hook`)).toEqual({ delivered: true })
    expect(requests).toMatchObject([
      {
        path: '/hook',
        headers: { 'content-type': 'application/json', 'webhook-id': 'test.1', 'webhook-timestamp': '1614265330' },
      },
    ])
    expect(JSON.parse(requests[0]?.body ?? '')).toEqual({ type: 'test', timestamp: '', data: { by: 'root' } })
  })

  test('follows no redirect', async () => {
    const elsewhere = await receiver()
    const { url } = await receiver(() => ({ status: 307, headers: { location: elsewhere.url } }))
    expect(await sendTo(`${url}/secret-path`)).toEqual({
      delivered: false,
      problem: `${url} answered 307, and redirects are not followed.`,
      isFinal: true,
    })
    expect(elsewhere.requests).toHaveLength(0)
  })

  test.each([
    [400, true],
    [404, true],
    [410, true],
    [408, false],
    [429, false],
    [500, false],
    [503, false],
  ])('takes %i as final: %j', async (status, isFinal) => {
    const { url } = await receiver(() => ({ status }))
    expect(await sendTo(url)).toMatchObject({ delivered: false, isFinal })
  })

  test('waits as it is asked to, at most an hour', async () => {
    const { url } = await receiver((index) => ({
      status: 429,
      headers: { 'retry-after': ['7', '999999', 'soon'][index] ?? '' },
    }))
    expect(await sendTo(url)).toMatchObject({ wait: 7_000 })
    expect(await sendTo(url)).toMatchObject({ wait: 3_600_000 })
    expect(await sendTo(url)).not.toHaveProperty('wait')
  })

  test('ends when it is told to, while the other side hangs', async () => {
    const hanging = await receiver(() => 'hang')
    const stop = new AbortController()
    const sending = sendTo(hanging.url, secret, stop.signal)
    await hanging.arrived(1)
    stop.abort()
    expect(await sending).toMatchObject({ delivered: false, isFinal: false })
  })

  test('never says more of its address than the origin', async () => {
    const closed = await receiver()
    await closed.close()
    expect(await sendTo(`${closed.url}/services/T0/secret`)).toEqual({
      delivered: false,
      problem: `${closed.url} does not answer: ECONNREFUSED.`,
      isFinal: false,
    })
  })

  test.each([
    undefined,
    '',
    'nonsense',
    'http://hooks.example/x',
    'https://user:pass@hooks.example/',
    'file:///etc/passwd',
  ])('does not go to %j', async (url) => {
    const delivery = await sendTo(url)
    expect(delivery).toMatchObject({ delivered: false, problem: expect.stringContaining('not https') })
  })

  test.each([undefined, 'whsec_', 'whsec_c2hvcnQ=', 'secret', `whsec_${'A'.repeat(88)}`])(
    'does not go out with the secret %j',
    async (key) => {
      const { url, requests } = await receiver()
      const target = { address: async () => url, fetch }
      const delivery = await webhook({ target, secret: async () => key, now: Date.now })(message, never)
      expect(delivery).toMatchObject({ delivered: false, problem: expect.stringContaining('whsec_') })
      expect(requests).toHaveLength(0)
    },
  )
})
