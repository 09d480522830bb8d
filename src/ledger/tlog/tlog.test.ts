import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { checkpointText, parseCheckpoint } from './checkpoint.ts'
import { emptyRoot, Frontier, leafHash, nodeHash, splitPoint } from './merkle.ts'
import { isSignedBy, makeSignerKey, parseNote, parseSignerKey, parseVerifierKey, signNote } from './note.ts'
import { consistencyProof, inclusionProof, type RangeHash, verifyConsistency, verifyInclusion } from './proof.ts'
import { type EntryProof, encodeProof, parseProof, verifyProof } from './proof-file.ts'
import { bundlePath, decodeBundle, leafBytes, tilePath, writeLeaf } from './tile.ts'
import { TileTree } from './tile-tree.ts'

/** Leaves and roots of the reference tree in the test data of Certificate Transparency (RFC 6962). */
const leaves = ['', '00', '10', '2021', '3031', '40414243', '5051525354555657', '606162636465666768696a6b6c6d6e6f']
const roots = [
  'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
  '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d',
  'fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125',
  'aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77',
  'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
  '4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4',
  '76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef',
  'ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c',
  '5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328',
]

/** MTH by its definition, for comparison. */
function definition(hashes: readonly Buffer[]): Buffer {
  const [only] = hashes
  if (only === undefined) return emptyRoot
  if (hashes.length === 1) return only
  const k = splitPoint(hashes.length)
  return nodeHash(definition(hashes.slice(0, k)), definition(hashes.slice(k)))
}

function numbered(count: number): Buffer[] {
  return Array.from({ length: count }, (_, i) => leafHash(Buffer.from(`entry ${i}`)))
}

function rangeOf(hashes: readonly Buffer[]): RangeHash {
  return (start, end) => Promise.resolve(definition(hashes.slice(start, end)))
}

describe('the tree', () => {
  it('has the roots of the reference tree', () => {
    const frontier = new Frontier()
    expect(frontier.root().toString('hex')).toBe(roots[0])
    for (const [i, leaf] of leaves.entries()) {
      frontier.append(leafHash(Buffer.from(leaf, 'hex')))
      expect(frontier.root().toString('hex')).toBe(roots[i + 1])
    }
  })

  it('comes out the same leaf by leaf, in tiles, and resumed at any size', async () => {
    const files = new Map<string, Buffer>()
    const all = Array.from({ length: 70_000 }, (_, i) => Buffer.from(`leaf ${i}`))
    const tree = new TileTree()
    const frontier = new Frontier()
    for (const leaf of all) {
      tree.append(leaf)
      frontier.append(leafHash(leaf))
      for (const { path, bytes } of tree.takeFull()) files.set(path, bytes)
    }
    for (const { path, bytes } of tree.takePartial()) files.set(path, bytes)
    expect(tree.root()).toEqual(frontier.root())
    expect([...files.keys()].filter((path) => path.startsWith('tile/2'))).toEqual(['tile/2/000.p/1'])
    const resumed = await TileTree.resume(
      all.length,
      async (level, index, width) => files.get(tilePath(level, index, width)),
      async (index, width) => decodeBundle(files.get(bundlePath(index, width)) ?? Buffer.alloc(0)),
    )
    expect(resumed?.root()).toEqual(frontier.root())
    const next = Buffer.from('one more')
    resumed?.append(next)
    frontier.append(leafHash(next))
    expect(resumed?.root()).toEqual(frontier.root())
  })
})

describe('proofs', () => {
  it('of inclusion lead to the root, and only with the right leaf, place, size and hashes', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 200 }), fc.nat(), fc.nat(), async (size, at, other) => {
        const hashes = numbered(size)
        const [index, wrong] = [at % size, other % size]
        const root = definition(hashes)
        const proof = await inclusionProof(index, size, rangeOf(hashes))
        const leaf = hashes[index] ?? Buffer.alloc(0)
        expect(verifyInclusion(leaf, index, size, proof, root)).toBe(true)
        if (wrong !== index) {
          expect(verifyInclusion(leaf, wrong, size, proof, root)).toBe(false)
          expect(verifyInclusion(hashes[wrong] ?? leaf, index, size, proof, root)).toBe(false)
        }
        expect(verifyInclusion(leaf, index, size, [...proof, root], root)).toBe(false)
        if (proof.length > 0) expect(verifyInclusion(leaf, index, size, proof.slice(1), root)).toBe(false)
      }),
    )
  })

  it('of consistency hold for every pair of sizes, and not for a tree that forked', async () => {
    const hashes = numbered(70)
    const forked = [leafHash(Buffer.from('other')), ...hashes.slice(1)]
    for (let older = 0; older <= 70; older++) {
      for (let newer = older; newer <= 70; newer += 3) {
        const before = { size: older, root: definition(hashes.slice(0, older)) }
        const after = { size: newer, root: definition(hashes.slice(0, newer)) }
        const proof = await consistencyProof(older, newer, rangeOf(hashes))
        expect(verifyConsistency(before, after, proof)).toBe(true)
        if (older === 0) continue
        const other = { size: older, root: definition(forked.slice(0, older)) }
        expect(verifyConsistency(other, after, proof)).toBe(false)
        expect(verifyConsistency(before, { size: newer, root: definition(forked.slice(0, newer)) }, proof)).toBe(false)
      }
    }
  })
})

describe('tiles and bundles', () => {
  it('are named as C2SP tlog-tiles names them', () => {
    expect(tilePath(0, 1_234_067)).toBe('tile/0/x001/x234/067')
    expect(tilePath(1, 0, 112)).toBe('tile/1/000.p/112')
    expect(tilePath(0, 273, 255)).toBe('tile/0/273.p/255')
    expect(bundlePath(1000)).toBe('tile/entries/x001/000')
  })

  it('give back the entries that were put in', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 20 }), (entries) => {
        const bytes = Buffer.concat(
          entries.map((entry) => {
            const one = Buffer.alloc(leafBytes(entry))
            writeLeaf(entry, one, 0)
            return one
          }),
        )
        expect(decodeBundle(bytes).map((leaf) => [...leaf])).toEqual(entries.map((entry) => [...entry]))
      }),
    )
    expect(() => decodeBundle(Buffer.from([0, 5, 1]))).toThrow(RangeError)
  })
})

describe('signed notes', () => {
  // The example in the documentation of golang.org/x/mod/sumdb/note.
  const key = 'PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW'
  const secret = 'PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz'
  const text = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n"
  const signed = `${text}\n— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n`

  it('are those of other tools, byte for byte', () => {
    expect(parseSignerKey(secret).verifier.key).toBe(key)
    expect(signNote(text, [parseSignerKey(secret)])).toBe(signed)
    expect(isSignedBy(parseNote(signed), parseVerifierKey(key))).toBe(true)
  })

  it('do not verify when anything was changed', () => {
    const other = parseSignerKey(makeSignerKey('PeterNeumann', Buffer.alloc(32, 7)))
    expect(isSignedBy(parseNote(signed), other.verifier)).toBe(false)
    expect(isSignedBy(parseNote(signed.replace('answer', 'question')), parseVerifierKey(key))).toBe(false)
    for (const broken of ['', text, `${text}\n`, signed.slice(0, -1), signed.replace('— ', '- '), `${signed}x\n`]) {
      expect(() => {
        if (!isSignedBy(parseNote(broken), parseVerifierKey(key))) throw new Error('not signed')
      }).toThrow()
    }
    for (const broken of ['', 'a+b+c', key.replace('c74f20a3', 'c74f20a4'), key.slice(0, -4)]) {
      expect(() => parseVerifierKey(broken)).toThrow('verifier key')
    }
  })

  it('are encoded the one way: no byte can be changed that a decoder passes over', () => {
    for (const [from, to] of [
      ['nAM=', 'nAN='],
      ['nAM=', 'nAM'],
      ['nAM=', 'nA-='],
      ['x08go/ZJ', 'x08go_ZJ'],
    ] as const) {
      expect(() => parseNote(signed.replace(from, to))).toThrow('signature line')
    }
  })

  it('carry checkpoints', () => {
    const checkpoint = { origin: 'example.com/log', size: 20_852_163, root: leafHash(Buffer.from('x')) }
    expect(parseCheckpoint(checkpointText(checkpoint))).toEqual(checkpoint)
    const root = checkpoint.root.toString('base64')
    for (const broken of ['', 'o\n1\n', `o\n01\n${root}\n`, `o\n-1\n${root}\n`, `\n1\n${root}\n`, 'o\n1\nAAAA\n']) {
      expect(() => parseCheckpoint(broken)).toThrow('checkpoint')
    }
  })
})

describe('proof files', () => {
  it('prove with nothing but the key, and nothing else than what they were made for', async () => {
    const signer = parseSignerKey(makeSignerKey('example.com/log', Buffer.alloc(32, 1)))
    const all = Array.from({ length: 50 }, (_, i) => Buffer.from(`entry ${i}`))
    const hashes = all.map(leafHash)
    const text = checkpointText({ origin: 'example.com/log', size: 50, root: definition(hashes) })
    const proof: EntryProof = {
      index: 21,
      leaf: all[21] ?? Buffer.alloc(0),
      hashes: await inclusionProof(21, 50, rangeOf(hashes)),
      checkpoint: signNote(text, [signer]),
    }
    const file = encodeProof(proof)
    expect(parseProof(file)).toEqual(proof)
    expect(verifyProof(parseProof(file), signer.verifier).size).toBe(50)
    const stranger = parseSignerKey(makeSignerKey('example.com/log', Buffer.alloc(32, 2)))
    expect(() => verifyProof(proof, stranger.verifier)).toThrow('not signed')
    expect(() => verifyProof({ ...proof, leaf: Buffer.from('entry 22') }, signer.verifier)).toThrow('does not lead')
    fc.assert(
      fc.property(fc.nat({ max: file.length - 1 }), fc.constantFrom('A', '0', '\n', ' '), (at, character) => {
        const changed = file.slice(0, at) + character + file.slice(at + 1)
        if (changed === file) return
        let proved: EntryProof | undefined
        try {
          proved = parseProof(changed)
          verifyProof(proved, signer.verifier)
        } catch {
          return
        }
        // Only the spelling of base64 can differ then.
        expect([proved.index, proved.leaf, proved.hashes]).toEqual([proof.index, proof.leaf, proof.hashes])
      }),
      { numRuns: 500 },
    )
  })
})
