import type { SallyportErrorCode } from '../errors/index.ts'
import type { ActionCounts, ActionFilter, ActionPage, ActionRecord, ActionStory, CountQuery } from './action-record.ts'

/** What an index can be asked, wherever it runs. The answer to what changes it is how many entries it knows. */
export interface IndexCalls {
  /** Takes in what is durable up to (without) the entry `to`. */
  catchUp(to: number): Promise<number>
  rebuild(reason: string): Promise<number>
  find(filter: ActionFilter, page: ActionPage): Promise<ActionRecord[]>
  counts(query: CountQuery): Promise<ActionCounts>
  story(id: string): Promise<ActionStory | null>
}

/** An index in its own thread, or, in tests, in this one. */
export interface IndexHost extends IndexCalls {
  readonly indexed: number
  close(): Promise<void>
}

export interface HostEvents {
  /** The index was dropped, and is built anew. */
  dropped(reason: string): void
  progress(indexed: number): void
  /** The host is gone and answers nothing any more. */
  gone(reason: string): void
}

export type Call = {
  [K in keyof IndexCalls]: { readonly name: K; readonly args: Parameters<IndexCalls[K]> }
}[keyof IndexCalls]

/** Messages to the thread. */
export type ToWorker = { readonly id: number; readonly call: Call } | { readonly close: true }

/** Messages from it. An error crosses as its parts: a class does not. */
export type FromWorker =
  | { readonly type: 'ready'; readonly indexed: number }
  | { readonly type: 'dropped'; readonly reason: string }
  | { readonly type: 'progress'; readonly indexed: number }
  | { readonly type: 'answer'; readonly id: number; readonly value: unknown }
  | {
      readonly type: 'failure'
      readonly id: number
      readonly code: SallyportErrorCode
      readonly message: string
      readonly hint?: string
    }
