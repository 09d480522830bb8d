import { nodeHash, splitPoint } from './merkle.ts'

/** MTH over the leaves from `start` up to but without `end`, which is greater. */
export type RangeHash = (start: number, end: number) => Promise<Buffer>

/** PATH(index, D[size]): the hashes that lead from a leaf to the root, from below (RFC 6962 section 2.1.1). */
export async function inclusionProof(index: number, size: number, hashOf: RangeHash): Promise<Buffer[]> {
  if (!(index >= 0 && index < size)) throw new RangeError(`there is no leaf ${index} in a tree of ${size}`)
  const path = async (start: number, end: number): Promise<Buffer[]> => {
    if (end - start === 1) return []
    const middle = start + splitPoint(end - start)
    return index < middle
      ? [...(await path(start, middle)), await hashOf(middle, end)]
      : [...(await path(middle, end)), await hashOf(start, middle)]
  }
  return path(0, size)
}

/** PROOF(older, D[newer]): that the tree of `newer` leaves begins with that of `older` (RFC 6962 section 2.1.2). */
export async function consistencyProof(older: number, newer: number, hashOf: RangeHash): Promise<Buffer[]> {
  if (!(older >= 0 && older <= newer)) throw new RangeError(`a tree of ${newer} does not go on from one of ${older}`)
  if (older === 0 || older === newer) return []
  const proof = async (m: number, start: number, end: number, isWhole: boolean): Promise<Buffer[]> => {
    if (m === end - start) return isWhole ? [] : [await hashOf(start, end)]
    const k = splitPoint(end - start)
    return m <= k
      ? [...(await proof(m, start, start + k, isWhole)), await hashOf(start + k, end)]
      : [...(await proof(m - k, start + k, end, false)), await hashOf(start, start + k)]
  }
  return proof(older, 0, newer, true)
}

/** Whether the proof leads from the leaf to the root (RFC 9162 section 2.1.3.2). */
export function verifyInclusion(
  leaf: Uint8Array,
  index: number,
  size: number,
  proof: readonly Uint8Array[],
  root: Uint8Array,
): boolean {
  if (!Number.isSafeInteger(index) || !Number.isSafeInteger(size) || index < 0 || index >= size) return false
  let node = index
  let last = size - 1
  let hashed: Uint8Array = leaf
  for (const sibling of proof) {
    if (last === 0) return false
    if (node % 2 === 1 || node === last) {
      hashed = nodeHash(sibling, hashed)
      while (node % 2 === 0 && node !== 0) {
        node = Math.floor(node / 2)
        last = Math.floor(last / 2)
      }
    } else {
      hashed = nodeHash(hashed, sibling)
    }
    node = Math.floor(node / 2)
    last = Math.floor(last / 2)
  }
  return last === 0 && Buffer.compare(hashed, root) === 0
}

/** Whether the proof shows that the newer tree begins with the older one (RFC 9162 section 2.1.4.2). */
export function verifyConsistency(
  older: { readonly size: number; readonly root: Uint8Array },
  newer: { readonly size: number; readonly root: Uint8Array },
  proof: readonly Uint8Array[],
): boolean {
  const same = Buffer.compare(older.root, newer.root) === 0
  if (older.size > newer.size) return false
  if (older.size === newer.size) return proof.length === 0 && same
  if (older.size === 0) return proof.length === 0
  const [first, ...rest] = isPowerOfTwo(older.size) ? [older.root, ...proof] : proof
  if (first === undefined) return false
  let node = older.size - 1
  let last = newer.size - 1
  while (node % 2 === 1) {
    node = Math.floor(node / 2)
    last = Math.floor(last / 2)
  }
  let old: Uint8Array = first
  let now: Uint8Array = first
  for (const sibling of rest) {
    if (last === 0) return false
    if (node % 2 === 1 || node === last) {
      old = nodeHash(sibling, old)
      now = nodeHash(sibling, now)
      while (node % 2 === 0 && node !== 0) {
        node = Math.floor(node / 2)
        last = Math.floor(last / 2)
      }
    } else {
      now = nodeHash(now, sibling)
    }
    node = Math.floor(node / 2)
    last = Math.floor(last / 2)
  }
  return last === 0 && Buffer.compare(old, older.root) === 0 && Buffer.compare(now, newer.root) === 0
}

function isPowerOfTwo(n: number): boolean {
  return Number.isInteger(Math.log2(n))
}
