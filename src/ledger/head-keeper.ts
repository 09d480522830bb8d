import type { FileLayer } from './file-layer.ts'
import { writeHeadFile } from './head-file.ts'
import type { LedgerHead } from './ledger.ts'
import type { LedgerLock } from './lock.ts'

export interface HeadKeeperOptions {
  readonly files: FileLayer
  readonly directory: string
  readonly lock: LedgerLock
  readonly everyMs: number
  /** How many entries the head file speaks of now. */
  readonly written: number
  /** What is durable now. */
  readonly head: () => LedgerHead
  /** Called when another process has taken or removed the lock. */
  readonly onLockLost: () => void
}

/** Keeps the head file up to date behind the log, and looks at the lock while at it. */
export class HeadKeeper {
  readonly #options: HeadKeeperOptions
  #written: number
  #timer: NodeJS.Timeout | undefined
  #writing: Promise<void> = Promise.resolve()
  #closed = false

  constructor(options: HeadKeeperOptions) {
    this.#options = options
    this.#written = options.written
  }

  /** The log has grown. */
  due(): void {
    if (this.#timer !== undefined || this.#closed) return
    this.#timer = setTimeout(() => {
      this.#writing = this.#write().finally(() => {
        this.#timer = undefined
        if (this.#options.head().size > this.#written) this.due()
      })
    }, this.#options.everyMs)
    this.#timer.unref()
  }

  /** Writes it a last time. */
  async close(): Promise<void> {
    this.#closed = true
    clearTimeout(this.#timer)
    await this.#writing
    await this.#write()
  }

  async #write(): Promise<void> {
    const { files, directory, lock, head } = this.#options
    const now = head()
    if (now.size === this.#written) return
    try {
      if (!(await lock.isHeld())) {
        this.#options.onLockLost()
        return
      }
      await writeHeadFile(files, directory, now)
      this.#written = now.size
    } catch {
      // Not fatal: the log itself is whole, and the next head file says more. Tried again in a while, and at close.
    }
  }
}
