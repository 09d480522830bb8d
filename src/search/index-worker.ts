import { parentPort, workerData } from 'node:worker_threads'
import { errorMessage, SallyportError } from '../errors/index.ts'
import { Bookmark, type Entry, readLedger, yieldToDoors } from '../ledger/index.ts'
import { CallAnswerer } from './answer-call.ts'
import type { FromWorker, ToWorker } from './index-host.ts'
import { Indexer } from './indexer.ts'

/** The thread of the index: only here is SQLite loaded, and only here does it take time. */
const { file, directory }: { file: string; directory: string } = workerData
yieldToDoors()
/** Where following the ledger stopped. */
const followed = new Bookmark()

const tell = (message: FromWorker) => parentPort?.postMessage(message)

const indexer = await Indexer.open({
  file,
  read: (from) => entries(directory, from),
  onDropped: (reason) => tell({ type: 'dropped', reason }),
  onProgress: (indexed) => tell({ type: 'progress', indexed }),
})
const answerer = new CallAnswerer(indexer)

parentPort?.on('message', (message: ToWorker) => {
  if ('close' in message) {
    indexer.close()
    parentPort?.close()
    return
  }
  const { id, call } = message
  answerer.answer(call).then(
    (value) => tell({ type: 'answer', id, value }),
    (error: unknown) => {
      const known = error instanceof SallyportError
      const hint = known && error.hint !== undefined ? { hint: error.hint } : {}
      tell({
        type: 'failure',
        id,
        code: known ? error.code : 'search_unavailable',
        message: errorMessage(error),
        ...hint,
      })
    },
  )
})
tell({ type: 'ready', indexed: indexer.indexed })

async function* entries(directory: string, from: number): AsyncIterable<Entry> {
  try {
    yield* readLedger(directory, { from, bookmark: followed })
  } catch (error) {
    // A ledger that has not written its first segment has no entries.
    if (!(error instanceof SallyportError && error.code === 'not_found')) throw error
  }
}
