import { SallyportError } from '../../errors/index.ts'
import { type FileLayer, nodeFiles } from '../file-layer.ts'
import { parseCheckpoint } from './checkpoint.ts'
import { leafHash } from './merkle.ts'
import { parseNote } from './note.ts'
import { inclusionProof, verifyInclusion } from './proof.ts'
import type { EntryProof } from './proof-file.ts'
import { rangeHashOf } from './range-hash.ts'
import { decodeBundle, tileWidth } from './tile.ts'
import { TileFiles } from './tile-files.ts'
import { checkpointPath } from './transparency-log.ts'

/**
 * That an entry is in the log, made from what is published in the ledger's folder; a server may be writing there.
 * @throws SallyportError `not_found`: the entry is not under the checkpoint (yet); `ledger_corrupt`
 */
export async function proveEntry(directory: string, index: number, files: FileLayer = nodeFiles): Promise<EntryProof> {
  const tiles = new TileFiles(files, directory)
  const checkpoint = (await tiles.read(checkpointPath))?.toString('utf8')
  if (checkpoint === undefined) {
    throw new SallyportError('not_found', `There is no checkpoint in ${directory}.`, {
      hint: 'A server writes one a moment after its first entry.',
    })
  }
  const { size, root } = parseCheckpoint(parseNote(checkpoint).text)
  if (!(index < size)) {
    throw new SallyportError('not_found', `Entry ${index} is not under the checkpoint, which is for ${size} entries.`, {
      hint: 'The first entry is number 0; the newest are published within a moment.',
    })
  }
  const bundleIndex = Math.floor(index / tileWidth)
  const bundle = await tiles.bundle(bundleIndex, Math.min(tileWidth, size - bundleIndex * tileWidth))
  const leaf = bundle === undefined ? undefined : decodeBundle(bundle)[index % tileWidth]
  const hashes = await inclusionProof(index, size, rangeHashOf(tiles, size))
  if (leaf === undefined || !verifyInclusion(leafHash(leaf), index, size, hashes, root)) {
    throw new SallyportError('ledger_corrupt', `What is published of entry ${index} does not lead to the checkpoint.`, {
      hint: 'Run: sallyport ledger verify',
    })
  }
  return { index, leaf, hashes, checkpoint }
}
