import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { localHost } from '../../test/support/local-search.ts'
import { MemoryLedger } from '../../test/support/memory-ledger.ts'
import { completeAction } from '../action/index.ts'
import { openFileLedger } from '../ledger/index.ts'
import { ActionIndex } from './action-index.ts'
import { openActionIndex } from './index.ts'
import type { IndexHost } from './index-host.ts'

let folder: string
const opened: (() => Promise<void>)[] = []

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sallyport-index-'))
})
afterEach(async () => {
  for (const close of opened.splice(0).reverse()) await close()
  rmSync(folder, { recursive: true, force: true })
})

type Events = { event: string; details: Record<string, unknown> }[]

async function inFiles(events: Events = []) {
  const directory = join(folder, 'ledger')
  const ledger = await openFileLedger({ directory })
  opened.push(() => ledger.close())
  const index = openActionIndex({
    ledger,
    directory,
    file: join(folder, 'index.db'),
    log: (event, details) => events.push({ event, details }),
  })
  opened.push(() => index.close())
  const request = (id: string, statement = 'SELECT 1') =>
    ledger.append('action.requested', { action: completeAction({ id, request: { statement } }), judged: null }).durable
  return { ledger, index, request }
}

const all = { limit: 500 }

describe('the index of a server', () => {
  test('knows an action as soon as it is durable', async () => {
    const { index, request } = await inFiles()
    for (const id of ['a', 'b', 'c']) {
      await request(id)
      expect((await index.find({}, { limit: 1 }))[0]?.action.id).toBe(id)
    }
    expect(index.status()).toEqual({ state: 'following', indexed: 3, size: 3, lag: 0, error: null })
  })

  test('takes in what happened while it was closed, bursts and long statements, each entry once and in order', async () => {
    const first = await inFiles()
    await first.request('early')
    await first.index.find({}, all)
    await first.index.close()
    const ids = ['early']
    let last = Promise.resolve()
    const add = (id: string, statement?: string) => {
      ids.push(id)
      last = first.request(id, statement)
    }
    for (let i = 0; i < 3_000; i++) add(`burst${i}`)
    add('long', `SELECT ${'x'.repeat(200_000)}`)
    for (let i = 0; i < 10; i++) add(`late${i}`)
    await last
    const again = openActionIndex({
      ledger: first.ledger,
      directory: join(folder, 'ledger'),
      file: join(folder, 'index.db'),
      log: () => undefined,
    })
    opened.push(() => again.close())
    await vi.waitFor(() => expect(again.status()).toMatchObject({ state: 'following', lag: 0 }), { timeout: 20_000 })
    const seen: string[] = []
    for (let before: number | undefined; ; ) {
      const page = await again.find({}, { ...all, ...(before === undefined ? {} : { before }) })
      if (page.length === 0) break
      seen.push(...page.map(({ action }) => action.id))
      before = page.at(-1)?.index
    }
    expect(seen.reverse()).toEqual(ids)
  })

  test('can be dropped while it serves, and is the same again', async () => {
    const events: Events = []
    const { index, request } = await inFiles(events)
    for (let i = 0; i < 300; i++) void request(`a${i}`)
    await request('end')
    const before = await index.find({}, all)
    await index.rebuild('a test asks')
    await vi.waitFor(() => expect(index.status().lag).toBe(0))
    expect(await index.find({}, all)).toEqual(before)
    expect(events).toMatchObject([{ event: 'search_index_dropped', details: { reason: 'a test asks' } }])
  })

  test('that finds a damaged file says so, and builds it anew by itself', async () => {
    writeFileSync(join(folder, 'index.db'), 'damaged '.repeat(2_000))
    const events: Events = []
    const { index, request } = await inFiles(events)
    await request('a')
    expect((await index.find({}, all)).map(({ action }) => action.id)).toEqual(['a'])
    expect(events.map(({ event }) => event)).toEqual(['search_index_dropped'])
  })

  test('that cannot be kept says so and stops nobody: entries are appended, questions are refused with a reason', async () => {
    const directory = join(folder, 'ledger')
    const ledger = await openFileLedger({ directory })
    opened.push(() => ledger.close())
    const events: Events = []
    const log = (event: string, details: Record<string, unknown>) => events.push({ event, details })
    const index = openActionIndex({ ledger, directory, file: join(folder, 'no', 'such', 'folder', 'index.db'), log })
    opened.push(() => index.close())
    await ledger.append('door.closed', { door: 'x' }).durable
    await expect(index.find({}, all)).rejects.toMatchObject({ code: 'search_unavailable' })
    expect(index.status()).toMatchObject({ state: 'failed', lag: 1 })
    expect(events[0]).toMatchObject({ event: 'search_index_failed' })
  })

  test('whose host fails is started again, and goes on', async () => {
    const ledger = new MemoryLedger()
    let starts = 0
    const index = new ActionIndex({
      ledger,
      start: async (events): Promise<IndexHost> => {
        const host = await localHost(ledger, events)
        if (starts++ > 0) return host
        return {
          ...host,
          indexed: 0,
          catchUp: async () => {
            events.gone('it was shot')
            throw new Error('it was shot')
          },
        }
      },
      log: () => undefined,
    })
    opened.push(() => index.close())
    await ledger.append('action.requested', { action: completeAction({ id: 'a' }), judged: null }).durable
    await vi.waitFor(() => expect(index.status()).toMatchObject({ state: 'following', lag: 0 }), { timeout: 15_000 })
    expect(starts).toBe(2)
    expect(await index.find({}, all)).toHaveLength(1)
  })

  test('follows in small steps while doors are busy, and at once for who asks', async () => {
    const ledger = new MemoryLedger()
    const asked: number[] = []
    const index = new ActionIndex({
      ledger,
      start: async (events): Promise<IndexHost> => {
        const host = await localHost(ledger, events)
        return {
          ...host,
          indexed: 0,
          catchUp: (to) => {
            asked.push(to - index.status().indexed)
            return host.catchUp(to)
          },
        }
      },
      log: () => undefined,
      isBusy: () => true,
    })
    opened.push(() => index.close())
    for (let i = 0; i < 4_500; i++)
      ledger.append('action.requested', { action: completeAction({ id: `a${i}` }), judged: null })
    await ledger.flush()
    await vi.waitFor(() => expect(asked.length).toBeGreaterThan(0))
    expect(await index.find({}, { limit: 1 })).toHaveLength(1)
    await vi.waitFor(() => expect(index.status().lag).toBe(0), { timeout: 20_000 })
    expect(asked[0]).toBe(2_000)
    expect((await index.find({}, { limit: 1 }))[0]?.action.id).toBe('a4499')
  })
})
