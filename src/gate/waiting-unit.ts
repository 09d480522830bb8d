import { errorMessage } from '../errors/index.ts'
import type { Hold, Holds } from '../holds/index.ts'
import type { Refusal, Words } from './gate.ts'
import {
  expiredRefusal,
  heldRefusal,
  heldWords,
  rejectedRefusal,
  unrecordedRefusal,
  withdrawnRefusal,
} from './words.ts'

/** What comes of judging a waiting unit again. */
export type Retry =
  | { readonly kind: 'run'; readonly recorded: Promise<void> }
  | { readonly kind: 'refuse'; readonly refusal: Refusal }
  | { readonly kind: 'hold'; readonly opened: { hold: Hold; durable: Promise<void> } }

export interface WaitingContext {
  /** Milliseconds the client may wait. */
  readonly wait: number
  readonly publicUrl: string
  readonly holds: Holds
  readonly notify: (notice: Words) => void
  /** One client more or fewer waits on a hold. Returns how many do. */
  readonly count: (hold: string, change: 1 | -1) => number
  /** Called when the hold was approved, or its approval was used by somebody else. */
  readonly retry: (hold: Hold) => Retry
  /** Called once if the unit will not run. */
  readonly ended: (refusal: Refusal) => void
}

/** One client that waits for a hold to be decided. Ends exactly once. */
export class WaitingUnit {
  /** undefined: run now, everything about it is durable. */
  readonly decided: Promise<Refusal | undefined>
  readonly #context: WaitingContext
  readonly #unsubscribe: () => void
  readonly #timer: NodeJS.Timeout
  #hold: Hold
  #resolve: (refusal: Refusal | undefined) => void = () => undefined
  #state: 'waiting' | 'releasing' | 'over' = 'waiting'

  constructor(opened: { hold: Hold; durable: Promise<void> }, context: WaitingContext) {
    this.#context = context
    this.#hold = opened.hold
    this.decided = new Promise((resolve) => {
      this.#resolve = resolve
    })
    this.#unsubscribe = context.holds.subscribe((hold) => this.#changed(hold))
    this.#timer = setTimeout(() => {
      if (this.#state !== 'waiting') return
      const why = 'nobody has decided yet, and the client has waited as long as the door allows.'
      this.#finish(heldRefusal(this.#hold, context.publicUrl, why))
    }, context.wait)
    this.#arrive(opened)
  }

  withdraw(reason: string): void {
    if (this.#state === 'over') return
    const { hold, requester } = this.#hold
    const others = this.#finish(withdrawnRefusal(this.#hold))
    if (others === 0) this.#context.holds.end(hold, 'withdrawn', requester.id, reason).catch(() => undefined)
  }

  #arrive({ hold, durable }: { hold: Hold; durable: Promise<void> }): void {
    this.#hold = hold
    this.#context.count(hold.hold, 1)
    durable.catch((error: unknown) => this.#finish(unrecordedRefusal(errorMessage(error))))
    this.#context.notify(heldWords(hold, this.#context.publicUrl))
  }

  #changed(hold: Hold): void {
    if (this.#state !== 'waiting' || hold.hold !== this.#hold.hold) return
    this.#hold = hold
    switch (hold.state) {
      case 'pending':
        return
      case 'approved':
      case 'released':
        return this.#retry(hold)
      case 'rejected':
        this.#finish(rejectedRefusal(hold, this.#context.publicUrl))
        return
      case 'expired':
        this.#finish(expiredRefusal(hold, this.#context.publicUrl))
        return
      case 'withdrawn':
        this.#finish(withdrawnRefusal(hold))
    }
  }

  #retry(hold: Hold): void {
    // From here on the hold's own changes (released, withdrawn because the rules changed) are our doing.
    this.#state = 'releasing'
    let retry: Retry
    try {
      retry = this.#context.retry(hold)
    } catch (error) {
      retry = { kind: 'refuse', refusal: unrecordedRefusal(errorMessage(error)) }
    }
    switch (retry.kind) {
      case 'run':
        retry.recorded.then(
          () => this.#finish(undefined),
          (error: unknown) => this.#finish(unrecordedRefusal(errorMessage(error))),
        )
        return
      case 'refuse':
        this.#finish(retry.refusal)
        return
      case 'hold':
        this.#context.count(hold.hold, -1)
        this.#state = 'waiting'
        this.#arrive(retry.opened)
    }
  }

  /** Ends the wait, once. Returns how many others wait on the same hold. */
  #finish(refusal: Refusal | undefined): number {
    if (this.#state === 'over') return 0
    this.#state = 'over'
    clearTimeout(this.#timer)
    this.#unsubscribe()
    const others = this.#context.count(this.#hold.hold, -1)
    if (refusal !== undefined) this.#context.ended(refusal)
    this.#resolve(refusal)
    return others
  }
}
