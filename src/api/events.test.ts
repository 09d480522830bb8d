import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { type TestApi, testApi } from '../../test/support/test-api.ts'

let api: TestApi
let readers: ReadableStreamDefaultReader<Uint8Array>[] = []

beforeEach(async () => {
  api = await testApi()
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
})

afterEach(async () => {
  for (const reader of readers) await reader.cancel().catch(() => undefined)
  readers = []
  expect([vi.getTimerCount(), api.listening()]).toEqual([0, 0])
  vi.useRealTimers()
})

/** Follows the events of somebody: `next` gives one message after the other, undefined at the end. */
async function follow(who: string, lastEventId?: string) {
  const headers: Record<string, string> = lastEventId === undefined ? {} : { 'last-event-id': lastEventId }
  const response = await api.as(who, '/api/events', { headers })
  expect(response.headers.get('content-type')).toBe('text/event-stream; charset=utf-8')
  const reader = response.body?.getReader()
  if (reader === undefined) throw new Error('The answer has no body.')
  readers.push(reader)
  const next = async () => {
    const { done, value } = await reader.read()
    if (done) return undefined
    const text = new TextDecoder().decode(value)
    const [, id, type, data] = /^(?:id: (\S+)\n)?event: (\w+)\ndata: (.*)\n\n$/.exec(text) ?? []
    if (type === undefined) throw new Error(`no event: ${text}`)
    return { type, data: JSON.parse(data ?? ''), ...(id === undefined ? {} : { id }) }
  }
  return { next, reader }
}

async function followFromNow(who: string) {
  const line = await follow(who)
  const hello = await line.next()
  await line.next()
  await line.next()
  return { ...line, place: hello?.id ?? '' }
}

describe('the event stream', () => {
  test('starts with its place, the rules in force and the state of the ledger', async () => {
    const { next } = await follow('vera')
    const run = expect.stringMatching(/^[0-9a-f]{12}$/)
    expect(await next()).toEqual({ type: 'hello', data: { run, seq: 0, resumed: false }, id: expect.any(String) })
    expect(await next()).toEqual({ type: 'rules', data: { version: 'abc123' } })
    expect(await next()).toEqual({ type: 'ledger', data: { state: 'open', size: api.ledger.head.size } })
  })

  test('tells everybody of a hold, each as they may vote on it', async () => {
    const rick = await followFromNow('rick')
    const vera = await followFromNow('vera')
    const id = await api.hold()
    expect(await rick.next()).toMatchObject({ type: 'hold', data: { hold: id, mayVote: { allowed: true } } })
    expect(await vera.next()).toMatchObject({ type: 'hold', data: { hold: id, mayVote: { allowed: false } } })
    await api.as('rick', `/api/holds/${id}/votes`, { method: 'POST', body: { decision: 'approve' } })
    expect(await vera.next()).toMatchObject({ type: 'hold', data: { hold: id, state: 'approved' } })
  })

  test('numbers every change of a hold, as the list does', async () => {
    const { next } = await followFromNow('vera')
    const id = await api.hold()
    const opened = await next()
    expect(opened?.data.change.seq).toBe(1)
    await api.as('rick', `/api/holds/${id}/votes`, { method: 'POST', body: { decision: 'approve' } })
    const { change } = (await next())?.data ?? {}
    expect(change).toEqual({ ...opened?.data.change, seq: 2 })
    const list = await (await api.as('vera', '/api/holds')).json()
    expect(list).toMatchObject({ at: change, holds: [{ hold: id, change }] })
  })

  test('goes on where the last one ended: first what was missed, then hello', async () => {
    const { reader, place } = await followFromNow('vera')
    await reader.cancel()
    const [one, two] = [await api.hold(), await api.hold()]
    await api.as('rick', `/api/holds/${one}/votes`, { method: 'POST', body: { decision: 'approve' } })
    const { next } = await follow('vera', place)
    expect(await next()).toMatchObject({ type: 'hold', data: { hold: two, change: { seq: 2 } } })
    const last = await next()
    expect(last).toMatchObject({ type: 'hold', data: { hold: one, state: 'approved', change: { seq: 3 } } })
    expect(await next()).toMatchObject({ type: 'hello', data: { seq: 3, resumed: true }, id: last?.id })
  })

  test.each(['gone-7', '!', 'x'.repeat(128)])('with a Last-Event-ID that says nothing (%s) starts anew', async (id) => {
    const { next } = await follow('vera', id)
    expect(await next()).toMatchObject({ type: 'hello', data: { resumed: false } })
  })

  test('tells of new rules', async () => {
    const { next } = await followFromNow('vera')
    api.changeRules('def456')
    expect(await next()).toEqual({ type: 'rules', data: { version: 'def456' } })
  })

  test('tells of a growing ledger every three seconds at most, and of one that failed within a second', async () => {
    const { next } = await followFromNow('vera')
    const size = api.ledger.head.size
    api.ledger.append('door.closed', { door: 'a' })
    vi.advanceTimersByTime(2_000)
    api.ledger.append('door.closed', { door: 'b' })
    vi.advanceTimersByTime(1_000)
    expect(await next()).toEqual({ type: 'ledger', data: { state: 'open', size: size + 2 } })
    api.ledger.fail()
    vi.advanceTimersByTime(1_000)
    expect(await next()).toEqual({ type: 'ledger', data: { state: 'failed', size: size + 2 } })
  })

  test('says every 15 seconds on a quiet line which change was the last', async () => {
    await api.hold()
    const { next } = await followFromNow('vera')
    vi.advanceTimersByTime(15_000)
    expect(await next()).toEqual({ type: 'pulse', data: { run: expect.any(String), seq: 1 } })
  })

  test('ends when the token is revoked, without the news that came after', async () => {
    const { next } = await followFromNow('rick')
    await api.people.revokeToken(api.tokens.get('rick')?.id ?? '', 'root')
    await api.hold()
    expect(await next()).toBeUndefined()
  })

  test('a reader that leaves too much unread is disconnected', async () => {
    const { reader } = await follow('vera')
    for (let i = 0; i < 4; i++) {
      await api.hold({ rule: { id: 'r', about: 'About', message: 'x'.repeat(600_000) } })
    }
    await expect(reader.read()).rejects.toThrow('too slow')
  })
})
