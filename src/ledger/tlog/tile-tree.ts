import { Frontier, hashBytes, leafHash, nodeHash } from './merkle.ts'
import { bundlePath, encodeLeaf, tilePath, tileWidth } from './tile.ts'

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

/**
 * A tree that grows leaf by leaf and hands out the tiles and bundles that come of it. It keeps its right edge only,
 * however long the log is.
 */
export class TileTree {
  readonly #frontier = new Frontier()
  readonly #edges: Edge[] = []
  #bundle: Buffer[] = []
  #full: TileFile[] = []

  get size(): number {
    return this.#frontier.size
  }

  root(): Buffer {
    return this.#frontier.root()
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
    const edges: { edge: Edge; span: number }[] = []
    for (let level = 0, count = size, span = 1; count > 0; level++, span *= tileWidth) {
      const edge = tree.#edge(level)
      edge.tiles = Math.floor(count / tileWidth)
      edge.width = count % tileWidth
      const stored = edge.width === 0 ? Buffer.alloc(0) : await hashes(level, edge.tiles, edge.width)
      if (stored === undefined) return undefined
      stored.copy(edge.bytes)
      edges.push({ edge, span })
      count = edge.tiles
    }
    for (const { edge, span } of edges.reverse()) {
      for (let i = 0; i < edge.width; i++) tree.#frontier.append(Buffer.from(hashAt(edge.bytes, i)), span)
    }
    const [lowest] = tree.#edges
    if (lowest !== undefined && lowest.width > 0) {
      const leaves = await bundle(lowest.tiles, lowest.width)
      if (leaves === undefined || leaves.length < lowest.width) return undefined
      tree.#bundle = leaves.slice(0, lowest.width).map(encodeLeaf)
    }
    return tree
  }

  append(leaf: Buffer): void {
    const hashed = leafHash(leaf)
    this.#frontier.append(hashed)
    this.#bundle.push(encodeLeaf(leaf))
    if (this.#bundle.length === tileWidth) {
      this.#full.push({ path: bundlePath(this.#edge(0).tiles), bytes: Buffer.concat(this.#bundle) })
      this.#bundle = []
    }
    this.#push(0, hashed)
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
      if (level === 0) partial.push({ path: bundlePath(edge.tiles, edge.width), bytes: Buffer.concat(this.#bundle) })
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

  #push(level: number, hashed: Buffer): void {
    const edge = this.#edge(level)
    hashed.copy(edge.bytes, edge.width * hashBytes)
    edge.width += 1
    edge.changed = true
    if (edge.width < tileWidth) return
    const bytes = Buffer.from(edge.bytes)
    this.#full.push({ path: tilePath(level, edge.tiles), bytes })
    edge.tiles += 1
    edge.width = 0
    this.#push(level + 1, perfectRoot(bytes, 0, tileWidth))
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
