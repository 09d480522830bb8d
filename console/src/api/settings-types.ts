/** A way people are told of what waits, and how it stands with it. */
export interface NotifyChannel {
  readonly name: string
  readonly kind: 'slack' | 'teams' | 'webhook' | 'email'
  readonly events: readonly string[]
  /** Empty: every door. */
  readonly doors: readonly string[]
  /** 0: no limit. */
  readonly perMinute: number
  /** Milliseconds; 0: never. */
  readonly remindAfter: number
  /** `idle`: nothing was sent since the start. */
  readonly state: 'idle' | 'working' | 'failing'
  readonly queued: number
  readonly sent: number
  readonly lost: number
  readonly lastSentAt: string | null
  readonly lastError: { readonly at: string; readonly message: string; readonly attempts: number } | null
  readonly nextAttemptAt: string | null
}

export interface NotifyTest {
  readonly delivered: boolean
  readonly problem: string | null
}
