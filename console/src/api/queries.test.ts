import { describe, expect, test } from 'vitest'
import { progress } from './queries.ts'

const vote = { by: 'rita', decision: 'approve', reason: '', at: '' } as const

describe('an older view of a hold', () => {
  test.each([
    ['a vote more', { state: 'pending', votes: [vote] }, { state: 'pending', votes: [] }],
    ['approved', { state: 'approved', votes: [vote] }, { state: 'pending', votes: [vote] }],
    ['released', { state: 'released', votes: [vote] }, { state: 'approved', votes: [vote] }],
    ['withdrawn', { state: 'withdrawn', votes: [] }, { state: 'pending', votes: [] }],
  ] as const)('is told from a newer one: %s', (_what, newer, older) => {
    expect(progress(newer)).toBeGreaterThan(progress(older))
  })
})
