import type { Socket } from 'node:net'
import { readFirstColumn } from './wire/backend-messages.ts'
import { backend, type TransactionStatus } from './wire/message-types.ts'
import { type ReplyListener, ReplyScanner } from './wire/reply-scanner.ts'

/** What the server answered to the door's own messages. */
export interface PrivateReply {
  /** First column of every row. */
  readonly rows: readonly (string | null)[]
  /** The first ErrorResponse, as the server sent it. */
  readonly error: Buffer | undefined
  readonly status: TransactionStatus
}

export interface ServerLinkListener {
  /** A message of the server, in order, before the chunk it came in is relayed. */
  reply: ReplyListener
  /** Bytes for the client. */
  relay(chunk: Buffer): void
  /** Everything of the client's that was forwarded has been answered. */
  quiet(): boolean
}

/** What came of messages whose replies were captured. */
export interface Captured {
  /** The client's own part failed: the server skips everything up to the next Sync. */
  readonly failed: boolean
  /** The answer to the door's own query behind the client's part: first column of every row, or why there is none. */
  readonly rows: readonly (string | null)[]
  readonly error: Buffer | undefined
}

interface Capture {
  /** Gets every message that belongs to the client, instead of the relay. */
  readonly sink: (type: number, frame: Buffer) => void
  /** How many Close messages end the query of the door's own behind the client's part; 0: there is none. */
  readonly closesExpected: number
  inOwn: boolean
  readonly rows: (string | null)[]
  closes: number
  readonly resolve: (captured: Captured) => void
}

interface PrivateExchange {
  readonly rows: (string | null)[]
  error: Buffer | undefined
  /** Ends with its last CloseComplete (or an error), not with ReadyForQuery: it was followed by Flush. */
  closes: number | undefined
  readonly resolve: (reply: PrivateReply) => void
}

/**
 * The door's side of one server connection. Mostly it hands chunks through; during an exchange of the door's own
 * it keeps the answers to itself, except for what belongs to the client at any time (notifications, settings).
 * An exchange may only start while nothing of the client's is under way.
 */
export class ServerLink {
  readonly socket: Socket
  readonly #listener: ServerLinkListener
  readonly #scanner: ReplyScanner
  #exchange: PrivateExchange | undefined
  #capture: Capture | undefined
  #boundaryWaiters: (() => void)[] = []

  constructor(socket: Socket, listener: ServerLinkListener) {
    this.socket = socket
    this.#listener = listener
    this.#scanner = new ReplyScanner((type, frame) => this.#take(type, frame))
  }

  /** @throws FramingError where the server does not speak the protocol. */
  receive(chunk: Buffer): void {
    const relayed = this.#exchange === undefined && this.#capture === undefined
    this.#scanner.scan(chunk)
    if (relayed) this.#listener.relay(chunk)
    if (this.#scanner.atBoundary && this.#boundaryWaiters.length > 0) {
      const waiters = this.#boundaryWaiters
      this.#boundaryWaiters = []
      for (const waiter of waiters) waiter()
    }
  }

  /** Returns false when the socket wants a pause. */
  send(bytes: Buffer): boolean {
    return this.socket.write(bytes)
  }

  /**
   * Sends messages of the door's own, ending in Sync, and resolves with the answers once ReadyForQuery came.
   * With `closes` they end in Flush instead, and it resolves when so many Close messages, all there are, have been
   * answered: an implicit transaction stays open.
   * Never resolves if the connection ends first: the session ends with it.
   */
  async exchange(messages: Buffer, closes?: number): Promise<PrivateReply> {
    await this.#atBoundary()
    return new Promise((resolve) => {
      this.#exchange = { rows: [], error: undefined, closes, resolve }
      this.#scanner.wholeFrames = true
      this.send(messages)
    })
  }

  /**
   * Sends messages of the client's and hands over their replies one by one, instead of relaying them.
   * Resolves when all are answered; with `closesExpected`, a query of the door's own (with so many Close messages, the
   * last at its end before a Flush) stands behind them, and this resolves when that is answered, or when the client's
   * part has failed.
   */
  async capture(
    messages: readonly Buffer[],
    closesExpected: number,
    expect: () => void,
    sink: Capture['sink'],
  ): Promise<Captured> {
    await this.#atBoundary()
    return new Promise((resolve) => {
      expect()
      const inOwn = closesExpected > 0 && this.#listener.quiet()
      this.#capture = { sink, closesExpected, inOwn, rows: [], closes: 0, resolve }
      this.#scanner.wholeFrames = true
      for (const message of messages) this.send(message)
    })
  }

  async #atBoundary(): Promise<void> {
    while (!this.#scanner.atBoundary) {
      await new Promise<void>((resolve) => this.#boundaryWaiters.push(resolve))
    }
  }

  #take(type: number, frame: Buffer | undefined): void {
    const exchange = this.#exchange
    if (exchange === undefined) {
      if (this.#capture !== undefined && frame !== undefined) this.#takeCaptured(this.#capture, type, frame)
      else this.#listener.reply(type, frame)
      return
    }
    if (frame === undefined) return
    switch (type) {
      case backend.dataRow:
        exchange.rows.push(readFirstColumn(frame))
        return
      case backend.errorResponse:
        exchange.error ??= Buffer.from(frame)
        if (exchange.closes !== undefined) this.#end(exchange, 'I')
        return
      case backend.closeComplete:
        if (exchange.closes !== undefined && --exchange.closes === 0) this.#end(exchange, 'I')
        return
      case backend.parameterStatus:
      case backend.notificationResponse:
        this.#listener.reply(type, frame)
        this.#listener.relay(frame)
        return
      case backend.readyForQuery: {
        const status = frame.toString('latin1', 5, 6)
        this.#end(exchange, status === 'T' || status === 'E' ? status : 'I')
        return
      }
    }
  }

  #end({ rows, error, resolve }: PrivateExchange, status: TransactionStatus): void {
    this.#exchange = undefined
    this.#scanner.wholeFrames = false
    resolve({ rows, error, status })
  }

  #takeCaptured(capture: Capture, type: number, frame: Buffer): void {
    if (!capture.inOwn) {
      this.#listener.reply(type, frame)
      capture.sink(type, frame)
      if (capture.closesExpected > 0 && type === backend.errorResponse) return this.#captured(capture, { failed: true })
      if (!this.#listener.quiet()) return
      if (capture.closesExpected > 0) capture.inOwn = true
      else this.#captured(capture, { failed: false })
      return
    }
    switch (type) {
      case backend.dataRow:
        capture.rows.push(readFirstColumn(frame))
        return
      case backend.closeComplete:
        capture.closes += 1
        if (capture.closes === capture.closesExpected) this.#captured(capture, { failed: false })
        return
      case backend.errorResponse:
        this.#captured(capture, { failed: false, error: Buffer.from(frame) })
        return
      case backend.parameterStatus:
      case backend.notificationResponse:
        this.#listener.reply(type, frame)
        capture.sink(type, frame)
        return
    }
  }

  #captured({ rows, resolve }: Capture, { failed, error }: { failed: boolean; error?: Buffer }): void {
    this.#capture = undefined
    this.#scanner.wholeFrames = false
    resolve({ failed, rows, error })
  }
}
