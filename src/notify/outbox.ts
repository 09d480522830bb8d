import { createHash } from 'node:crypto'
import type { Channel, Delivery, Log } from './channel.ts'
import { reasonOf } from './http-post.ts'
import type { Message, Notice } from './notice.ts'

/** What a channel is given: numbers of messages and times in milliseconds. */
export const outboxLimits = {
  /** Notices that wait; of more the oldest are counted only. */
  queue: 1_000,
  /** For one attempt, connecting included. */
  attempt: 15_000,
  /** Before the second attempt; twice as long before each further one, by chance down to half of it. */
  firstRetry: 1_000,
  longestRetry: 5 * 60_000,
  /** After this a message is given up. */
  giveUp: 24 * 60 * 60_000,
  /** Attempts at a message that the other side refuses for good. */
  refusals: 3,
}
export type OutboxLimits = typeof outboxLimits

export interface OutboxOptions {
  readonly now: () => number
  /** From 0 to 1. */
  readonly random: () => number
  /** Called when notices have arrived. */
  readonly onTold: (notices: readonly Notice[]) => void
  /** Whether a notice still says something that is true. */
  readonly isTrue: (notice: Notice) => boolean
  readonly log: Log
  readonly limits: OutboxLimits
}

/** How it stands with a channel. Times are RFC 3339. */
export interface OutboxStatus {
  readonly state: 'idle' | 'working' | 'failing'
  readonly queued: number
  /** Messages that arrived, and notices that were given up or had no room, since the start. */
  readonly sent: number
  readonly lost: number
  readonly lastSentAt: string | null
  readonly lastError: { readonly at: string; readonly message: string; readonly attempts: number } | null
  readonly nextAttemptAt: string | null
}

const minute = 60_000

const noAnswer: Delivery = { delivered: false, problem: 'No answer in time.', isFinal: false }

/** The message that is on its way, until it has arrived or is given up. */
interface Outgoing {
  readonly message: Message
  readonly since: number
  attempts: number
  refusals: number
}

/**
 * What waits for one channel. One message is on its way at a time; nobody ever waits for it. What fails is tried
 * again, later and later; more than `perMinute` are summed up in one.
 */
export class Outbox {
  readonly #channel: Pick<Channel, 'name' | 'perMinute' | 'send'>
  readonly #options: OutboxOptions
  readonly #stop = new AbortController()
  #queue: Notice[] = []
  /** Notices that the queue had no room for, since the last message. */
  #overflow = 0
  #current: Outgoing | undefined
  #isSending = false
  #timer: NodeJS.Timeout | undefined
  #retryAt = 0
  /** When messages of the last minute were sent. */
  #sentAt: number[] = []
  #sent = 0
  #lost = 0
  #lastSentAt: string | null = null
  #lastError: OutboxStatus['lastError'] = null
  #isFailing = false

  constructor(channel: Pick<Channel, 'name' | 'perMinute' | 'send'>, options: OutboxOptions) {
    this.#channel = channel
    this.#options = options
  }

  add(notice: Notice): void {
    if (this.#stop.signal.aborted) return
    this.#queue.push(notice)
    if (this.#queue.length > this.#options.limits.queue) {
      this.#queue.shift()
      this.#overflow += 1
      this.#lost += 1
    }
    this.#wake(0)
  }

  /** Sends something once, past the queue. */
  async sendNow(notice: Notice): Promise<Delivery> {
    const delivery = await this.#attempt({ id: notice.id, notices: [notice], more: 0 })
    if (delivery.delivered) {
      this.#worked(delivery.problem)
      // What waits for the next attempt need not wait any more.
      this.#retryAt = 0
      this.#wake(0)
    } else this.#failed(delivery.problem, 1)
    return delivery
  }

  get status(): OutboxStatus {
    const waiting = this.#current?.message.notices.length ?? 0
    const isWaiting = !this.#isSending && (waiting > 0 || this.#queue.length > 0)
    return {
      state: this.#isFailing ? 'failing' : this.#lastSentAt === null ? 'idle' : 'working',
      queued: this.#queue.length + waiting,
      sent: this.#sent,
      lost: this.#lost,
      lastSentAt: this.#lastSentAt,
      lastError: this.#lastError,
      nextAttemptAt: isWaiting ? iso(this.#options.now() + this.#delay()) : null,
    }
  }

  /** Gives up what is on its way. */
  close(): void {
    clearTimeout(this.#timer)
    this.#stop.abort()
  }

  #wake(after: number): void {
    if (this.#stop.signal.aborted || this.#isSending) return
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => void this.#work(), after)
    this.#timer.unref()
  }

  async #work(): Promise<void> {
    const delay = this.#delay()
    if (delay > 0) return this.#wake(delay)
    const current = this.#current ?? this.#next()
    if (current === undefined) return
    this.#current = current
    this.#isSending = true
    const delivery = await this.#attempt(current.message)
    this.#isSending = false
    if (this.#stop.signal.aborted) return
    if (delivery.delivered) this.#arrived(current.message, delivery.problem)
    else this.#refused(current, delivery)
    if (this.#current !== undefined || this.#queue.length > 0) this.#wake(this.#delay())
  }

  /** Milliseconds until something may be sent. */
  #delay(): number {
    const now = this.#options.now()
    const { perMinute } = this.#channel
    this.#sentAt = this.#sentAt.filter((at) => at > now - minute)
    const isFull = perMinute > 0 && this.#sentAt.length >= perMinute
    const free = isFull ? (this.#sentAt[0] ?? now) + minute : now
    return Math.max(0, free - now, this.#retryAt - now)
  }

  /** The next message: one notice, or all that wait where only one more message may go out in this minute. */
  #next(): Outgoing | undefined {
    this.#queue = this.#queue.filter((notice) => this.#options.isTrue(notice))
    const [first] = this.#queue
    if (first === undefined) return undefined
    const { perMinute } = this.#channel
    const isLast = perMinute > 0 && this.#sentAt.length >= perMinute - 1
    // Reminders that are due together are one reminder.
    const goes = (notice: Notice) =>
      notice === first || isLast || this.#overflow > 0 || (isReminder(first) && isReminder(notice))
    const notices = this.#queue.filter(goes)
    this.#queue = this.#queue.filter((notice) => !goes(notice))
    const message = { id: idOf(notices), notices: [first, ...notices.slice(1)] as const, more: this.#overflow }
    this.#overflow = 0
    return { message, since: this.#options.now(), attempts: 0, refusals: 0 }
  }

  async #attempt(message: Message): Promise<Delivery> {
    const ended = new AbortController()
    const end = () => ended.abort()
    const timer = setTimeout(end, this.#options.limits.attempt)
    this.#stop.signal.addEventListener('abort', end, { once: true })
    // A channel that does not listen to the signal is not waited for either.
    const { promise: late, resolve } = deferred<Delivery>()
    ended.signal.addEventListener('abort', () => resolve(noAnswer), { once: true })
    try {
      return await Promise.race([late, this.#channel.send(message, ended.signal)])
    } catch (thrown) {
      return { delivered: false, problem: `Sending failed: ${reasonOf(thrown)}.`, isFinal: false }
    } finally {
      clearTimeout(timer)
      this.#stop.signal.removeEventListener('abort', end)
    }
  }

  #arrived({ notices }: Message, problem: string | undefined): void {
    this.#current = undefined
    this.#retryAt = 0
    this.#sentAt.push(this.#options.now())
    this.#worked(problem)
    this.#options.onTold(notices)
  }

  #refused(current: Outgoing, { problem, isFinal, wait = 0 }: Extract<Delivery, { delivered: false }>): void {
    const { limits, now, random, log } = this.#options
    current.attempts += 1
    if (isFinal) current.refusals += 1
    this.#failed(problem, current.attempts)
    const longest = Math.min(limits.longestRetry, limits.firstRetry * 2 ** Math.min(current.attempts - 1, 30))
    this.#retryAt = now() + Math.max(wait, longest * (0.5 + random() / 2))
    if (current.refusals < limits.refusals && now() - current.since < limits.giveUp) return
    this.#current = undefined
    this.#lost += current.message.notices.length
    log('notification_lost', {
      channel: this.#channel.name,
      notices: current.message.notices.map(({ id }) => id),
      problem,
    })
  }

  #worked(problem: string | undefined): void {
    this.#sent += 1
    this.#lastSentAt = iso(this.#options.now())
    if (this.#isFailing) this.#options.log('notification_works_again', { channel: this.#channel.name })
    this.#isFailing = false
    if (problem !== undefined) this.#tell(problem, 1)
  }

  #failed(problem: string, attempts: number): void {
    const isNew = !this.#isFailing || this.#lastError?.message !== problem
    this.#isFailing = true
    this.#tell(problem, attempts, isNew)
  }

  /** Logged once, not with each attempt. */
  #tell(message: string, attempts: number, isNew: boolean = true): void {
    this.#lastError = { at: iso(this.#options.now()), message, attempts }
    if (isNew) this.#options.log('notification_failed', { channel: this.#channel.name, problem: message })
  }
}

function isReminder({ type }: Notice): boolean {
  return type === 'hold.reminder'
}

/** The same for the same notices. */
function idOf(notices: readonly Notice[]): string {
  const ids = notices.map(({ id }) => id)
  return ids.length === 1
    ? `${ids[0]}`
    : `several.${createHash('sha256').update(ids.join('\n')).digest('hex').slice(0, 32)}`
}

function iso(at: number): string {
  return new Date(at).toISOString()
}

function deferred<T>(): { readonly promise: Promise<T>; readonly resolve: (value: T) => void } {
  let resolve: (value: T) => void = () => undefined
  const promise = new Promise<T>((settle) => {
    resolve = settle
  })
  return { promise, resolve }
}
