/**
 * Where hashes and entries stand (C2SP tlog-tiles, "Merkle Tree" and "Log entries"): a tile holds up to 256 hashes of
 * one level, level L being every 256^L-th row of the tree; an entry bundle holds up to 256 entries.
 */
export const tileWidth = 256

/** The longest entry that a bundle can hold: its length is a big-endian u16. */
export const maxLeafBytes = 0xffff

/** A tile's number as a path: groups of three digits, `x` before all but the last: 1234067 is `x001/x234/067`. */
function numberPath(index: number): string {
  const groups: string[] = []
  for (let rest = index; ; rest = Math.floor(rest / 1000)) {
    groups.unshift(String(rest % 1000).padStart(3, '0'))
    if (rest < 1000) break
  }
  return groups.map((group, i) => (i < groups.length - 1 ? `x${group}` : group)).join('/')
}

/** @param width hashes in it; a partial tile has fewer than 256 */
export function tilePath(level: number, index: number, width: number = tileWidth): string {
  return `tile/${level}/${numberPath(index)}${partial(width)}`
}

export function bundlePath(index: number, width: number = tileWidth): string {
  return `tile/entries/${numberPath(index)}${partial(width)}`
}

function partial(width: number): string {
  return width === tileWidth ? '' : `.p/${width}`
}

/** Bytes that an entry takes in a bundle. */
export function leafBytes(leaf: Uint8Array): number {
  return 2 + leaf.length
}

/** Writes an entry as it stands in a bundle. */
export function writeLeaf(leaf: Uint8Array, to: Buffer, at: number): void {
  to.writeUInt16BE(leaf.length, at)
  to.set(leaf, at + 2)
}

/** @throws RangeError for bytes that are no bundle */
export function decodeBundle(bytes: Buffer): Buffer[] {
  const leaves: Buffer[] = []
  for (let at = 0; at < bytes.length; ) {
    const end = at + 2 + bytes.readUInt16BE(at)
    if (end > bytes.length) throw new RangeError('the last entry of the bundle is cut short')
    leaves.push(bytes.subarray(at + 2, end))
    at = end
  }
  return leaves
}
