import { describe, expect, test } from 'vitest'
import { MemoryLedger } from '../../test/support/memory-ledger.ts'
import { completeAction } from '../action/index.ts'
import { recentActions } from './recent-actions.ts'

function request(ledger: MemoryLedger, id: string): void {
  ledger.append('action.requested', { action: completeAction({ id }), judged: null })
}

async function ids(ledger: MemoryLedger, page: { limit: number; before?: number }): Promise<string[]> {
  return (await recentActions(ledger, page)).map(({ action }) => action.id)
}

describe('recent actions', () => {
  test('an action gathers its verdict, its hold and its end', async () => {
    const ledger = new MemoryLedger()
    const judged = { verdict: 'hold', ruleSet: 'v1', rule: 'r', reason: 'Too much' } as const
    const action = completeAction({ id: 'a' })
    ledger.append('action.requested', { action, judged: { ...judged, matched: ['r'], shadow: [] } })
    ledger.append('action.released', { action: 'a', hold: 'H', ruleSet: 'v1' })
    ledger.append('action.settled', { action: 'a', outcome: 'failed', rows: null, code: '42P01', message: 'no table' })
    await ledger.flush()
    expect(await recentActions(ledger, { limit: 1 })).toEqual([
      { index: 0, action, ...judged, hold: 'H', outcome: 'failed', rows: null, message: 'no table' },
    ])
  })

  test('a later verdict takes the place of the first', async () => {
    const ledger = new MemoryLedger()
    request(ledger, 'a')
    const judged = { verdict: 'block', ruleSet: 'v2', rule: 'r', reason: 'No' } as const
    ledger.append('action.judged', { action: 'a', ...judged, matched: ['r'], shadow: [] })
    await ledger.flush()
    expect(await recentActions(ledger, { limit: 1 })).toMatchObject([judged])
  })

  test('pages are newest first, without gaps or repetition, however many other entries stand between', async () => {
    const ledger = new MemoryLedger()
    const all: string[] = []
    for (let i = 0; i < 60; i++) {
      request(ledger, `a${i}`)
      all.unshift(`a${i}`)
      for (let j = 0; j < 20; j++) ledger.append('door.closed', { door: 'x' })
    }
    await ledger.flush()
    const seen: string[] = []
    let before: number | undefined
    for (;;) {
      const page = await recentActions(ledger, { limit: 7, ...(before === undefined ? {} : { before }) })
      if (page.length === 0) break
      seen.push(...page.map(({ action }) => action.id))
      before = page.at(-1)?.index
    }
    expect(seen).toEqual(all)
  })

  test('an ending that stands long after its request is found', async () => {
    const ledger = new MemoryLedger()
    request(ledger, 'slow')
    for (let i = 0; i < 500; i++) request(ledger, `b${i}`)
    ledger.append('action.settled', { action: 'slow', outcome: 'completed', rows: 3 })
    await ledger.flush()
    expect(await recentActions(ledger, { limit: 1, before: 1 })).toMatchObject([{ outcome: 'completed', rows: 3 }])
  })

  test('an empty ledger has none', async () => {
    expect(await ids(new MemoryLedger(), { limit: 5 })).toEqual([])
  })
})
