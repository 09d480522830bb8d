import { performance } from 'node:perf_hooks'
import { errorMessage, SallyportError } from '../errors/index.ts'
import type { Ledger } from '../ledger/index.ts'
import type {
  ActionCounts,
  ActionFilter,
  ActionPage,
  ActionRecord,
  ActionStory,
  CountQuery,
  IndexStatus,
} from './action-record.ts'
import type { HostEvents, IndexHost } from './index-host.ts'
import { unavailable } from './thread-host.ts'

/** Every default of the index, in one place. */
const defaults = {
  /** How long new entries wait for company before they are taken in. */
  gatherMs: 25,
  /** From this part of the time on in which the thread of the doors has something to do, the machine is theirs. */
  busyFrom: 0.5,
  /** Then so many entries are taken in at a time, */
  stepEntries: 2_000,
  /** and after each step the index rests this many times as long as the step took. */
  restFactor: 9,
  /** Entries that a question waits for, so that it sees what was done just before it; and for how long. */
  waitFor: 5_000,
  waitMs: 1_000,
  /** How long it waits for an index that starts. */
  startMs: 10_000,
  /** How long after a failure the index is tried again. */
  retryMs: 2_000,
} as const

/** What can be asked about the actions on the record. */
export interface ActionSearch {
  /** Newest first. */
  find(filter: ActionFilter, page: ActionPage): Promise<ActionRecord[]>
  counts(query: CountQuery): Promise<ActionCounts>
  /** @returns null where no such action is known */
  story(id: string): Promise<ActionStory | null>
  status(): IndexStatus
  /** Drops the index; it is built anew while everything else goes on. */
  rebuild(reason: string): Promise<void>
}

export interface ActionIndexOptions {
  readonly ledger: Ledger
  readonly start: (events: HostEvents) => Promise<IndexHost>
  readonly log: (event: string, details: Record<string, unknown>) => void
  /** Whether the doors have much to do since this was last asked. Not given: how busy the event loop of this thread is. */
  readonly isBusy?: () => boolean
}

/**
 * The index as the server has it: follows the ledger from a distance, and answers from where it is. Nothing waits for
 * it, and whatever happens to it happens to nothing else.
 */
export class ActionIndex implements ActionSearch {
  readonly #options: ActionIndexOptions
  readonly #unsubscribe: () => void
  #durable = 0
  #indexed = 0
  #host: IndexHost | undefined
  #error: string | null = null
  #closed = false
  #working = false
  #timer: NodeJS.Timeout | undefined
  readonly #isBusy: () => boolean
  readonly #waiting = new Set<() => void>()

  constructor(options: ActionIndexOptions) {
    this.#options = options
    this.#isBusy = options.isBusy ?? busyLoop()
    this.#unsubscribe = options.ledger.onDurable((size) => this.#upTo(size))
    const { head } = options.ledger
    options.ledger.flush().then(
      () => this.#upTo(head.size),
      () => undefined,
    )
    void this.#start()
  }

  async find(filter: ActionFilter, page: ActionPage): Promise<ActionRecord[]> {
    return (await this.#ready()).find(filter, page)
  }

  async counts(query: CountQuery): Promise<ActionCounts> {
    return (await this.#ready()).counts(query)
  }

  async story(id: string): Promise<ActionStory | null> {
    return (await this.#ready()).story(id)
  }

  status(): IndexStatus {
    const lag = Math.max(0, this.#durable - this.#indexed)
    const isUpToDate = lag === 0 && this.#host !== undefined
    const state = this.#closed ? 'closed' : this.#error !== null ? 'failed' : isUpToDate ? 'following' : 'catching-up'
    return { state, indexed: this.#indexed, size: this.#durable, lag, error: this.#error }
  }

  async rebuild(reason: string): Promise<void> {
    if (this.#host === undefined) throw unavailable(this.#error ?? (this.#closed ? 'it is closed' : 'it starts'))
    this.#know(await this.#host.rebuild(reason))
    this.#soon(0)
  }

  async close(): Promise<void> {
    this.#closed = true
    this.#unsubscribe()
    clearTimeout(this.#timer)
    this.#wake()
    await this.#host?.close()
  }

  #upTo(durable: number): void {
    if (durable <= this.#durable) return
    this.#durable = durable
    this.#soon(defaults.gatherMs)
  }

  #soon(ms: number): void {
    if (this.#closed || this.#working || this.#host === undefined) return
    if (this.#timer !== undefined && ms > 0) return
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => {
      this.#timer = undefined
      void this.#follow()
    }, ms)
    this.#timer.unref()
  }

  async #follow(): Promise<void> {
    const host = this.#host
    if (host === undefined || this.#working || this.#closed || this.#durable <= this.#indexed) return
    this.#working = true
    try {
      // While doors have much to do it follows slowly and catches up afterwards, unless somebody waits for an answer.
      const isPaced = this.#isBusy() && this.#waiting.size === 0
      const began = performance.now()
      this.#know(
        await host.catchUp(isPaced ? Math.min(this.#durable, this.#indexed + defaults.stepEntries) : this.#durable),
      )
      this.#error = null
      this.#working = false
      const rest = isPaced && this.#waiting.size === 0 ? defaults.restFactor * (performance.now() - began) : 0
      if (this.#durable > this.#indexed) this.#soon(Math.max(defaults.gatherMs, rest))
    } catch (error) {
      this.#working = false
      this.#failed(errorMessage(error))
      if (host === this.#host) this.#know(host.indexed)
      this.#soon(defaults.retryMs)
    }
  }

  async #start(): Promise<void> {
    try {
      const host = await this.#options.start({
        dropped: (reason) => {
          this.#options.log('search_index_dropped', { reason, rebuilding: this.#durable })
          this.#know(0)
          this.#soon(0)
        },
        progress: (indexed) => this.#know(indexed),
        gone: (reason) => this.#gone(reason),
      })
      if (this.#closed) return await host.close()
      this.#host = host
      this.#error = null
      this.#know(host.indexed)
      this.#soon(0)
    } catch (error) {
      this.#gone(errorMessage(error))
    }
  }

  /** The thread ended. It is started again, however often: the next time the disk may have room. */
  #gone(reason: string): void {
    if (this.#closed) return
    this.#host = undefined
    this.#failed(reason)
    const timer = setTimeout(() => {
      if (!this.#closed && this.#host === undefined) void this.#start()
    }, defaults.retryMs)
    timer.unref()
  }

  #failed(reason: string): void {
    // Said once, not with every try.
    if (!this.#closed && this.#error !== reason) this.#options.log('search_index_failed', { reason })
    this.#error = reason
    this.#wake()
  }

  #know(indexed: number): void {
    this.#indexed = indexed
    this.#wake()
  }

  #wake(): void {
    for (const wake of [...this.#waiting]) wake()
  }

  /** The index, as soon as it knows what was durable when this was called; or as it is, where that takes too long. */
  async #ready(): Promise<IndexHost> {
    const target = this.#durable
    const isNear = () => this.#indexed >= target || target - this.#indexed > defaults.waitFor
    const isThere = () => this.#closed || this.#error !== null || (this.#host !== undefined && isNear())
    if (!isThere()) {
      this.#soon(0)
      await new Promise<void>((resolve) => {
        const timer = setTimeout(() => done(), this.#host === undefined ? defaults.startMs : defaults.waitMs)
        const done = () => {
          clearTimeout(timer)
          this.#waiting.delete(wake)
          resolve()
        }
        const wake = () => {
          if (isThere()) done()
        }
        this.#waiting.add(wake)
      })
    }
    if (this.#host === undefined || this.#closed)
      throw unavailable(this.#error ?? (this.#closed ? 'it is closed' : 'it starts'))
    return this.#host
  }
}

function busyLoop(): () => boolean {
  let last = performance.eventLoopUtilization()
  return () => {
    const { utilization } = performance.eventLoopUtilization(last)
    last = performance.eventLoopUtilization()
    return utilization > defaults.busyFrom
  }
}

/** For composition: nothing can be found where no index is. */
export function noSuchAction(id: string): SallyportError {
  return new SallyportError('not_found', `There is no action ${id} on the record.`, {
    hint: 'Where the index is behind, the newest actions are missing: /api/actions/index says by how much.',
  })
}
