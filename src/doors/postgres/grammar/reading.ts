import type { StatementFacts, Understanding } from './facts.ts'
import type { Routine } from './procedural.ts'
import type { Selection } from './selection.ts'

/** One text to be read, by the grammar of a major version; each as the method of `Grammar` of the same name reads it. */
export type Reading =
  | { readonly call: 'understand'; readonly major: number; readonly sql: string }
  | { readonly call: 'understandBody'; readonly major: number; readonly routine: Routine }
  | { readonly call: 'selectionOf'; readonly major: number; readonly sql: string }

export interface ReadingResults {
  readonly understand: Understanding
  readonly understandBody: StatementFacts | undefined
  readonly selectionOf: Selection | undefined
}

/** What a reading thread says. `begun`: everything is loaded, and the reading itself starts. */
export type FromReadingThread =
  | { readonly type: 'begun' }
  | { readonly type: 'read'; readonly result: ReadingResults[Reading['call']] }
