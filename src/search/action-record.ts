import type { Action, Effect, Outcome } from '../action/index.ts'
import type { Entry, Settlement } from '../ledger/index.ts'

/** One action and what became of it. */
export interface ActionRecord {
  /** Where its request stands on the ledger; newer ones stand further on, so this is also its place in a list. */
  readonly index: number
  /** When it was put on the record, RFC 3339 UTC. */
  readonly at: string
  /** In a list, texts of a very long request are cut (`cut`); `story` and the ledger have all of them. */
  readonly action: Action
  readonly cut: boolean
  /** null: not judged (it failed before). */
  readonly verdict: Outcome | null
  readonly rule: string | null
  readonly reason: string
  readonly ruleSet: string | null
  /** null: not over. */
  readonly outcome: Settlement | null
  readonly rows: number | null
  readonly endedAt: string | null
  readonly message?: string
  readonly hold?: string
}

/** One action with every entry that speaks of it, in the order of the ledger. */
export interface ActionStory {
  readonly record: ActionRecord
  readonly entries: readonly Entry[]
}

/** Which actions. Several values of one member: any of them. Several members: all of them. */
export interface ActionFilter {
  /** Actor id, or name. */
  readonly actor?: readonly string[]
  readonly effect?: readonly Effect[]
  /** `none`: not judged. */
  readonly verdict?: readonly (Outcome | 'none')[]
  readonly rule?: readonly string[]
  readonly door?: readonly string[]
  readonly resource?: readonly string[]
  readonly operation?: readonly string[]
  /** `open`: not over. */
  readonly outcome?: readonly (Settlement | 'open')[]
  readonly hold?: readonly string[]
  readonly session?: readonly string[]
  /** RFC 3339; put on the record at this time or later. */
  readonly since?: string
  /** RFC 3339; put on the record before this time. */
  readonly until?: string
  /** Words that all occur; "several words" in quotes: as a phrase; word*: as a beginning. */
  readonly text?: string
}

export interface ActionPage {
  readonly limit: number
  /** Only actions whose request stands before this index. */
  readonly before?: number
}

export const countDimensions = ['verdict', 'effect', 'actor', 'door', 'rule', 'outcome', 'operation'] as const
export type CountDimension = (typeof countDimensions)[number]

export interface CountQuery {
  readonly by: CountDimension
  /** Milliseconds since 1970, UTC. */
  readonly since: number
  readonly until: number
  /** Width of a bucket in minutes. */
  readonly step: number
}

/** How many actions there were over time. */
export interface ActionCounts {
  readonly by: CountDimension
  /** Seconds. */
  readonly step: number
  /** Start of each bucket, RFC 3339 UTC, without gaps. */
  readonly times: readonly string[]
  /** Most frequent first; the rest beyond a number of values is in `value: null`. */
  readonly series: readonly {
    readonly value: string | null
    readonly total: number
    /** One for each bucket. */
    readonly counts: readonly number[]
  }[]
}

export interface IndexStatus {
  readonly state: 'following' | 'catching-up' | 'failed' | 'closed'
  /** Entries of the ledger that the index knows. */
  readonly indexed: number
  /** Durable entries on the ledger. */
  readonly size: number
  /** How many entries the index is behind. */
  readonly lag: number
  /** Why it does not follow. */
  readonly error: string | null
}
