import type { Socket } from 'node:net'

/**
 * The door's side of one client connection: what is written to it, in order, with back-pressure, and with replies
 * kept back until the record behind them is durable.
 */
export class ClientLink {
  readonly socket: Socket
  readonly #onFull: () => void
  readonly #onRoom: () => void
  readonly #onFailed: (error: unknown) => void
  #kept: Buffer[] = []
  #keptBytes = 0
  #until: Promise<void> | undefined
  #endAfterRelease = false

  /** Replies kept back beyond this many bytes pause the server. */
  static readonly keepBytes = 256 * 1024

  constructor(socket: Socket, on: { full: () => void; room: () => void; failed: (error: unknown) => void }) {
    this.socket = socket
    this.#onFull = on.full
    this.#onRoom = on.room
    this.#onFailed = on.failed
    socket.on('drain', () => {
      if (this.#keptBytes < ClientLink.keepBytes) this.#onRoom()
    })
  }

  write(bytes: Buffer): void {
    if (this.#until !== undefined) {
      this.#kept.push(bytes)
      this.#keptBytes += bytes.length
      if (this.#keptBytes >= ClientLink.keepBytes) this.#onFull()
      return
    }
    if (this.socket.writable && !this.socket.write(bytes)) this.#onFull()
  }

  /**
   * Keeps everything written from now on until `recorded` resolves. The ledger is one ordered log, so a later promise
   * covers the earlier ones.
   */
  keepUntil(recorded: Promise<void>): void {
    this.#until = recorded
    recorded.then(
      () => {
        if (this.#until !== recorded) return
        this.#until = undefined
        this.#release()
        if (this.#endAfterRelease) this.socket.end()
      },
      (error: unknown) => this.#onFailed(error),
    )
  }

  /** Ends the connection after what was written, kept back or not. */
  end(): void {
    if (this.#until === undefined) this.socket.end()
    else this.#endAfterRelease = true
  }

  /** Forgets what is kept back: it must not reach the client, since its record was lost. */
  discardKept(): void {
    this.#kept = []
    this.#keptBytes = 0
    this.#until = undefined
  }

  #release(): void {
    const kept = this.#kept
    if (kept.length === 0) return
    this.#kept = []
    this.#keptBytes = 0
    const single = kept[0]
    if (!this.socket.writable) return
    const fits = this.socket.write(kept.length === 1 && single !== undefined ? single : Buffer.concat(kept))
    if (fits) this.#onRoom()
    else this.#onFull()
  }
}
