import type { Effect } from '../../../action/index.ts'
import type { Cascade } from './info.ts'

/** How many rows code that runs along with a statement may write: none, a few by key, or nobody knows. */
export type Reach = 'none' | 'keyed' | 'open'

/** What the catalog adds to what the text of a statement tells. */
export interface Learned {
  /** It adds something to what the text tells. */
  readonly adds: boolean

  /** Beyond those of the text; `execute` among them: code runs that nobody can see into. */
  readonly effects: readonly Effect[]
  readonly traits: readonly string[]
  /** What code behind the statement's names writes, beyond the statement itself. */
  readonly writes: Reach
  /** That code has a write which nothing limits. */
  readonly unlimited: boolean
  /** Rows that the statement's own writes can touch at most, where keys bound them; null: they do not. */
  readonly maxRows: number | null
  /** Everything it writes or drops is of the session's own. */
  readonly temporaryOnly: boolean
  /** Nothing that it is to drop exists. */
  readonly nothingToDrop: boolean
  /** Foreign keys through which the statement deletes, empties or changes rows of other tables. */
  readonly cascades: readonly Cascade[]
  /** Rows of the one table that is written, or read where nothing is, as last counted by the server; null: not known. */
  readonly ofTotal: number | null
  /** Tables to be emptied, with everything CASCADE takes along. */
  readonly emptied: readonly string[]
  /** How many rows are read matters. */
  readonly countReads: boolean
  /** The one table whose rows a DELETE or UPDATE picks, as the statement calls it; undefined: there are several, or none. */
  readonly picks:
    | {
        readonly alias: string
        readonly root: number
        readonly table: string
        /** Name of the table for people, and columns of a key of its rows; none: it has no key. */
        readonly name: string
        readonly key: readonly string[]
      }
    | undefined
  /** The server has never counted or analysed a table behind it, and that is not small. */
  readonly unanalysed: boolean
  readonly resources: readonly { readonly type: string; readonly name: string }[]
}
