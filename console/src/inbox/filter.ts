import type { HoldView } from '../api/types.ts'
import { searchText } from '../format/impact.ts'

/** What of the inbox is shown; an empty text says nothing. */
export interface InboxFilter {
  readonly text: string
  readonly door: string
  readonly rule: string
  /** Only what the person who looks may decide. */
  readonly mine: boolean
  /** Only where a client waits on its connection. */
  readonly waiting: boolean
}

export const noFilter: InboxFilter = { text: '', door: '', rule: '', mine: false, waiting: false }

export function isFiltering(filter: InboxFilter): boolean {
  return filter.text.trim() !== '' || filter.door !== '' || filter.rule !== '' || filter.mine || filter.waiting
}

export function matching(holds: readonly HoldView[], filter: InboxFilter): HoldView[] {
  const words = filter.text.toLowerCase().split(/\s+/).filter(Boolean)
  return holds.filter((hold) => {
    if (filter.door !== '' && hold.door !== filter.door) return false
    if (filter.rule !== '' && hold.rule.id !== filter.rule) return false
    if (filter.mine && !hold.mayVote.allowed) return false
    if (filter.waiting && !hold.waiting) return false
    if (words.length === 0) return true
    const text = searchText(hold)
    return words.every((word) => text.includes(word))
  })
}

/** Each value with how often it occurs, by name. */
export function counted(values: readonly string[]): [value: string, count: number][] {
  const counts = new Map<string, number>()
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1)
  return [...counts].sort(([a], [b]) => a.localeCompare(b))
}
