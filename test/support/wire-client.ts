import type { Socket } from 'node:net'
import { readErrorFields } from '../../src/doors/postgres/wire/backend-messages.ts'
import { FrameSplitter } from '../../src/doors/postgres/wire/frame-splitter.ts'
import type { GuardedClient } from './guard.ts'

/** One server message in words: `C DELETE 3`, `E SP001`, `Z I`, or the bare type letter. */
export type Reply = string

/**
 * A client that sends exactly the bytes it is told to: signs in with the ordinary driver, then takes over its socket.
 */
export class WireClient {
  readonly #socket: Socket
  readonly #splitter = new FrameSplitter(64 * 1024 * 1024)
  readonly replies: Reply[] = []
  #waiters: { until: (replies: readonly Reply[]) => boolean; resolve: () => void }[] = []
  closed = false

  constructor(client: GuardedClient) {
    this.#socket = client.connection.stream as Socket
    this.#socket.removeAllListeners('data')
    this.#socket.on('data', (chunk: Buffer) => {
      for (const frame of this.#splitter.push(chunk)) this.replies.push(inWords(frame.type, frame.bytes))
      this.#look()
    })
    this.#socket.on('close', () => {
      this.closed = true
      this.#look()
    })
  }

  send(...messages: readonly Buffer[]): void {
    this.#socket.write(Buffer.concat(messages))
  }

  /** Everything that came, once `count` ReadyForQuery are among it (or the connection is closed). */
  async ready(count: number = 1): Promise<Reply[]> {
    return this.#until((replies) => replies.filter((reply) => reply.startsWith('Z')).length >= count)
  }

  /** Everything that came, once `reply` is among it. */
  async seen(reply: Reply): Promise<Reply[]> {
    return this.#until((replies) => replies.includes(reply))
  }

  async #until(until: (replies: readonly Reply[]) => boolean): Promise<Reply[]> {
    if (!until(this.replies) && !this.closed) {
      await new Promise<void>((resolve) => this.#waiters.push({ until, resolve }))
    }
    return this.replies.filter((reply) => !/^[NSA1-3TtnD]$/.test(reply))
  }

  #look(): void {
    const done = this.#waiters.filter(({ until }) => this.closed || until(this.replies))
    this.#waiters = this.#waiters.filter((waiter) => !done.includes(waiter))
    for (const { resolve } of done) resolve()
  }

  end(): void {
    this.#socket.destroy()
  }
}

function inWords(type: number, bytes: Buffer): Reply {
  const letter = String.fromCharCode(type)
  if (letter === 'E') return `E ${readErrorFields(bytes).get('C')}`
  if (letter === 'C') return `C ${bytes.toString('latin1', 5, bytes.length - 1)}`
  if (letter === 'Z') return `Z ${bytes.toString('latin1', 5, 6)}`
  return letter
}
