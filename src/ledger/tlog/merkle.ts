import { hash } from 'node:crypto'

/** Bytes of a SHA-256 hash. */
export const hashBytes = 32

/** The root of a tree without leaves: the hash of nothing (RFC 6962 section 2.1). */
export const emptyRoot: Buffer = hash('sha256', '', 'buffer')

/** What a leaf is hashed as stands here; a buffer of its own for each would cost as much as the hash. */
let prefixed = Buffer.alloc(64 * 1024)

/** MTH({d}) = SHA-256(0x00 || d) (RFC 6962 section 2.1). */
export function leafHash(leaf: Uint8Array): Buffer {
  const hashed = Buffer.allocUnsafe(hashBytes)
  writeLeafHash(leaf, hashed, 0)
  return hashed
}

/** Writes the hash of a leaf. */
export function writeLeafHash(leaf: Uint8Array, to: Buffer, at: number): void {
  if (leaf.length >= prefixed.length) prefixed = Buffer.alloc(leaf.length * 2)
  prefixed.set(leaf, 1)
  // A binary (Latin-1) string holds 32 bytes for a third of what a Buffer of their own costs.
  to.write(hash('sha256', prefixed.subarray(0, leaf.length + 1), 'binary'), at, hashBytes, 'latin1')
}

const pair = Buffer.alloc(1 + 2 * hashBytes, 1)

/** SHA-256(0x01 || left || right) (RFC 6962 section 2.1). */
export function nodeHash(left: Uint8Array, right: Uint8Array): Buffer {
  pair.set(left, 1)
  pair.set(right, 1 + hashBytes)
  const hashed = Buffer.allocUnsafe(hashBytes)
  hashed.write(hash('sha256', pair, 'binary'), 0, hashBytes, 'latin1')
  return hashed
}

/**
 * The right edge of a tree that grows: the roots of the perfect subtrees of which it consists, largest first. All that
 * is needed to go on, and to tell the root.
 */
export class Frontier {
  readonly #subtrees: { readonly size: number; readonly hash: Buffer }[] = []
  #size = 0

  /** How many leaves. */
  get size(): number {
    return this.#size
  }

  /** Appends a perfect subtree. Its size is a power of two and divides what stands before it. */
  append(hashed: Buffer, size: number = 1): void {
    let joined = { size, hash: hashed }
    for (let last = this.#subtrees.at(-1); last?.size === joined.size; last = this.#subtrees.at(-1)) {
      this.#subtrees.pop()
      joined = { size: joined.size * 2, hash: nodeHash(last.hash, joined.hash) }
    }
    this.#subtrees.push(joined)
    this.#size += size
  }

  /** MTH over all leaves. */
  root(): Buffer {
    const { hash: last } = this.#subtrees.at(-1) ?? { hash: emptyRoot }
    return this.#subtrees.slice(0, -1).reduceRight((right, { hash: left }) => nodeHash(left, right), last)
  }
}

/** The largest power of two smaller than `n`, which is at least 2. */
export function splitPoint(n: number): number {
  let k = 1
  while (k * 2 < n) k *= 2
  return k
}
