import type { Call } from './index-host.ts'
import type { Indexer } from './indexer.ts'

/** Carries out calls on an index: what changes it one after the other, questions in between. */
export class CallAnswerer {
  readonly #indexer: Indexer
  #changes: Promise<unknown> = Promise.resolve()

  constructor(indexer: Indexer) {
    this.#indexer = indexer
  }

  answer(call: Call): Promise<unknown> {
    switch (call.name) {
      case 'find':
        return this.#indexer.find(...call.args)
      case 'counts':
        return this.#indexer.counts(...call.args)
      case 'story':
        return this.#indexer.story(...call.args)
      case 'catchUp':
        return this.#inTurn(() => this.#indexer.catchUp(...call.args))
      case 'rebuild':
        return this.#inTurn(async () => {
          this.#indexer.rebuild(...call.args)
          return this.#indexer.indexed
        })
    }
  }

  #inTurn(change: () => Promise<number>): Promise<number> {
    const done = this.#changes.then(change)
    this.#changes = done.catch(() => undefined)
    return done
  }
}
