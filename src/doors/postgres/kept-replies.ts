import { together } from './together.ts'
import { backend } from './wire/message-types.ts'

/** Replies kept back until what they tell of is known to be within bounds; beyond this they go to the client. */
const mostKept = 1024 * 1024

/**
 * Replies that the client gets once what they tell of is confirmed; more than a little does not wait. A notice with
 * nothing kept before it goes at once: it tells of what runs now (progress, who waits for what), whatever becomes of
 * it, as it does where the server itself takes a statement back.
 */
export class KeptReplies {
  readonly #write: (bytes: Buffer) => void
  #frames: Buffer[] = []
  #bytes = 0
  /** Some of it has gone to the client already. */
  hasGone = false

  constructor(write: (bytes: Buffer) => void) {
    this.#write = write
  }

  take(bytes: Buffer): void {
    if (this.hasGone || (bytes[0] === backend.noticeResponse && this.#frames.length === 0)) {
      this.#write(bytes)
      return
    }
    // A copy: a small message would keep the whole chunk that it came in.
    this.#frames.push(Buffer.from(bytes))
    this.#bytes += bytes.length
    if (this.#bytes <= mostKept) return
    this.hasGone = true
    this.release()
  }

  release(): void {
    for (const bytes of together(this.#frames)) this.#write(bytes)
    this.#frames = []
  }
}
