import { expect, test } from 'vitest'
import { testApi } from '../../test/support/test-api.ts'
import { SallyportError } from '../errors/index.ts'

const channel = {
  name: 'chat',
  kind: 'slack',
  events: ['hold.opened'],
  doors: [],
  perMinute: 20,
  remindAfter: 600_000,
  state: 'failing',
  queued: 2,
  sent: 5,
  lost: 0,
  lastSentAt: null,
  lastError: { at: '2026-01-01T00:00:00.000Z', message: 'https://hooks.example answered 500.', attempts: 3 },
  nextAttemptAt: null,
} as const

test('tells how it stands with each channel, and sends a test', async () => {
  const asked: string[] = []
  const api = await testApi({
    notify: {
      status: () => [channel],
      test: async (name, by) => {
        asked.push(`${name} by ${by}`)
        if (name !== 'chat') throw new SallyportError('not_found', `There is no channel ${name}.`)
        return { delivered: false, problem: 'https://hooks.example answered 500.', isFinal: false }
      },
    },
  })
  expect(await (await api.as('vera', '/api/notify')).json()).toEqual({ channels: [channel] })
  const response = await api.as('root', '/api/notify/chat/test', { method: 'POST', body: {} })
  expect(await response.json()).toEqual({ delivered: false, problem: 'https://hooks.example answered 500.' })
  expect((await api.as('root', '/api/notify/other/test', { method: 'POST', body: {} })).status).toBe(404)
  expect((await api.as('vera', '/api/notify/chat/test', { method: 'POST', body: {} })).status).toBe(403)
  expect(asked).toEqual(['chat by root', 'other by root'])
})
