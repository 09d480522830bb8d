import type { Action } from '../action/index.ts'
import type { EntryBodies, EntryKind } from '../ledger/index.ts'
import { type Facts, factsOf, type WindowFold } from '../rules/index.ts'
import { measuredActions } from './measured.ts'

/** What an entry of the ledger means for windows. */
export type WindowChange =
  | {
      readonly type: 'requested'
      readonly action: Action
      readonly facts: Facts
      readonly at: number
      readonly becomes: 'running' | 'waiting' | 'refused'
    }
  | { readonly type: 'released'; readonly id: string; readonly at: number }
  | {
      readonly type: 'ended'
      readonly id: string
      readonly at: number
      readonly took: boolean
      readonly exactly?: (action: Action) => readonly Action[]
    }

/** @param at milliseconds since 1970, when the entry was appended */
export function windowChange(kind: EntryKind, body: unknown, at: number): WindowChange | undefined {
  if (isKind('action.requested', kind, body)) {
    const { action, judged } = body
    return { type: 'requested', action, facts: factsOf(action), at, becomes: becomes(judged?.verdict) }
  }
  if (isKind('action.released', kind, body)) return { type: 'released', id: body.action, at }
  if (isKind('action.judged', kind, body)) {
    // The rules changed while it waited, and do not ask for anybody any more.
    return becomes(body.verdict) === 'running' ? { type: 'released', id: body.action, at } : undefined
  }
  return isKind('action.settled', kind, body) ? ended(body, at) : undefined
}

export function applyChange(fold: WindowFold, change: WindowChange): void {
  switch (change.type) {
    case 'requested':
      return fold.requested(change.action, change.facts, change.at, change.becomes)
    case 'released':
      return fold.released(change.id)
    case 'ended':
      return fold.ended(change.id, change.at, change)
  }
}

function ended({ action: id, outcome, rows, measured }: EntryBodies['action.settled'], at: number): WindowChange {
  // What nobody saw the end of may have run.
  const took = outcome === 'completed' || outcome === 'unknown'
  if (outcome !== 'completed') return { type: 'ended', id, at, took }
  if (measured !== undefined) {
    return {
      type: 'ended',
      id,
      at,
      took,
      exactly: (action) => measuredActions([action], { tables: measured, locked: [] }),
    }
  }
  if (rows === null) return { type: 'ended', id, at, took }
  return {
    type: 'ended',
    id,
    at,
    took,
    exactly: (action) => [{ ...action, impact: { ...action.impact, rows, exact: true } }],
  }
}

function becomes(verdict: EntryBodies['action.judged']['verdict'] | undefined): 'running' | 'waiting' | 'refused' {
  switch (verdict) {
    case 'allow':
    case 'flag':
      return 'running'
    case 'hold':
      return 'waiting'
    case 'block':
    case undefined:
      return 'refused'
  }
}

/** The kind of an entry says what its body is. */
export function isKind<K extends EntryKind>(wanted: K, kind: EntryKind, body: unknown): body is EntryBodies[K] {
  return kind === wanted && typeof body === 'object'
}
