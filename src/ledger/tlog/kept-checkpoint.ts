import { basename, dirname } from 'node:path'
import { SallyportError } from '../../errors/index.ts'
import type { FileLayer } from '../file-layer.ts'
import { type Checkpoint, parseCheckpoint } from './checkpoint.ts'
import { isSignedBy, type NoteVerifier, parseNote } from './note.ts'
import { TileFiles } from './tile-files.ts'

/** A checkpoint of this log that stands outside its folder: the log must go on from it. */
export interface KeptCheckpoint {
  readonly path: string
  readonly checkpoint: Checkpoint
}

/**
 * What was published to files before; a file that is not there yet says nothing.
 * @throws SallyportError `ledger_corrupt`: a file speaks of another log, or of none
 */
export async function readKept(
  files: FileLayer,
  paths: readonly string[],
  verifier: NoteVerifier,
): Promise<KeptCheckpoint[]> {
  const kept: KeptCheckpoint[] = []
  for (const path of paths) {
    const bytes = await new TileFiles(files, dirname(path)).read(basename(path))
    if (bytes !== undefined) kept.push({ path, checkpoint: read(path, bytes.toString('utf8'), verifier) })
  }
  return kept
}

function read(path: string, text: string, verifier: NoteVerifier): Checkpoint {
  let why = 'is not signed by the key of this ledger'
  try {
    const note = parseNote(text)
    const checkpoint = parseCheckpoint(note.text)
    if (checkpoint.origin === verifier.name && isSignedBy(note, verifier)) return checkpoint
  } catch (error) {
    if (!(error instanceof SallyportError)) throw error
    why = 'is no checkpoint'
  }
  throw new SallyportError('ledger_corrupt', `${path}, to which checkpoints are published, ${why}.`, {
    hint: 'Was the ledger replaced? If this is a new one on purpose, move the file away and keep it.',
  })
}
