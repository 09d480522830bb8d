import type { Hold } from '../holds/index.ts'
import { authorize, type Person } from '../people/index.ts'
import type { ApiDeps } from './deps.ts'
import { viewHold } from './hold-view.ts'

/** Milliseconds between looks at the ledger's state. */
const lookEvery = 1_000
/** Looks between two reports of a ledger that only grew. */
const growthEvery = 3
/** Looks between comments that keep the line open (WHATWG HTML 9.2.7 advises about every 15 s). */
const commentEvery = 15
/** Bytes that may lie unread before a reader counts as too slow. */
const unreadAtMost = 1024 * 1024

/**
 * What changes, for one caller, as text/event-stream (WHATWG HTML 9.2). The token is looked at again before every
 * message: a revoked one ends the stream, and a change of groups changes what is said about voting.
 * @param hangUp cuts the connection under a reader that is too slow; without it the stream fails
 */
export function eventStream(token: string, deps: ApiDeps, hangUp?: () => void): ReadableStream<Uint8Array> {
  let line: EventLine | undefined
  return new ReadableStream<Uint8Array>(
    {
      start(controller) {
        line = new EventLine(token, deps, controller, hangUp)
      },
      cancel() {
        line?.stop()
      },
    },
    new ByteLengthQueuingStrategy({ highWaterMark: unreadAtMost }),
  )
}

class EventLine {
  readonly #token: string
  readonly #deps: ApiDeps
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
    token: string,
    deps: ApiDeps,
    controller: ReadableStreamDefaultController<Uint8Array>,
    hangUp: (() => void) | undefined,
  ) {
    this.#token = token
    this.#deps = deps
    this.#controller = controller
    this.#hangUp = hangUp
    const { holds, rules, onWaiting } = deps
    this.#timer = setInterval(() => this.#look(), lookEvery)
    this.#timer.unref()
    this.#unsubscribe = [
      holds.subscribe((hold) => this.#hold(hold)),
      rules.subscribe(() => this.#rules()),
      onWaiting?.((id) => {
        const hold = holds.get(id)
        if (hold !== undefined) this.#hold(hold)
      }) ?? (() => undefined),
    ]
    this.#rules()
    this.#ledger()
  }

  stop(): void {
    this.#stopped = true
    clearInterval(this.#timer)
    for (const unsubscribe of this.#unsubscribe) unsubscribe()
  }

  #hold(hold: Hold): void {
    this.#send((person) => event('hold', viewHold(hold, person, this.#deps)))
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
    if (this.#looks % commentEvery === 0) this.#send(() => ':\n\n')
  }

  /** Sends, unless the caller may not read any more or has left too much unread: then the line is cut. */
  #send(text: (person: Person) => string): void {
    if (this.#stopped) return
    const person = this.#deps.people.authenticate(this.#token)
    if (person === undefined || !authorize(person, 'read').allowed) {
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

function event(type: string, data: object): string {
  // JSON has no raw line breaks, so one data line is enough.
  return `event: ${type}\ndata: ${JSON.stringify(data)}\n\n`
}
