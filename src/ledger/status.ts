import { type FileLayer, nodeFiles } from './file-layer.ts'
import { noLedger, readRecords } from './read.ts'
import { listSegments } from './segment-store.ts'
import { type AnchorState, readAnchorStates } from './tlog/anchor-state.ts'
import { parseCheckpoint } from './tlog/checkpoint.ts'
import { parseNote } from './tlog/note.ts'
import { TileFiles } from './tlog/tile-files.ts'
import { checkpointPath } from './tlog/transparency-log.ts'

/** How far a ledger is. */
export interface LedgerStatus {
  readonly entries: number
  /** The newest signed checkpoint, not verified here. */
  readonly checkpoint: { readonly origin: string; readonly size: number; readonly root: string } | null
  /** Entries that the checkpoint is behind. */
  readonly lag: number
  /** The places that checkpoints are published to, as of the last attempt of a server. */
  readonly anchors: readonly AnchorState[]
}

/**
 * Reads only the last segment and small files; changes nothing.
 * @throws SallyportError `not_found`, `note_invalid`, `ledger_corrupt`
 */
export async function ledgerStatus(directory: string, files: FileLayer = nodeFiles): Promise<LedgerStatus> {
  const tiles = new TileFiles(files, directory)
  const note = await tiles.read(checkpointPath)
  const segments = await listSegments(files, directory)
  const last = segments.at(-1)
  if (last === undefined) throw noLedger(directory)
  let entries = last.firstIndex
  for await (const { index } of readRecords(files, [last], last.firstIndex, undefined)) entries = index + 1
  const checkpoint = note === undefined ? null : parseCheckpoint(parseNote(note.toString('utf8')).text)
  return {
    entries,
    checkpoint: checkpoint && { ...checkpoint, root: checkpoint.root.toString('base64') },
    lag: entries - (checkpoint?.size ?? 0),
    anchors: await readAnchorStates(tiles),
  }
}
