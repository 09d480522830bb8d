import { together } from './together.ts'

/** Replies kept back until what they tell of is known to be within bounds; beyond this they go to the client. */
const mostKept = 1024 * 1024

/** Replies that the client gets once what they tell of is confirmed; more than a little does not wait. */
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
    if (this.hasGone) {
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
