import { extname } from 'node:path'
import { Worker } from 'node:worker_threads'
import type { FromReadingThread, Reading, ReadingResults } from './reading.ts'

export interface ReadingLimits {
  /** Threads at most. None is started before there is something to read. */
  readonly threads: number
  /** Texts that may wait for a thread. */
  readonly waiting: number
  /** Milliseconds that reading one text may take. */
  readonly time: number
  /** Milliseconds that a thread may take to start and load its grammar. */
  readonly start: number
  /** Milliseconds after which a thread that has nothing to do is given up, with its memory. */
  readonly idle: number
}

const defaults: ReadingLimits = { threads: 2, waiting: 64, time: 5_000, start: 30_000, idle: 30_000 }

/** Heap of a thread, in MiB. The parser's own memory comes on top: measured, some 200 MiB after the longest texts. */
const heap = 512

/** A result, or why there is none. */
export type Read<R> = { readonly result: R } | { readonly failed: string }

interface Job {
  readonly reading: Reading
  done(read: Read<ReadingResults[Reading['call']]>): void
}

/**
 * Threads that read long texts, so that no text keeps the event loop of the doors for long. A thread that takes too
 * long, or fails, is ended and another takes its place: so no text takes more from later ones than its time. Nobody
 * waits without end: what cannot be read in time fails, and so does what would have to wait behind too many.
 */
export class ReadingThreads {
  readonly #limits: ReadingLimits
  readonly #threads = new Set<Thread>()
  readonly #waiting: Job[] = []

  constructor(limits: Partial<ReadingLimits> = {}) {
    this.#limits = { ...defaults, ...limits }
  }

  /** Threads that live now. */
  get size(): number {
    return this.#threads.size
  }

  /** Never rejects. */
  read<C extends Reading['call']>(reading: Extract<Reading, { call: C }>): Promise<Read<ReadingResults[C]>> {
    const { waiting } = this.#limits
    if (this.#waiting.length >= waiting) {
      return Promise.resolve({ failed: `${waiting} long texts wait to be read already; try again in a moment` })
    }
    return new Promise<Read<ReadingResults[C]>>((resolve) => {
      // A method, so that results of every kind fit: the call says which kind it is.
      const job: { readonly reading: Reading; done(read: Read<ReadingResults[C]>): void } = { reading, done: resolve }
      this.#waiting.push(job)
      this.#next()
    })
  }

  /** Ends every thread; what is being read, or waits, fails. */
  close(): void {
    const reason = 'no more texts are read'
    for (const { done } of this.#waiting.splice(0)) done({ failed: reason })
    for (const thread of [...this.#threads]) thread.end(reason)
  }

  #next(): void {
    if (this.#waiting.length === 0) return
    const free = [...this.#threads].find(({ isFree }) => isFree) ?? this.#started()
    const job = free === undefined ? undefined : this.#waiting.shift()
    if (job !== undefined) free?.run(job)
  }

  #started(): Thread | undefined {
    if (this.#threads.size >= this.#limits.threads) return undefined
    const thread: Thread = new Thread(
      this.#limits,
      () => this.#next(),
      () => {
        this.#threads.delete(thread)
        this.#next()
      },
    )
    this.#threads.add(thread)
    return thread
  }
}

class Thread {
  readonly #worker: Worker
  readonly #limits: ReadingLimits
  readonly #onFree: () => void
  readonly #onEnded: () => void
  #job: Job | undefined
  #timer: NodeJS.Timeout | undefined
  #ended = false

  constructor(limits: ReadingLimits, onFree: () => void, onEnded: () => void) {
    this.#limits = limits
    this.#onFree = onFree
    this.#onEnded = onEnded
    this.#worker = new Worker(new URL(`./reading-worker${extname(import.meta.url)}`, import.meta.url), {
      name: 'reading long texts',
      resourceLimits: { maxOldGenerationSizeMb: heap },
    })
    // A server that stops does not wait for it.
    this.#worker.unref()
    this.#worker.on('message', (message: FromReadingThread) => this.#take(message))
    this.#worker.on('error', (error) => this.end(error.message))
    this.#worker.on('exit', () => this.end('its thread ended'))
  }

  get isFree(): boolean {
    return this.#job === undefined && !this.#ended
  }

  run(job: Job): void {
    this.#job = job
    this.#after(this.#limits.start, `the thread for it did not start within ${this.#limits.start / 1000} s`)
    this.#worker.postMessage(job.reading)
  }

  #take(message: FromReadingThread): void {
    if (message.type === 'begun') {
      return this.#after(this.#limits.time, `reading it took longer than ${this.#limits.time / 1000} s`)
    }
    const job = this.#job
    this.#job = undefined
    this.#after(this.#limits.idle, 'it had nothing to do')
    job?.done({ result: message.result })
    this.#onFree()
  }

  #after(milliseconds: number, reason: string): void {
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => this.end(reason), milliseconds)
    this.#timer.unref()
  }

  /** Once; a thread that has ended is of no use any more. */
  end(reason: string): void {
    if (this.#ended) return
    this.#ended = true
    clearTimeout(this.#timer)
    void this.#worker.terminate()
    const job = this.#job
    this.#job = undefined
    job?.done({ failed: reason })
    this.#onEnded()
  }
}
