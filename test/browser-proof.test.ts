import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { canonical } from '../console/src/proof/canonical.ts'
import { parseVerifierKey, verifyEntryProof } from '../console/src/proof/verify-proof.ts'
import { canonicalJson } from '../src/action/index.ts'
import { encodeProof, nodeFiles, openFileLedger, proveEntry, signingKey, TransparencyLog } from '../src/ledger/index.ts'
import { makeSignerKey, parseSignerKey } from '../src/ledger/tlog/note.ts'

/** Of proofs that a browser checks; Node.js has the same WebCrypto. */
describe('a proof, checked in the browser', () => {
  const size = 300
  let directory: string
  let key: string
  const proofOf = async (index: number) => encodeProof(await proveEntry(directory, index))

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'sallyport-proof-'))
    const entries = await openFileLedger({ directory })
    const signer = await signingKey(nodeFiles, directory)
    key = signer.verifier.key
    const log = await TransparencyLog.open({ files: nodeFiles, directory, entries, signer, onProblem: () => undefined })
    for (let i = 0; i < size; i++) entries.append('door.closed', { door: `door-${i} ü ${'x'.repeat(i)}` })
    await entries.flush()
    await log.close()
    await entries.close()
  })
  afterAll(() => rm(directory, { recursive: true, force: true }))

  test('holds for each entry of a log that the server wrote', async () => {
    for (const index of [0, 1, 2, 127, 128, 255, 256, 257, 298, 299]) {
      const { leaf, ...proved } = await verifyEntryProof(await proofOf(index), key)
      expect(proved).toMatchObject({ index, size })
      expect(JSON.parse(leaf).body.door).toContain(`door-${index} ü`)
    }
  })

  test('does not hold with one character changed, wherever it stands', async () => {
    const proof = await proofOf(2)
    expect(proof.length).toBeGreaterThan(400)
    for (let at = 0; at < proof.length; at++) {
      const other = proof[at] === 'A' ? 'B' : 'A'
      const changed = proof.slice(0, at) + other + proof.slice(at + 1)
      await expect(verifyEntryProof(changed, key), `at ${at}`).rejects.toThrow()
    }
  })

  test('does not hold for another entry, another key, or pieces of two proofs', async () => {
    const [proof, other] = [await proofOf(5), await proofOf(6)]
    await expect(verifyEntryProof(proof.replace('index 5', 'index 6'), key)).rejects.toThrow('does not lead')
    await expect(verifyEntryProof(proof.replace('index 5', 'index 300'), key)).rejects.toThrow('does not lead')
    const leaf = /^extra .*$/m.exec(other)?.[0] ?? ''
    await expect(verifyEntryProof(proof.replace(/^extra .*$/m, leaf), key)).rejects.toThrow('does not lead')
    const name = key.split('+')[0] ?? ''
    const stranger = parseSignerKey(makeSignerKey(name)).verifier.key
    await expect(verifyEntryProof(proof, stranger)).rejects.toThrow(`not signed by ${name}`)
    await expect(verifyEntryProof(proof.replace(/\u2014.*\n/u, ''), key)).rejects.toThrow('not signed')
    for (const text of ['', 'null', '{}', '\n\n', proof.slice(0, -1), proof.replaceAll('\n', '\r\n')]) {
      await expect(verifyEntryProof(text, key)).rejects.toThrow()
    }
  })

  test('is checked with a whole key only', async () => {
    expect((await parseVerifierKey(` ${key}\n`)).name).toBe(key.split('+')[0])
    for (let at = 0; at < key.length; at++) {
      const changed = key.slice(0, at) + (key[at] === 'A' ? 'B' : 'A') + key.slice(at + 1)
      await expect(parseVerifierKey(changed), `at ${at}`).rejects.toThrow('not the verifier key')
    }
    for (const text of ['', 'a', 'a+b+c', 'a+00000000+']) await expect(parseVerifierKey(text)).rejects.toThrow()
  })

  test('is of what is shown only where canonical JSON is that of the server', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const sent = JSON.parse(JSON.stringify(value))
        expect(canonical(sent)).toBe(canonicalJson(sent))
      }),
    )
  })
})
