import { describe, expect, test } from 'vitest'
import { MemoryLedger } from '../../test/support/memory-ledger.ts'
import { completeAction } from '../action/index.ts'
import { RecentActions } from './recent-actions.ts'

function request(ledger: MemoryLedger, id: string, statement = ''): void {
  ledger.append('action.requested', { action: completeAction({ id, request: { statement } }), digest: '' })
}

const ids = (recent: RecentActions) => recent.list({ limit: 100 }).map(({ action }) => action.id)

describe('recent actions', () => {
  test('an action gathers its verdict, its hold and its end', async () => {
    const ledger = new MemoryLedger()
    const recent = await RecentActions.open({ ledger })
    request(ledger, 'a')
    const judged = { verdict: 'hold', ruleSet: 'v1', rule: 'r', reason: 'Too much' } as const
    ledger.append('action.judged', { action: 'a', ...judged, matched: ['r'], shadow: [] })
    ledger.append('action.released', { action: 'a', hold: 'H', ruleSet: 'v1' })
    ledger.append('action.settled', { action: 'a', outcome: 'failed', rows: null, code: '42P01', message: 'no table' })
    await ledger.flush()
    expect(recent.list({ limit: 1 })).toEqual([
      {
        index: 0,
        action: completeAction({ id: 'a', request: { statement: '' } }),
        ...judged,
        hold: 'H',
        outcome: 'failed',
        rows: null,
        message: 'no table',
      },
    ])
  })

  test('is the same after a restart', async () => {
    const ledger = new MemoryLedger()
    const recent = await RecentActions.open({ ledger })
    for (const id of ['a', 'b']) request(ledger, id)
    ledger.append('action.settled', { action: 'a', outcome: 'completed', rows: 1 })
    await ledger.flush()
    const again = await RecentActions.open({ ledger })
    expect(again.list({ limit: 9 })).toEqual(recent.list({ limit: 9 }))
  })

  test('keeps the newest ones only', async () => {
    const ledger = new MemoryLedger()
    const recent = await RecentActions.open({ ledger, kept: 3 })
    for (const id of ['a', 'b', 'c', 'd', 'e']) request(ledger, id)
    ledger.append('action.settled', { action: 'a', outcome: 'completed', rows: 1 })
    await ledger.flush()
    expect(ids(recent)).toEqual(['e', 'd', 'c'])
  })

  test('keeps fewer where statements are enormous', async () => {
    const ledger = new MemoryLedger()
    const recent = await RecentActions.open({ ledger })
    const statement = 'x'.repeat(30 * 1024 * 1024)
    for (const id of ['a', 'b', 'c']) request(ledger, id, statement)
    await ledger.flush()
    expect(ids(recent)).toEqual(['c', 'b'])
  })

  test('takes in what becomes durable while the ledger is read, once and in order', async () => {
    const ledger = new MemoryLedger({ automatic: false })
    request(ledger, 'a')
    ledger.sync()
    const opening = RecentActions.open({ ledger })
    request(ledger, 'b')
    ledger.sync()
    expect(ids(await opening)).toEqual(['b', 'a'])
  })
})
