import type { Gate, Unit } from '../../gate/index.ts'
import type { SessionCatalog } from './catalog/index.ts'
import type { ChangeFollower } from './change-follower.ts'
import type { ClientLink } from './client-link.ts'
import type { DoorGrammar } from './grammar/index.ts'
import type { Expected, Replies } from './replies.ts'
import type { ServerLink } from './server-link.ts'
import type { SessionFacts } from './statement-action.ts'
import type { Step } from './steps.ts'

/** Messages that are let through or refused together. */
export interface Work {
  readonly steps: readonly Step[]
  /** Everything but a final Sync. */
  readonly messages: readonly Buffer[]
  /** The Sync that ends an extended batch. A simple Query ends itself. */
  readonly sync: Buffer | undefined
  readonly extended: boolean
  /** Extended: the message that runs each step, and how many messages there are before a final Flush. */
  readonly stepAt: readonly number[]
  readonly stepEnd: number
  /** Its only step stands for the Sync itself, which makes earlier messages final. */
  readonly isImplicitCommit: boolean
  /** Called when a statement of a simple Query completed. */
  readonly completed: (step: number) => void
  /** What the server will answer to `messages`, given the ids of the actions (in the order of `steps`). */
  readonly expect: (actionIds: readonly string[]) => readonly Expected[]
}

export interface RunnerContext {
  readonly client: ClientLink
  readonly server: ServerLink
  readonly replies: Replies
  readonly gate: Gate
  readonly facts: SessionFacts
  /** The session showed the secret of a change. */
  readonly change: ChangeFollower | undefined
  readonly policy: RunnerPolicy
  readonly catalog: SessionCatalog
  readonly grammar: () => DoorGrammar
  readonly now: () => number
  /** Settings of the session that decide what names mean. */
  readonly context: () => Readonly<Record<string, string>>
  /** The server can tell what a transaction has done so far. */
  readonly countsRows: () => boolean
  /** The client is gone. */
  readonly isClosed: () => boolean
  /** The session cannot go on: its record was lost while its work was under way. */
  readonly fail: (error: unknown) => void
}

/** What it takes to ask the server something on the client's own connection. */
export type AskingContext = Pick<RunnerContext, 'server' | 'replies' | 'catalog' | 'grammar' | 'now'>

export interface RunnerPolicy {
  readonly unknown: Unit['unknown']
  /** Milliseconds a held client may wait. */
  readonly wait: number
  /** Whether replies to plain reads wait until their record is durable. */
  readonly record: 'strict' | 'batched'
  /** Whether what was done is measured before it becomes final. */
  readonly commitGate: boolean
  /** Rows whose keys are shown where a statement is held; 0: none. */
  readonly sample: number
}

/** What came of running a unit of work. `skipToSync`: it failed inside a batch whose Sync is still to come. */
export type Ran = 'forwarded' | 'refused' | 'skipToSync'
