import { extname } from 'node:path'
import { Worker } from 'node:worker_threads'
import { SallyportError } from '../errors/index.ts'
import type { ActionFilter, ActionPage, CountQuery } from './action-record.ts'
import type { Call, FromWorker, HostEvents, IndexCalls, IndexHost, ToWorker } from './index-host.ts'

/** A method, so that answers of every kind fit: the name of the call says which kind it is. */
interface Waiting {
  resolve(value: unknown): void
  reject(error: Error): void
}

type Answer<K extends keyof IndexCalls> = Awaited<ReturnType<IndexCalls[K]>>

/** The index in a thread of its own, so that nothing it does stops the event loop that the doors live on. */
export class ThreadHost implements IndexHost {
  readonly #worker: Worker
  readonly #events: HostEvents
  readonly #waiting = new Map<number, Waiting>()
  #id = 0
  #indexed = 0
  #gone: string | undefined
  readonly #ready: Promise<void>

  private constructor(file: string, directory: string, events: HostEvents) {
    this.#events = events
    this.#worker = new Worker(new URL(`./index-worker${extname(import.meta.url)}`, import.meta.url), {
      name: 'search index',
      workerData: { file, directory },
    })
    this.#worker.unref()
    this.#ready = new Promise((resolve, reject) => {
      this.#worker.on('message', (message: FromWorker) => this.#message(message, resolve))
      this.#worker.on('error', (error) => {
        this.#end(error.message)
        reject(error)
      })
      this.#worker.on('exit', () => {
        this.#end('its thread ended')
        reject(new Error('the thread of the search index ended'))
      })
    })
    this.#ready.catch(() => undefined)
  }

  static async start(file: string, directory: string, events: HostEvents): Promise<ThreadHost> {
    const host = new ThreadHost(file, directory, events)
    await host.#ready
    return host
  }

  get indexed(): number {
    return this.#indexed
  }

  catchUp(to: number): Promise<number> {
    return this.#call<'catchUp'>({ name: 'catchUp', args: [to] })
  }

  rebuild(reason: string): Promise<number> {
    return this.#call<'rebuild'>({ name: 'rebuild', args: [reason] })
  }

  find(filter: ActionFilter, page: ActionPage) {
    return this.#call<'find'>({ name: 'find', args: [filter, page] })
  }

  counts(query: CountQuery) {
    return this.#call<'counts'>({ name: 'counts', args: [query] })
  }

  story(id: string) {
    return this.#call<'story'>({ name: 'story', args: [id] })
  }

  async close(): Promise<void> {
    if (this.#gone !== undefined) return
    const gone = new Promise<void>((resolve) => this.#worker.once('exit', () => resolve()))
    this.#worker.ref()
    this.#post({ close: true })
    await gone
  }

  #call<K extends keyof IndexCalls>(call: Extract<Call, { name: K }>): Promise<Answer<K>> {
    if (this.#gone !== undefined) return Promise.reject(unavailable(this.#gone))
    const id = this.#id++
    return new Promise<Answer<K>>((resolve, reject) => {
      const waiting: { resolve(value: Answer<K>): void; reject(error: Error): void } = { resolve, reject }
      this.#waiting.set(id, waiting)
      this.#post({ id, call })
    })
  }

  #post(message: ToWorker): void {
    this.#worker.postMessage(message)
  }

  #message(message: FromWorker, ready: () => void): void {
    switch (message.type) {
      case 'ready':
        this.#indexed = message.indexed
        return ready()
      case 'dropped':
        return this.#events.dropped(message.reason)
      case 'progress':
        this.#indexed = message.indexed
        return this.#events.progress(message.indexed)
      case 'answer':
        this.#take(message.id)?.resolve(message.value)
        return
      case 'failure': {
        const { id, code, message: text, hint } = message
        this.#take(id)?.reject(new SallyportError(code, text, hint === undefined ? {} : { hint }))
      }
    }
  }

  #take(id: number): Waiting | undefined {
    const waiting = this.#waiting.get(id)
    this.#waiting.delete(id)
    return waiting
  }

  #end(reason: string): void {
    if (this.#gone !== undefined) return
    this.#gone = reason
    for (const { reject } of this.#waiting.values()) reject(unavailable(reason))
    this.#waiting.clear()
    this.#events.gone(reason)
  }
}

export function unavailable(reason: string): SallyportError {
  return new SallyportError('search_unavailable', `The search index does not answer: ${reason}.`, {
    hint: 'Doors and record are not concerned. It starts again by itself; the log of the server says why it stopped.',
  })
}
