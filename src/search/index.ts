/**
 * search/: finds actions on the ledger: an SQLite index (libsql, FTS5) that can be dropped at any time and is then
 * built anew from the ledger. It holds nothing that the ledger does not hold.
 *
 * `action-index.ts` follows the ledger and says how far to read, slowly while doors are busy; `thread-host.ts` and
 * `index-worker.ts` carry that into a thread of its own; `indexer.ts` keeps the index (`index-writer.ts` folds entries
 * into the tables of `tables.ts`; `find.ts` and `count.ts` ask them).
 * @module
 */
import { ActionIndex, type ActionIndexOptions } from './action-index.ts'
import { ThreadHost } from './thread-host.ts'

export { ActionIndex, type ActionSearch, noSuchAction } from './action-index.ts'
export {
  type ActionCounts,
  type ActionFilter,
  type ActionPage,
  type ActionRecord,
  type ActionStory,
  type CountDimension,
  type CountQuery,
  countDimensions,
  type IndexStatus,
} from './action-record.ts'
export { type Matchable, matches } from './matches.ts'

/** Opens the index of a ledger in files. It comes up by itself: until then, and while it is behind, `status` says so. */
export function openActionIndex(
  options: Omit<ActionIndexOptions, 'start'> & {
    /** Of the index, `<data>/index.db`. */
    readonly file: string
    /** The ledger's folder, `<data>/ledger`. */
    readonly directory: string
  },
): ActionIndex {
  const { file, directory, ...rest } = options
  return new ActionIndex({ ...rest, start: (events) => ThreadHost.start(file, directory, events) })
}
