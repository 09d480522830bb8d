import { beforeEach, describe, expect, test } from 'vitest'
import { type TestApi, testApi } from '../../test/support/test-api.ts'
import { completeAction } from '../action/index.ts'

let api: TestApi

beforeEach(async () => {
  api = await testApi()
  for (const [id, effect] of [
    ['a', 'read'],
    ['b', 'delete'],
    ['c', 'grant'],
  ] as const) {
    api.ledger.append('action.requested', {
      action: completeAction({ id, effects: [effect], request: { statement: `do ${effect}` } }),
      judged: null,
    })
  }
  await api.ledger.append('action.settled', { action: 'b', outcome: 'completed', rows: 7 }).durable
})

const get = async (path: string) => Object(await (await api.as('vera', path)).json())
const ids = (answer: { actions: { action: { id: string } }[] }) => answer.actions.map(({ action }) => action.id)

describe('actions over the API', () => {
  test('are found by filters, each of which may be given several times', async () => {
    expect(ids(await get('/api/actions?effect=delete&effect=grant'))).toEqual(['c', 'b'])
    expect(ids(await get('/api/actions?outcome=open&text=do'))).toEqual(['c', 'a'])
    expect(ids(await get(`/api/actions?text=${encodeURIComponent('"do delete"')}`))).toEqual(['b'])
    expect(ids(await get('/api/actions?since=2999-01-01T00:00:00Z'))).toEqual([])
  })

  test('come page by page by `next`, with how far the index is', async () => {
    const first = await get('/api/actions?limit=2')
    expect(first).toMatchObject({ actions: [{ action: { id: 'c' } }, { action: { id: 'b' } }], index: { lag: 0 } })
    const second = await get(`/api/actions?limit=2&before=${first.next}`)
    expect([ids(second), second.next]).toEqual([['a'], null])
  })

  test('refuse a filter that does not exist in this form, and say which', async () => {
    for (const query of ['effect=smash', 'since=yesterday', 'text=', 'limit=501', 'text=%3B%3B']) {
      const answer = await api.as('vera', `/api/actions?${query}`)
      expect([query, answer.status]).toEqual([query, 400])
    }
  })

  test('tell the story of one, entry by entry', async () => {
    const { action, entries } = await get('/api/actions/b')
    expect(action).toMatchObject({ action: { id: 'b' }, outcome: 'completed', rows: 7 })
    expect(entries.map(({ kind }: { kind: string }) => kind)).toEqual(['action.requested', 'action.settled'])
    expect((await api.as('vera', '/api/actions/zzz')).status).toBe(404)
  })

  test('are counted over time, by a day and by verdict where nothing else is asked for', async () => {
    const day = await get('/api/actions/counts')
    expect(day).toMatchObject({ by: 'verdict', step: 600, series: [{ value: 'none', total: 3 }] })
    expect(day.series[0].counts).toHaveLength(day.times.length)
    const effects = await get('/api/actions/counts?by=effect&step=3600')
    expect(effects.series.map(({ value }: { value: string }) => value).sort()).toEqual(['delete', 'grant', 'read'])
    const since = '2020-01-01T00:00:00Z'
    expect((await api.as('vera', `/api/actions/counts?since=${since}&step=60`)).status).toBe(400)
    expect((await api.as('vera', `/api/actions/counts?since=${since}&until=${since}`)).status).toBe(400)
    expect((await api.as('vera', `/api/actions/counts?since=${since}`)).status).toBe(200)
  })

  test('come from an index that an admin can have built anew', async () => {
    const answer = await api.as('root', '/api/actions/index/rebuild', { method: 'POST', body: {} })
    expect(answer.status).toBe(200)
    expect(ids(await get('/api/actions'))).toEqual(['c', 'b', 'a'])
    expect(await get('/api/actions/index')).toMatchObject({ state: 'following', lag: 0, error: null })
  })
})
