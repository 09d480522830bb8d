import type { Socket } from 'node:net'
import { FrameSplitter, FramingError } from '../wire/frame-splitter.ts'
import { frontend } from '../wire/message-types.ts'

/** A password is short; a client that nobody knows yet may not make the door keep more. */
const longestAnswer = 16 * 1024

/** Questions to a client that is not signed in yet, one after the other. It hears nothing else meanwhile. */
export class Conversation {
  readonly #client: Socket
  readonly #deadline: number
  readonly #splitter = new FrameSplitter(longestAnswer)

  /** @param timeout milliseconds for all of it */
  constructor(client: Socket, timeout: number) {
    this.#client = client
    this.#deadline = performance.now() + timeout
  }

  /**
   * Asks, and resolves with the client's answer (a message of type `p`). undefined: it left, was too slow, or broke
   * the protocol; the connection is over then.
   */
  ask(question: Buffer): Promise<Buffer | undefined> {
    const client = this.#client
    return new Promise((resolve) => {
      const finish = (answer: Buffer | undefined) => {
        clearTimeout(timer)
        client.off('data', onData)
        client.off('close', onClose)
        client.off('end', onClose)
        client.pause()
        if (answer === undefined) client.destroy()
        resolve(answer)
      }
      const onClose = () => finish(undefined)
      const onData = (chunk: Buffer) => {
        try {
          const [frame, ...more] = this.#splitter.push(chunk)
          if (frame === undefined) return
          // Whoever goes on before being let in expects to be; nothing of the kind is said in this protocol.
          const isAnswer = frame.type === frontend.password && more.length === 0 && this.#splitter.pendingBytes === 0
          finish(isAnswer ? frame.bytes : undefined)
        } catch (error) {
          if (!(error instanceof FramingError)) throw error
          finish(undefined)
        }
      }
      const timer = setTimeout(onClose, Math.max(0, this.#deadline - performance.now()))
      client.on('data', onData)
      client.on('close', onClose)
      client.on('end', onClose)
      if (client.destroyed) return onClose()
      client.write(question)
      client.resume()
    })
  }
}
