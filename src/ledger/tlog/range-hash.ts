import { SallyportError } from '../../errors/index.ts'
import { nodeHash, splitPoint } from './merkle.ts'
import type { RangeHash } from './proof.ts'
import { tilePath, tileWidth } from './tile.ts'
import type { TileFiles } from './tile-files.ts'
import { perfectRoot } from './tile-tree.ts'

/** Hashes of ranges of leaves, read from the tiles of a tree of `size` leaves. */
export function rangeHashOf(files: TileFiles, size: number): RangeHash {
  const tiles = new Map<string, Promise<Buffer>>()
  const tile = (level: number, index: number): Promise<Buffer> => {
    const width = Math.min(tileWidth, Math.floor(size / tileWidth ** level) - index * tileWidth)
    const path = tilePath(level, index, width)
    const known = tiles.get(path) ?? read(files, level, index, width, path)
    tiles.set(path, known)
    return known
  }
  const hashOf: RangeHash = async (start, end) => {
    const count = end - start
    if (!Number.isInteger(Math.log2(count)) || start % count !== 0) {
      const middle = start + splitPoint(count)
      return nodeHash(await hashOf(start, middle), await hashOf(middle, end))
    }
    const level = Math.floor(Math.log2(count) / 8)
    const span = tileWidth ** level
    const first = start / span
    return perfectRoot(await tile(level, Math.floor(first / tileWidth)), first % tileWidth, count / span)
  }
  return hashOf
}

async function read(files: TileFiles, level: number, index: number, width: number, path: string): Promise<Buffer> {
  const hashes = await files.hashes(level, index, width)
  if (hashes !== undefined) return hashes
  throw new SallyportError('ledger_corrupt', `The tile ${path} is missing or too short.`, {
    hint: 'Run: sallyport ledger verify. Missing tiles are made again from the segments at the next start.',
  })
}
