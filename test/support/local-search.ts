import type { Ledger } from '../../src/ledger/index.ts'
import { ActionIndex } from '../../src/search/action-index.ts'
import { CallAnswerer } from '../../src/search/answer-call.ts'
import type { HostEvents, IndexHost } from '../../src/search/index-host.ts'
import { Indexer } from '../../src/search/indexer.ts'

/** The index in this thread and in memory, for tests with a ledger that has no files. */
export function localSearch(ledger: Ledger): ActionIndex {
  return new ActionIndex({ ledger, start: (events) => localHost(ledger, events), log: () => undefined })
}

export async function localHost(ledger: Ledger, events: HostEvents, file = ':memory:'): Promise<IndexHost> {
  const indexer = await Indexer.open({
    file,
    read: (from) => ledger.entries(from),
    onDropped: (reason) => events.dropped(reason),
    onProgress: (indexed) => events.progress(indexed),
  })
  const answerer = new CallAnswerer(indexer)
  return {
    get indexed() {
      return indexer.indexed
    },
    catchUp: async (...args) => Number(await answerer.answer({ name: 'catchUp', args })),
    rebuild: async (...args) => Number(await answerer.answer({ name: 'rebuild', args })),
    find: (...args) => indexer.find(...args),
    counts: (...args) => indexer.counts(...args),
    story: (...args) => indexer.story(...args),
    close: async () => indexer.close(),
  }
}
