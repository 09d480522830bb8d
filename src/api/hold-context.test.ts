import { beforeEach, describe, expect, test } from 'vitest'
import { type TestApi, testApi } from '../../test/support/test-api.ts'
import { type Action, completeAction } from '../action/index.ts'
import type { HoldContext } from './hold-context.ts'

let api: TestApi

beforeEach(async () => {
  api = await testApi()
})

const action = (statement: string, actor = 'shop:app', at = '2020-01-01T00:00:00.000Z'): Action =>
  completeAction({
    at,
    door: 'shop',
    operation: 'DELETE',
    actor: { id: actor, name: actor },
    request: { statement, parameters: [1] },
  })

const context = async (hold: string): Promise<HoldContext> =>
  JSON.parse(await (await api.as('vera', `/api/holds/${hold}/context`)).text())

describe('what is told beside a hold', () => {
  test('is what the same actor did before, not what others did, came later, or is held here', async () => {
    const held = action('DELETE FROM t')
    for (const one of [action('SELECT 1'), action('SELECT 2', 'shop:other'), held]) {
      api.ledger.append('action.requested', { action: one, judged: null })
    }
    const hold = await api.hold({ actions: [held] })
    const later = action('SELECT 3', 'shop:app', new Date(Date.now() + 60_000).toISOString())
    await api.ledger.append('action.requested', { action: later, judged: null }).durable
    const told = (await context(hold)).actions.map((record) => record.action.request.statement)
    expect(told).toEqual(['SELECT 1'])
  })

  test('is what became of the same statement, whoever asked, and of what the requester asked before', async () => {
    const same = await api.hold({ actions: [action('DROP t', 'shop:b')], requester: { id: 'shop:b', name: 'b' } })
    await api.as('rick', `/api/holds/${same}/votes`, { method: 'POST', body: { decision: 'reject', reason: 'no' } })
    const other = await api.hold({ actions: [action('DROP u')] })
    await api.hold({ actions: [action('DROP v', 'shop:b')], requester: { id: 'shop:b', name: 'b' } })
    const hold = await api.hold({ actions: [action('DROP t')] })
    const { holds, ended } = await context(hold)
    expect(holds).toEqual([
      expect.objectContaining({ hold: other, same: false, state: 'pending', decided: null }),
      expect.objectContaining({ hold: same, same: true, state: 'rejected', decided: { by: 'rick', reason: 'no' } }),
    ])
    expect(ended).toEqual({ released: 0, rejected: 0, other: 0 })
  })

  test('does not exist for a hold that does not', async () => {
    expect((await api.as('vera', '/api/holds/x/context')).status).toBe(404)
  })
})
