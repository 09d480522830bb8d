import type { Entry } from '../ledger/index.ts'
import { readLedger } from '../ledger/index.ts'
import type { ApiClient } from './api-client.ts'
import { readEntries, readHead } from './entry-view.ts'

/** Where entries come from, a stretch at a time. */
export interface EntrySource {
  /** How many entries there are. */
  size(): Promise<number>
  /** Those from this index on that are there now. */
  from(index: number): AsyncIterable<Entry>
}

export function apiSource(client: ApiClient): EntrySource {
  return {
    size: async () => readHead(await client.get('/api/ledger/head')).size,
    async *from(index) {
      for (let next: number | null = index; next !== null; ) {
        const page: { entries: Entry[]; next: number | null } = readEntries(
          await client.get(`/api/ledger/entries?from=${next}&limit=1000`),
        )
        yield* page.entries
        next = page.next
      }
    },
  }
}

export function fileSource(directory: string): EntrySource {
  return {
    size: async () => {
      let size = 0
      for await (const { index } of readLedger(directory)) size = index + 1
      return size
    },
    from: (index) => readLedger(directory, { from: index }),
  }
}

/** The last `count` entries; with `wait` also what comes after them, looked for each time that it returns. */
export async function* tail(source: EntrySource, count: number, wait?: () => Promise<void>): AsyncGenerator<Entry> {
  let next = Math.max(0, (await source.size()) - count)
  for (;;) {
    for await (const entry of source.from(next)) {
      yield entry
      next = entry.index + 1
    }
    if (wait === undefined) return
    await wait()
  }
}
