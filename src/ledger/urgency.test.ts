import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type Ledger, openFileLedger } from './index.ts'

let directory: string
let ledger: Ledger

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'sallyport-urgency-'))
  ledger = await openFileLedger({ directory })
})
afterEach(async () => {
  await ledger.close()
  await rm(directory, { recursive: true, force: true })
})

const closed = (door: string) => ['door.closed', { door }] as const

describe('entries that need not be durable at once', () => {
  test('become durable by themselves', async () => {
    const { durable } = ledger.append(...closed('a'), 'soon')
    await durable
    const doors: unknown[] = []
    for await (const entry of ledger.entries()) doors.push(entry.body)
    expect(doors).toEqual([{ door: 'a' }])
  })

  test('are taken along, in order, by the first that must be', async () => {
    const order: string[] = []
    ledger.append(...closed('soon'), 'soon').durable.then(() => order.push('soon'))
    const now = ledger.append(...closed('now'))
    await now.durable
    order.push('now')
    expect(order).toEqual(['soon', 'now'])
    expect(now.index).toBe(1)
  })

  test('are not left behind by flush or close', async () => {
    const durable: string[] = []
    ledger.append(...closed('a'), 'soon').durable.then(() => durable.push('a'))
    await ledger.flush()
    ledger.append(...closed('b'), 'soon').durable.then(() => durable.push('b'))
    await ledger.close()
    expect(durable).toEqual(['a', 'b'])
    ledger = await openFileLedger({ directory })
    expect(ledger.head.size).toBe(2)
  })
})

test('a listener that asks for some kinds hears of these only, in order', async () => {
  const heard: string[] = []
  ledger.subscribe((entry) => heard.push(entry.kind), ['server.stopped'])
  ledger.append(...closed('a'))
  ledger.append('server.stopped', { reason: 'test' })
  ledger.append(...closed('b'))
  await ledger.flush()
  expect(heard).toEqual(['server.stopped'])
})
