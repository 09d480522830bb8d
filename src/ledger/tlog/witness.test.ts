import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { FaultFiles, systemError } from '../../../test/support/fault-files.ts'
import { ledgerFolder } from '../../../test/support/ledger-folder.ts'
import { nodeFiles } from '../file-layer.ts'
import { encodeAddCheckpoint, parseAddCheckpoint } from './add-checkpoint.ts'
import { checkpointText } from './checkpoint.ts'
import { emptyRoot, leafHash, nodeHash, splitPoint } from './merkle.ts'
import { isSignedBy, makeSignerKey, parseNote, parseSignerKey, parseVerifierKey, signNote } from './note.ts'
import { consistencyProof } from './proof.ts'
import { TileFiles } from './tile-files.ts'
import { Witness } from './witness.ts'

/** The example of C2SP tlog-witness, "add-checkpoint". */
const example = `old 20852014
PlRNCrwHpqhGrupue0L7gxbjbMiKA9temvuZZDDpkaw=
jrJZDmY8Y7SyJE0MWLpLozkIVMSMZcD5kvuKxPC3swk=
5+pKlUdi2LeF/BcMHBn+Ku6yhPGNCswZZD1X/6QgPd8=
/6WVhPs2CwSsb5rYBH5cjHV/wSmA79abXAwhXw3Kj/0=

example.com/behind-the-sofa
20852163
CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=

— example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=
`

const log = parseSignerKey(makeSignerKey('log.example/1', Buffer.alloc(32, 1)))
const witnessKey = makeSignerKey('witness.example/w1', Buffer.alloc(32, 2), 'cosignature')
const witnessSigner = parseSignerKey(witnessKey, 'cosignature', () => 1_679_315_147_900)

/** A history of leaves. */
class Tree {
  readonly #leaves: readonly string[]

  constructor(leaves: readonly string[]) {
    this.#leaves = leaves
  }

  readonly hashOf = async (start: number, end: number): Promise<Buffer> => this.#hash(start, end)

  note(size: number, origin = 'log.example/1'): string {
    const root = size === 0 ? emptyRoot : this.#hash(0, size)
    return signNote(checkpointText({ origin, size, root }), [log])
  }

  async request(oldSize: number, size: number): Promise<string> {
    const proof = await consistencyProof(Math.min(oldSize, size), size, this.hashOf)
    return encodeAddCheckpoint({ oldSize, proof, note: this.note(size) })
  }

  #hash(start: number, end: number): Buffer {
    if (end - start === 1) return leafHash(Buffer.from(this.#leaves[start] ?? ''))
    const middle = start + splitPoint(end - start)
    return nodeHash(this.#hash(start, middle), this.#hash(middle, end))
  }
}

function history(size: number, forkedAt = size): Tree {
  return new Tree(Array.from({ length: size }, (_, i) => (i < forkedAt ? `entry ${i}` : `other ${i}`)))
}

async function newWitness(directory?: string, files = nodeFiles): Promise<Witness> {
  const folder = directory ?? (await ledgerFolder())
  return new Witness({ files: new TileFiles(files, folder), signer: witnessSigner, logs: [log.verifier] })
}

describe('a request to add a checkpoint', () => {
  it('is read and written as the specification shows it', () => {
    const { oldSize, proof, note } = parseAddCheckpoint(example)
    expect([oldSize, proof.length, note.split('\n')[1]]).toEqual([20_852_014, 4, '20852163'])
    expect(encodeAddCheckpoint({ oldSize, proof, note })).toBe(example)
  })

  it('is refused where a size or a hash is written another way, or there are too many hashes', () => {
    const hashed = 'PlRNCrwHpqhGrupue0L7gxbjbMiKA9temvuZZDDpkaw='
    for (const head of [
      'old 01',
      'old -1',
      'old',
      'old 1 ',
      `old 1\n${hashed.slice(1)}`,
      `old 1${`\n${hashed}`.repeat(64)}`,
    ]) {
      expect(() => parseAddCheckpoint(`${head}\n\nnote`)).toThrow('not a request')
    }
    expect(parseAddCheckpoint(`old 1${`\n${hashed}`.repeat(63)}\n\nnote`).proof).toHaveLength(63)
  })

  it('of any bytes is answered, never thrown at', async () => {
    const witness = await newWitness()
    await fc.assert(
      fc.asyncProperty(fc.string(), fc.nat(example.length), async (text, at) => {
        const { status } = await witness.addCheckpoint(example.slice(0, at) + text + example.slice(at))
        expect([400, 404]).toContain(status)
      }),
    )
  })
})

describe('a witness', () => {
  it('signs the time and the checkpoint, so that tools for cosignatures can check it', async () => {
    const witness = await newWitness()
    const tree = history(8)
    const { status, body } = await witness.addCheckpoint(await tree.request(0, 5))
    expect(status).toBe(200)
    const signed = parseNote(tree.note(5) + body)
    expect(isSignedBy(signed, parseVerifierKey(witnessSigner.verifier.key, 'cosignature'))).toBe(true)
    const own = signed.signatures[1]
    expect([own?.name, own?.signature.length]).toEqual(['witness.example/w1', 72])
    expect(own?.signature.readBigUInt64BE(0)).toBe(1_679_315_147n)
    const other = parseNote(tree.note(6) + body)
    expect(isSignedBy(other, witnessSigner.verifier)).toBe(false)
    // A key of one kind is not taken for the other.
    expect(() => parseVerifierKey(witnessSigner.verifier.key)).toThrow('verifier key of a log')
    expect(() => parseVerifierKey(log.verifier.key, 'cosignature')).toThrow('verifier key of a witness')
  })

  it('answers as the specification says', async () => {
    const witness = await newWitness()
    const [tree, fork] = [history(9), history(9, 2)]
    const ask = async (body: string | Promise<string>) => witness.addCheckpoint(await body)
    expect((await ask(tree.request(0, 4))).status).toBe(200)
    // Where it stands, for who does not know.
    expect(await ask(tree.request(0, 6))).toEqual({ status: 409, body: '4\n', type: 'text/x.tlog.size' })
    expect((await ask(tree.request(3, 6))).status).toBe(409)
    expect((await ask(tree.request(5, 4))).status).toBe(400)
    expect((await ask(fork.request(4, 6))).status).toBe(422)
    expect((await ask(fork.request(4, 4))).status).toBe(409)
    expect((await ask(tree.request(4, 4))).status).toBe(200)
    expect(
      (await ask(encodeAddCheckpoint({ oldSize: 0, proof: [], note: tree.note(6, 'log.example/2') }))).status,
    ).toBe(404)
    const unsigned = tree.note(6).replace(/\n— .*\n$/, `\n— log.example/1 ${Buffer.alloc(68).toString('base64')}\n`)
    expect((await ask(encodeAddCheckpoint({ oldSize: 4, proof: [], note: unsigned }))).status).toBe(403)
    expect((await ask(tree.request(4, 9))).status).toBe(200)
  })

  it('signs one history only, whatever it is asked, also after restarts and all at once', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 20 }),
        fc.array(fc.record({ isFork: fc.boolean(), old: fc.nat(40), size: fc.nat(40), restarts: fc.boolean() }), {
          minLength: 1,
          maxLength: 25,
        }),
        async (forkedAt, requests) => {
          const folder = await ledgerFolder()
          const trees = { true: history(40, forkedAt), false: history(40) }
          let witness = await newWitness(folder)
          let last: { size: number; root: string } = { size: 0, root: '' }
          const pending: Promise<void>[] = []
          for (const { isFork, old, size, restarts } of requests) {
            if (restarts) {
              await Promise.all(pending.splice(0))
              witness = await newWitness(folder)
            }
            // Mostly from where the witness stands: what is refused for its old size shows little.
            const from = old % 3 === 0 ? old : last.size
            const tree = isFork ? trees.true : trees.false
            const root = size === 0 ? '' : (await tree.hashOf(0, size)).toString('hex')
            pending.push(
              tree
                .request(from, size)
                .then((body) => witness.addCheckpoint(body))
                .then(async ({ status }) => {
                  if (status !== 200) return
                  expect(size).toBeGreaterThanOrEqual(last.size)
                  if (last.size > 0) expect((await tree.hashOf(0, last.size)).toString('hex')).toBe(last.root)
                  last = { size, root }
                }),
            )
            if (old % 2 === 0) await Promise.all(pending.splice(0))
          }
          await Promise.all(pending)
        },
      ),
      { numRuns: 40 },
    )
  })

  it('signs nothing that it could not write down, and goes on when the disk works again', async () => {
    const tree = history(9)
    for (const operation of ['create', 'write', 'datasync', 'rename', 'syncDirectory'] as const) {
      const folder = await ledgerFolder()
      const files = new FaultFiles(nodeFiles)
      const witness = await newWitness(folder, files)
      expect((await witness.addCheckpoint(await tree.request(0, 4))).status).toBe(200)
      files.interfere = (call) => {
        if (call.operation === operation) throw systemError('EIO')
        return undefined
      }
      await expect(witness.addCheckpoint(await tree.request(4, 6))).rejects.toThrow('EIO')
      files.interfere = () => undefined
      const { body } = await witness.addCheckpoint(await tree.request(9, 9))
      const stands = Number(body)
      expect([4, 6]).toContain(stands)
      expect((await witness.addCheckpoint(await tree.request(stands, 9))).status).toBe(200)
    }
  })
})
