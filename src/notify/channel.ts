import type { Message, NoticeType } from './notice.ts'

export const channelKinds = ['slack', 'teams', 'webhook', 'email'] as const
export type ChannelKind = (typeof channelKinds)[number]

/**
 * What became of one attempt. `problem` is one sentence without secrets: no path of an address, no answer's text.
 * `isFinal`: trying again will hardly help. `wait`: milliseconds that the other side asked for.
 */
export type Delivery =
  | { readonly delivered: true; readonly problem?: string }
  | { readonly delivered: false; readonly problem: string; readonly isFinal: boolean; readonly wait?: number }

/** Sends one message, once. May throw; must end when the signal aborts. */
export type Send = (message: Message, signal: AbortSignal) => Promise<Delivery>

/** A place where people are told, and of what. */
export interface Channel {
  readonly name: string
  readonly kind: ChannelKind
  readonly events: ReadonlySet<NoticeType>
  /** Empty: every door. */
  readonly doors: ReadonlySet<string>
  /** Whether a hold by this rule is severe enough for it. */
  readonly isSevere: (rule: string) => boolean
  /** Messages within any 60 s; 0: as many as there are. */
  readonly perMinute: number
  /** Milliseconds after which a hold that still waits is told once more; 0: never. */
  readonly remindAfter: number
  readonly send: Send
}

/** Where events of the server go: a name, and what belongs to it. */
export type Log = (event: string, details: Record<string, unknown>) => void
