import { authorize, type Caller } from '../people/index.ts'
import type { ApiParts } from './deps.ts'
import { formatPlace, type HoldChange, parsePlace } from './hold-feed.ts'
import { viewHold } from './hold-view.ts'

/** Milliseconds between looks at the ledger's state. */
const lookEvery = 1_000
/** Looks between two reports of a ledger that only grew. */
const growthEvery = 3
/** Looks between two pulses, which keep the line open (WHATWG HTML 9.2.7 advises about every 15 s). */
const pulseEvery = 15
/** Bytes that may lie unread before a reader counts as too slow. */
const unreadAtMost = 1024 * 1024

/**
 * What changes, for one caller, as text/event-stream (WHATWG HTML 9.2). The token is looked at again before every
 * message: a revoked one ends the stream, and a change of groups changes what is said about voting.
 *
 * So that a reader can prove it has seen every change of a hold: `hello` says from which place in the feed on it will
 * be told everything, each `hold` carries the next number, and each `pulse` the number that was last.
 */
export function eventStream(caller: EventCaller, deps: ApiParts): ReadableStream<Uint8Array> {
  let line: EventLine | undefined
  return new ReadableStream<Uint8Array>(
    {
      start(controller) {
        line = new EventLine(caller, deps, controller)
      },
      cancel() {
        line?.stop()
      },
    },
    new ByteLengthQueuingStrategy({ highWaterMark: unreadAtMost }),
  )
}

export interface EventCaller {
  readonly token: string
  /** The id of the last event that the caller has seen (Last-Event-ID, WHATWG HTML 9.2.4). */
  readonly lastSeen?: string | undefined
  /** Cuts the connection under a reader that is too slow; without it the stream fails. */
  readonly hangUp?: (() => void) | undefined
}

class EventLine {
  readonly #token: string
  readonly #deps: ApiParts
  readonly #controller: ReadableStreamDefaultController<Uint8Array>
  readonly #hangUp: (() => void) | undefined
  readonly #encoder = new TextEncoder()
  readonly #timer: NodeJS.Timeout
  readonly #unsubscribe: readonly (() => void)[]
  #stopped = false
  #looks = 0
  #told = ''
  #toldState = ''

  constructor(
    { token, lastSeen, hangUp }: EventCaller,
    deps: ApiParts,
    controller: ReadableStreamDefaultController<Uint8Array>,
  ) {
    this.#token = token
    this.#deps = deps
    this.#controller = controller
    this.#hangUp = hangUp
    this.#timer = setInterval(() => this.#look(), lookEvery)
    this.#timer.unref()
    this.#unsubscribe = [
      deps.feed.subscribe((change) => this.#hold(change)),
      deps.rules.subscribe(() => this.#rules()),
      deps.changes.subscribe(({ change, state }) => this.#send(() => event('change', { change, state }))),
    ]
    this.#hello(lastSeen)
    this.#rules()
    this.#ledger()
  }

  stop(): void {
    this.#stopped = true
    clearInterval(this.#timer)
    for (const unsubscribe of this.#unsubscribe) unsubscribe()
  }

  /** What was missed comes first: a connection lost in the middle of it goes on from there and not behind it. */
  #hello(lastSeen: string | undefined): void {
    const { feed } = this.#deps
    const place = parsePlace(lastSeen ?? '')
    const missed = place === undefined ? undefined : feed.since(place)
    for (const change of missed ?? []) this.#hold(change)
    const hello = { ...feed.place, resumed: missed !== undefined }
    this.#send(() => event('hello', hello, formatPlace(feed.place)))
  }

  #hold({ hold, seq }: HoldChange): void {
    const id = formatPlace({ ...this.#deps.feed.place, seq })
    this.#send((person) => event('hold', viewHold(hold, person, this.#deps), id))
  }

  #rules(): void {
    this.#send(() => event('rules', { version: this.#deps.rules.current().version }))
  }

  #ledger(): void {
    const { state, head } = this.#deps.ledger
    const now = event('ledger', { state, size: head.size })
    if (now === this.#told) return
    this.#told = now
    this.#toldState = state
    this.#send(() => now)
  }

  #look(): void {
    this.#looks += 1
    if (this.#deps.ledger.state !== this.#toldState || this.#looks % growthEvery === 0) this.#ledger()
    if (this.#looks % pulseEvery === 0) this.#send(() => event('pulse', this.#deps.feed.place))
  }

  /** Sends, unless the caller may not read any more or has left too much unread: then the line is cut. */
  #send(text: (person: Caller) => string): void {
    if (this.#stopped) return
    const person = this.#deps.people.authenticate(this.#token)
    const mayRead = person !== undefined && authorize(person, 'read').allowed
    if (!mayRead || this.#deps.locks.onPerson(person.id) !== undefined) {
      this.stop()
      this.#controller.close()
    } else if ((this.#controller.desiredSize ?? 0) <= 0) {
      this.stop()
      if (this.#hangUp === undefined) this.#controller.error(new Error('The reader of the event stream is too slow.'))
      else this.#hangUp()
    } else {
      this.#controller.enqueue(this.#encoder.encode(text(person)))
    }
  }
}

function event(type: string, data: object, id?: string): string {
  // JSON has no raw line breaks, so one data line is enough.
  return `${id === undefined ? '' : `id: ${id}\n`}event: ${type}\ndata: ${JSON.stringify(data)}\n\n`
}
