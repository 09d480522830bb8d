import { Frontier, hashBytes, nodeHash, writeLeafHash } from './merkle.ts'
import { bundlePath, leafBytes, tilePath, tileWidth, writeLeaf } from './tile.ts'

/** A file of the log that is full, or as full as the log is long. */
export interface TileFile {
  readonly path: string
  readonly bytes: Buffer
}

/** The unfinished tile of one level. */
interface Edge {
  /** Full tiles before it. */
  tiles: number
  width: number
  readonly bytes: Buffer
  /** Differs from what was handed out last. */
  changed: boolean
}

const firstBundleBytes = 256 * 1024

/**
 * A tree that grows leaf by leaf and hands out the tiles and bundles that come of it. It keeps its right edge only,
 * however long the log is.
 */
export class TileTree {
  readonly #edges: Edge[] = []
  #size = 0
  #bundle = Buffer.allocUnsafe(firstBundleBytes)
  #bundleBytes = 0
  #full: TileFile[] = []

  get size(): number {
    return this.#size
  }

  /** MTH over all leaves: what the unfinished tiles, from the highest level down, make together. */
  root(): Buffer {
    const frontier = new Frontier()
    for (const [i, edge] of [...this.#edges].reverse().entries()) {
      const span = tileWidth ** (this.#edges.length - 1 - i)
      for (let at = 0; at < edge.width; at++) frontier.append(Buffer.from(hashAt(edge.bytes, at)), span)
    }
    return frontier.root()
  }

  /**
   * Goes on from a tree of `size` leaves whose unfinished tiles and bundle are given.
   * @param hashes the first `width` hashes of tile `index` of a level
   */
  static async resume(
    size: number,
    hashes: (level: number, index: number, width: number) => Promise<Buffer | undefined>,
    bundle: (index: number, width: number) => Promise<readonly Buffer[] | undefined>,
  ): Promise<TileTree | undefined> {
    const tree = new TileTree()
    tree.#size = size
    for (let level = 0, count = size; count > 0; level++) {
      const edge = tree.#edge(level)
      edge.tiles = Math.floor(count / tileWidth)
      edge.width = count % tileWidth
      const stored = edge.width === 0 ? Buffer.alloc(0) : await hashes(level, edge.tiles, edge.width)
      if (stored === undefined) return undefined
      stored.copy(edge.bytes)
      count = edge.tiles
    }
    const [lowest] = tree.#edges
    if (lowest !== undefined && lowest.width > 0) {
      const leaves = await bundle(lowest.tiles, lowest.width)
      if (leaves === undefined || leaves.length < lowest.width) return undefined
      for (const leaf of leaves.slice(0, lowest.width)) tree.#keep(leaf)
    }
    return tree
  }

  append(leaf: Buffer): void {
    this.#keep(leaf)
    this.#size += 1
    const edge = this.#edge(0)
    writeLeafHash(leaf, edge.bytes, edge.width * hashBytes)
    this.#grow(0, edge)
  }

  /** Tiles and bundles that have become full since the last call. */
  takeFull(): readonly TileFile[] {
    const full = this.#full
    this.#full = []
    return full
  }

  /** The unfinished tiles and bundle that changed since the last call. */
  takePartial(): readonly TileFile[] {
    const partial: TileFile[] = []
    for (const [level, edge] of this.#edges.entries()) {
      if (!edge.changed) continue
      edge.changed = false
      if (edge.width === 0) continue
      const bytes = Buffer.from(edge.bytes.subarray(0, edge.width * hashBytes))
      partial.push({ path: tilePath(level, edge.tiles, edge.width), bytes })
      if (level === 0) partial.push({ path: bundlePath(edge.tiles, edge.width), bytes: this.#bundled() })
    }
    return partial
  }

  /** Where the unfinished tiles and bundle stand now, changed or not. */
  get partialPaths(): readonly string[] {
    return this.#edges.flatMap(({ tiles, width }, level) => {
      if (width === 0) return []
      const path = tilePath(level, tiles, width)
      return level === 0 ? [path, bundlePath(tiles, width)] : [path]
    })
  }

  #keep(leaf: Buffer): void {
    const end = this.#bundleBytes + leafBytes(leaf)
    if (end > this.#bundle.length) {
      const larger = Buffer.allocUnsafe(Math.max(end, this.#bundle.length * 2))
      this.#bundle.copy(larger, 0, 0, this.#bundleBytes)
      this.#bundle = larger
    }
    writeLeaf(leaf, this.#bundle, this.#bundleBytes)
    this.#bundleBytes = end
  }

  #bundled(): Buffer {
    return Buffer.from(this.#bundle.subarray(0, this.#bundleBytes))
  }

  #edge(level: number): Edge {
    const edge = this.#edges[level] ?? {
      tiles: 0,
      width: 0,
      bytes: Buffer.alloc(tileWidth * hashBytes),
      changed: false,
    }
    this.#edges[level] = edge
    return edge
  }

  /** One more hash stands at the end of a level's unfinished tile. */
  #grow(level: number, edge: Edge): void {
    edge.width += 1
    edge.changed = true
    if (edge.width < tileWidth) return
    if (level === 0) {
      this.#full.push({ path: bundlePath(edge.tiles), bytes: this.#bundled() })
      this.#bundleBytes = 0
    }
    const bytes = Buffer.from(edge.bytes)
    this.#full.push({ path: tilePath(level, edge.tiles), bytes })
    edge.tiles += 1
    edge.width = 0
    const above = this.#edge(level + 1)
    perfectRoot(bytes, 0, tileWidth).copy(above.bytes, above.width * hashBytes)
    this.#grow(level + 1, above)
  }
}

export function hashAt(tile: Buffer, index: number): Buffer {
  return tile.subarray(index * hashBytes, (index + 1) * hashBytes)
}

/** The root over `count` hashes of a tile, a power of two, from number `start` on. */
export function perfectRoot(tile: Buffer, start: number, count: number): Buffer {
  if (count === 1) return Buffer.from(hashAt(tile, start))
  const half = count / 2
  return nodeHash(perfectRoot(tile, start, half), perfectRoot(tile, start + half, half))
}
