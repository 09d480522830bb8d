import { randomUUID } from 'node:crypto'
import { errorMessage, SallyportError } from '../errors/index.ts'
import { Alarm, type Hold, type Holds } from '../holds/index.ts'
import type { Entry, Ledger } from '../ledger/index.ts'
import type { Locks } from '../locks/index.ts'
import type { Channel, Delivery, Log } from './channel.ts'
import { changeNotice, type HoldNoticeType, holdNotice, isLive, type Notice, noticesOf } from './notice.ts'
import { Outbox, type OutboxLimits, type OutboxStatus, outboxLimits } from './outbox.ts'
import type { Told } from './told.ts'

export interface NotifierOptions {
  readonly channels: readonly Channel[]
  readonly ledger: Pick<Ledger, 'subscribe'>
  readonly holds: Pick<Holds, 'list' | 'get' | 'subscribe'>
  readonly locks: Pick<Locks, 'list'>
  readonly told: Told
  /** Where a person can see a hold. */
  readonly link: (hold: string) => string
  /** Where a person can see a change. */
  readonly changeLink: (change: string) => string
  readonly log: Log
  readonly now?: () => number
  readonly random?: () => number
  readonly limits?: OutboxLimits
}

/** A channel as people may see it: no address, no secret. */
export interface ChannelStatus extends OutboxStatus, Pick<Channel, 'name' | 'kind' | 'perMinute' | 'remindAfter'> {
  readonly events: readonly string[]
  readonly doors: readonly string[]
}

/** Milliseconds: reminders that are due so shortly after each other are one. */
const remindTogether = 60_000

/** A hold that ends early is reminded of after this share of the time it had when the channel was told. */
const remindShare = 3 / 4

/**
 * Tells people what happens to holds, of locks, and that the record fails. It learns of it after it is durable, and
 * whatever goes wrong here concerns nobody else: nothing is thrown into the room that told it, and nobody waits.
 *
 * At a start it looks at every hold that is not over and tells what has not been told (at least once).
 */
export class Notifier {
  readonly #options: NotifierOptions
  readonly #outboxes: readonly { readonly channel: Channel; readonly outbox: Outbox }[]
  readonly #alarm: Alarm
  /** What locks are on, for when they are lifted. */
  readonly #doorsOfLocks = new Map<string, string | undefined>()
  readonly #unsubscribe: readonly (() => void)[]

  constructor(options: NotifierOptions) {
    this.#options = options
    const { channels, ledger, holds, locks, told } = options
    this.#outboxes = channels.map((channel) => ({ channel, outbox: this.#outbox(channel) }))
    this.#alarm = new Alarm(
      () => this.#now(),
      () => this.#safely(() => this.#remind()),
    )
    this.#unsubscribe = [
      holds.subscribe((hold) => this.#safely(() => this.#look(hold))),
      ledger.subscribe((entry) => this.#safely(() => this.#lock(entry)), ['lock.put', 'lock.lifted']),
      ledger.subscribe((entry) => this.#safely(() => this.#change(entry)), ['change.opened']),
    ]
    this.#safely(() => {
      for (const { lock, on } of locks.list()) this.#doorsOfLocks.set(lock, doorOf(on))
      const live = holds.list().filter(isLive).reverse()
      const ids = new Set(live.map(({ hold }) => hold))
      told.keepOnly((hold) => ids.has(hold))
      for (const hold of live) this.#look(hold)
      this.#remind()
    })
  }

  /** Nothing can be recorded: the doors refuse everything. */
  recordFailed(reason: string): void {
    const id = `record.failed.${randomUUID()}`
    this.#safely(() => this.#tell({ id, type: 'record.failed', at: this.#iso(), reason }, undefined))
  }

  status(): ChannelStatus[] {
    return this.#outboxes.map(({ channel: { name, kind, perMinute, remindAfter, events, doors }, outbox }) => ({
      name,
      kind,
      perMinute,
      remindAfter,
      events: [...events],
      doors: [...doors],
      ...outbox.status,
    }))
  }

  /** Sends a test message, once, and says what became of it. @throws SallyportError `not_found` */
  async test(name: string, by: string): Promise<Delivery> {
    const found = this.#outboxes.find(({ channel }) => channel.name === name)
    if (found === undefined) {
      const names = this.#outboxes.map(({ channel }) => channel.name).join(', ')
      throw new SallyportError('not_found', `There is no channel ${name}.`, {
        hint: names === '' ? 'none is configured: see notify in docs/reference/config.md' : `there are: ${names}`,
      })
    }
    return found.outbox.sendNow({ id: `test.${randomUUID()}`, type: 'test', at: this.#iso(), by })
  }

  /** What is still to be told is told after the next start, where it is about a hold that is not over then. */
  async close(): Promise<void> {
    for (const unsubscribe of this.#unsubscribe) unsubscribe()
    this.#alarm.stop()
    for (const { outbox } of this.#outboxes) outbox.close()
    await this.#options.told.flush()
  }

  #outbox(channel: Channel): Outbox {
    const { log, holds, random = Math.random, limits = outboxLimits } = this.#options
    return new Outbox(channel, {
      now: () => this.#now(),
      random,
      log,
      limits,
      onTold: (notices) => this.#safely(() => this.#arrived(channel, notices)),
      isTrue: (notice) => notice.type !== 'hold.reminder' || holds.get(notice.hold.hold)?.state === 'pending',
    })
  }

  /** Tells what there is to tell of a hold and was not told. */
  #look(hold: Hold): void {
    for (const type of noticesOf(hold)) this.#tellOf(hold, type)
    if (!isLive(hold)) this.#options.told.forget(hold.hold)
  }

  #tellOf(hold: Hold, type: HoldNoticeType, only?: Channel): void {
    const { told, link } = this.#options
    const wanted = this.#outboxes.filter(
      ({ channel }) =>
        (only === undefined || channel === only) &&
        wantsHold(channel, hold, type) &&
        !told.has(hold.hold, channel.name, type),
    )
    if (wanted.length === 0) return
    const notice = holdNotice(type, hold, link(hold.hold), this.#iso())
    for (const { channel, outbox } of wanted) {
      told.set(hold.hold, channel.name, type, null)
      outbox.add(notice)
    }
  }

  #arrived(channel: Channel, notices: readonly Notice[]): void {
    const { told, holds } = this.#options
    for (const notice of notices) {
      if (!('hold' in notice)) continue
      const hold = holds.get(notice.hold.hold)
      if (hold === undefined || !isLive(hold)) continue
      told.set(hold.hold, channel.name, notice.type, this.#now())
      if (notice.type === 'hold.opened' && channel.remindAfter > 0)
        this.#alarm.at(reminderDue(channel, hold, this.#now()))
    }
  }

  /** Once for each hold and channel, so long after the channel was told of it, and before the hold expires. What is due soon comes along. */
  #remind(): void {
    const { holds, told } = this.#options
    const now = this.#now()
    const pending = holds
      .list('pending')
      .filter(({ state }) => state === 'pending')
      .reverse()
    for (const { channel } of this.#outboxes) {
      if (channel.remindAfter === 0) continue
      const waiting = pending.flatMap((hold) => {
        const toldAt = told.at(hold.hold, channel.name, 'hold.opened')
        const isReminded = told.has(hold.hold, channel.name, 'hold.reminder')
        if (toldAt === undefined || isReminded) return []
        const due = reminderDue(channel, hold, toldAt)
        return [{ hold, due, soon: due - Math.min(remindTogether, (due - toldAt) / 4) }]
      })
      const first = Math.min(...waiting.map(({ due }) => due))
      for (const { hold, due, soon } of waiting) {
        if (first <= now && soon <= now) this.#tellOf(hold, 'hold.reminder', channel)
        else this.#alarm.at(due)
      }
    }
  }

  #change(entry: Entry): void {
    if (entry.kind !== 'change.opened') return
    const { change, door } = entry.body
    this.#tell(changeNotice(entry.body, this.#options.changeLink(change), entry.at), door)
  }

  #lock(entry: Entry): void {
    if (entry.kind === 'lock.put') {
      const { lock, on } = entry.body
      this.#doorsOfLocks.set(lock, doorOf(on))
      const notice = {
        id: `${lock}.lock.put`,
        type: 'lock.put',
        at: entry.at,
        lock: { ...entry.body, at: entry.at },
      } as const
      this.#tell(notice, doorOf(on))
    }
    if (entry.kind !== 'lock.lifted') return
    const { lock } = entry.body
    this.#tell(
      { id: `${lock}.lock.lifted`, type: 'lock.lifted', at: entry.at, lifted: entry.body },
      this.#doorsOfLocks.get(lock),
    )
    this.#doorsOfLocks.delete(lock)
  }

  /** @param door undefined: it concerns every door */
  #tell(notice: Notice, door: string | undefined): void {
    for (const { channel, outbox } of this.#outboxes) {
      if (channel.events.has(notice.type) && (door === undefined || isOfDoor(channel, door))) outbox.add(notice)
    }
  }

  #safely(work: () => void): void {
    try {
      work()
    } catch (error) {
      this.#options.log('notify_failed', { error: errorMessage(error) })
    }
  }

  #now(): number {
    return this.#options.now?.() ?? Date.now()
  }

  #iso(): string {
    return new Date(this.#now()).toISOString()
  }
}

function wantsHold(channel: Channel, hold: Hold, type: HoldNoticeType): boolean {
  if (!channel.events.has(type === 'hold.reminder' ? 'hold.opened' : type) || !isOfDoor(channel, hold.door))
    return false
  // A broken glass is severe whatever rule it passed by.
  return type === 'hold.forced' || channel.isSevere(hold.rule.id)
}

/** When a channel that was told at `toldAt` is reminded; milliseconds since 1970. */
function reminderDue({ remindAfter }: Channel, { expiresAt }: Hold, toldAt: number): number {
  return toldAt + Math.min(remindAfter, Math.max(0, Date.parse(expiresAt) - toldAt) * remindShare)
}

function isOfDoor(channel: Channel, door: string): boolean {
  return channel.doors.size === 0 || channel.doors.has(door)
}

function doorOf(on: { readonly kind: string; readonly name: string }): string | undefined {
  return on.kind === 'door' ? on.name : undefined
}
