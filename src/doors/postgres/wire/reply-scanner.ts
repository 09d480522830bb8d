import { FramingError, headerBytes } from './frame-splitter.ts'
import { backend } from './message-types.ts'

/** Called for each message in order; `frame` is there only for the types whose content the door reads. */
export type ReplyListener = (type: number, frame: Buffer | undefined) => void

const withContent: ReadonlySet<number> = new Set([
  backend.authentication,
  backend.backendKeyData,
  backend.commandComplete,
  backend.errorResponse,
  backend.parameterStatus,
  backend.readyForQuery,
])

/**
 * Follows the messages in what a server sends without copying or splitting what is only passed on: rows are
 * skipped by length, and only the small messages that steer the session are looked into.
 */
export class ReplyScanner {
  readonly #listener: ReplyListener
  #partial: Buffer[] = []
  #partialLength = 0
  #skip = 0
  #skippedType = 0
  /** Hand over the content of every message, not only of those that steer the session. */
  wholeFrames = false

  constructor(listener: ReplyListener) {
    this.#listener = listener
  }

  /** No message is half read. */
  get atBoundary(): boolean {
    return this.#skip === 0 && this.#partialLength === 0
  }

  /** @throws FramingError for a message length below 4. */
  scan(chunk: Buffer): void {
    let data = chunk
    let at = 0
    if (this.#skip > 0) {
      const taken = Math.min(this.#skip, data.length)
      this.#skip -= taken
      at = taken
      if (this.#skip > 0) return
      this.#listener(this.#skippedType, undefined)
    }
    if (this.#partialLength > 0) {
      data = Buffer.concat([...this.#partial, at === 0 ? data : data.subarray(at)])
      at = 0
      this.#partial = []
      this.#partialLength = 0
    }
    while (at < data.length) {
      if (data.length - at < headerBytes) return this.#keep(data, at)
      const type = data[at] ?? 0
      const length = data.readUInt32BE(at + 1)
      if (length < 4) throw new FramingError(`the server sent a message with the impossible length ${length}`)
      const end = at + 1 + length
      if (this.wholeFrames || withContent.has(type)) {
        if (end > data.length) return this.#keep(data, at)
        this.#listener(type, data.subarray(at, end))
      } else if (end > data.length) {
        this.#skip = end - data.length
        this.#skippedType = type
        return
      } else {
        this.#listener(type, undefined)
      }
      at = end
    }
  }

  #keep(data: Buffer, at: number): void {
    this.#partial.push(Buffer.from(data.subarray(at)))
    this.#partialLength = data.length - at
  }
}
