import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { someHold } from '../../test/support/some-hold.ts'
import type { Delivery, Send } from './channel.ts'
import { type HoldNoticeType, holdNotice, type Message, type Notice } from './notice.ts'
import { Outbox, outboxLimits } from './outbox.ts'

const ok: Delivery = { delivered: true }
const down: Delivery = { delivered: false, problem: 'down', isFinal: false }
const refused: Delivery = { delivered: false, problem: 'refused', isFinal: true }

function notice(id: number, type: HoldNoticeType = 'hold.opened'): Notice {
  return holdNotice(type, someHold({ hold: `H${id}` }), 'https://guard.example', '2026-01-01T00:00:00.000Z')
}

function outboxWith(
  send: Send,
  change: { perMinute?: number; queue?: number; isTrue?: (notice: Notice) => boolean } = {},
) {
  const log: string[] = []
  const told: string[] = []
  const outbox = new Outbox(
    { name: 'c', perMinute: change.perMinute ?? 0, send },
    {
      now: Date.now,
      random: () => 1,
      onTold: (notices) => told.push(...notices.map(({ id }) => id)),
      isTrue: change.isTrue ?? (() => true),
      log: (event, { problem }) => log.push(`${event}${problem === undefined ? '' : ` ${problem}`}`),
      limits: { ...outboxLimits, queue: change.queue ?? outboxLimits.queue },
    },
  )
  return { outbox, log, told }
}

/** A channel that gives these answers, the last of them from then on. */
function answering(...answers: Delivery[]) {
  const messages: Message[] = []
  const at: number[] = []
  const send: Send = async (message) => {
    messages.push(message)
    at.push(Date.now())
    return answers[Math.min(messages.length, answers.length) - 1] ?? ok
  }
  return { send, messages, at }
}

const idsOf = (messages: readonly Message[]) => messages.map(({ notices }) => notices.map(({ id }) => id).join('+'))

describe('an outbox', () => {
  beforeEach(() => {
    vi.useFakeTimers({ now: 1_000_000_000_000 })
  })
  afterEach(() => {
    vi.useRealTimers()
  })

  test('tries again with the same id, later and later, and nothing else overtakes', async () => {
    const { send, messages, at } = answering(down, down, down, down, ok)
    const { outbox, told, log } = outboxWith(send)
    outbox.add(notice(1))
    outbox.add(notice(2))
    await vi.advanceTimersByTimeAsync(10)
    expect(outbox.status).toMatchObject({ state: 'failing', queued: 2, lastError: { message: 'down', attempts: 1 } })
    await vi.advanceTimersByTimeAsync(60_000)
    expect(idsOf(messages)).toEqual([...Array(5).fill('H1.hold.opened'), 'H2.hold.opened'])
    expect(new Set(messages.slice(0, 5).map(({ id }) => id)).size).toBe(1)
    expect(at.slice(1, 5).map((moment, i) => moment - (at[i] ?? 0))).toEqual([1_000, 2_000, 4_000, 8_000])
    expect(told).toEqual(['H1.hold.opened', 'H2.hold.opened'])
    expect(outbox.status).toMatchObject({ state: 'working', queued: 0, sent: 2, lost: 0, nextAttemptAt: null })
    // Once, not with each attempt.
    expect(log).toEqual(['notification_failed down', 'notification_works_again'])
  })

  test('waits as long as the other side asks for', async () => {
    const { send, at } = answering({ ...down, wait: 90_000 }, ok)
    const { outbox } = outboxWith(send)
    outbox.add(notice(1))
    await vi.advanceTimersByTimeAsync(200_000)
    expect((at[1] ?? 0) - (at[0] ?? 0)).toBe(90_000)
  })

  test('gives up what is refused for good, and goes on with the next', async () => {
    const { send, messages } = answering(refused, refused, refused, ok)
    const { outbox, log, told } = outboxWith(send)
    outbox.add(notice(1))
    outbox.add(notice(2))
    await vi.advanceTimersByTimeAsync(60_000)
    expect(idsOf(messages)).toEqual([...Array(3).fill('H1.hold.opened'), 'H2.hold.opened'])
    expect(told).toEqual(['H2.hold.opened'])
    expect(outbox.status.lost).toBe(1)
    expect(log).toContain('notification_lost refused')
  })

  test('gives up after a day', async () => {
    const { send } = answering(down)
    const { outbox } = outboxWith(send)
    outbox.add(notice(1))
    await vi.advanceTimersByTimeAsync(25 * 60 * 60_000)
    expect(outbox.status).toMatchObject({ queued: 0, lost: 1 })
  })

  test('ends an attempt that hangs, also where the channel does not listen, and does not log what was thrown', async () => {
    let calls = 0
    const { outbox, log } = outboxWith(() => {
      calls += 1
      if (calls === 1) return new Promise(() => undefined)
      throw new Error('https://hooks.example/secret')
    })
    outbox.add(notice(1))
    await vi.advanceTimersByTimeAsync(outboxLimits.attempt + 10)
    expect(outbox.status.lastError?.message).toBe('No answer in time.')
    await vi.advanceTimersByTimeAsync(1_000)
    expect(calls).toBe(2)
    expect(outbox.status.lastError?.message).toBe('Sending failed: Error.')
    expect(log.join()).not.toContain('secret')
  })

  test('sends no more than so many in any minute, and sums up the others in one', async () => {
    const { send, messages, at } = answering(ok)
    const { outbox, told } = outboxWith(send, { perMinute: 3 })
    for (let i = 1; i <= 14; i++) outbox.add(notice(i))
    await vi.advanceTimersByTimeAsync(10)
    expect(messages.map(({ notices }) => notices.length)).toEqual([1, 1, 12])
    for (let i = 15; i <= 20; i++) outbox.add(notice(i))
    await vi.advanceTimersByTimeAsync(59_000)
    expect(messages).toHaveLength(3)
    expect(outbox.status.nextAttemptAt).toBe(new Date(1_000_000_060_000).toISOString())
    await vi.advanceTimersByTimeAsync(60_000)
    expect(told).toHaveLength(20)
    for (const moment of at) {
      expect(at.filter((other) => other >= moment && other < moment + 60_000).length).toBeLessThanOrEqual(3)
    }
  })

  test('counts what it has no room for, and says so in the next message', async () => {
    const { send, messages } = answering(down, down, ok)
    const { outbox } = outboxWith(send, { queue: 10 })
    for (let i = 1; i <= 25; i++) outbox.add(notice(i))
    await vi.advanceTimersByTimeAsync(60_000)
    expect(messages.at(-1)).toMatchObject({ more: 15 })
    expect(messages.at(-1)?.notices).toHaveLength(10)
    expect(outbox.status).toMatchObject({ queued: 0, lost: 15 })
  })

  test('puts reminders that are due together in one, and leaves out those that are not true any more', async () => {
    const { send, messages } = answering(ok)
    const { outbox } = outboxWith(send, { isTrue: ({ id }) => id !== 'H2.hold.reminder' })
    for (let i = 1; i <= 3; i++) outbox.add(notice(i, 'hold.reminder'))
    outbox.add(notice(4))
    await vi.advanceTimersByTimeAsync(10)
    expect(idsOf(messages)).toEqual(['H1.hold.reminder+H3.hold.reminder', 'H4.hold.opened'])
  })

  test('sends a test at once, past what waits', async () => {
    const { send, messages } = answering(down, ok)
    const { outbox } = outboxWith(send)
    outbox.add(notice(1))
    await vi.advanceTimersByTimeAsync(10)
    expect(await outbox.sendNow({ id: 't', type: 'test', at: '', by: 'root' })).toEqual(ok)
    expect(messages.map(({ id }) => id)).toEqual(['H1.hold.opened', 't'])
    await vi.advanceTimersByTimeAsync(10)
    expect(messages.map(({ id }) => id)).toEqual(['H1.hold.opened', 't', 'H1.hold.opened'])
  })

  test('sends nothing after it was closed', async () => {
    const { send, messages } = answering(down)
    const { outbox } = outboxWith(send)
    outbox.add(notice(1))
    await vi.advanceTimersByTimeAsync(10)
    outbox.close()
    outbox.add(notice(2))
    await vi.advanceTimersByTimeAsync(600_000)
    expect(messages).toHaveLength(1)
  })
})
