import { cp, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it, vi } from 'vitest'
import { FaultFiles } from '../../../test/support/fault-files.ts'
import { appendMany, crashImage, ledgerFolder, segmentFiles } from '../../../test/support/ledger-folder.ts'
import { type FileLayer, nodeFiles } from '../file-layer.ts'
import { openFileLedger } from '../open-file-ledger.ts'
import { verifyLedger } from '../verify.ts'
import { makeSignerKey, parseNote, parseSignerKey } from './note.ts'
import { verifyProof } from './proof-file.ts'
import { proveEntry } from './prove.ts'
import { signingKey } from './signing-key.ts'
import { bundlePath, decodeBundle } from './tile.ts'
import { TransparencyLog } from './transparency-log.ts'

const longPayload = 'x'.repeat(100_000)

async function open(directory: string, files: FileLayer = nodeFiles) {
  const ledger = await openFileLedger({ directory, segmentBytes: 256 * 1024 })
  try {
    const signer = await signingKey(nodeFiles, directory)
    const problems: unknown[] = []
    const onProblem = (error: unknown) => problems.push(error)
    const log = await TransparencyLog.open({ files, directory, entries: ledger, signer, onProblem, everyMs: 5 })
    const close = async () => {
      await ledger.flush()
      await log.close()
      await ledger.close()
    }
    return { ledger, log, signer, problems, close }
  } catch (error) {
    await ledger.close()
    throw error
  }
}

/** A closed ledger with so many entries, published. */
async function published(entries: number, directory?: string): Promise<string> {
  const folder = directory ?? (await ledgerFolder())
  const { ledger, close } = await open(folder)
  appendMany(ledger, entries)
  await close()
  return folder
}

async function kinds(directory: string, options?: Parameters<typeof verifyLedger>[1]): Promise<string[]> {
  return (await verifyLedger(directory, options)).problems.map((problem) => problem.kind)
}

async function checkpointOf(directory: string): Promise<string> {
  return readFile(join(directory, 'checkpoint'), 'utf8')
}

describe('the public log', () => {
  it('stands on the disk as tlog-tiles has it, and verifies', async () => {
    const directory = await published(600)
    expect((await readdir(join(directory, 'tile/entries'))).sort()).toEqual(['000', '001', '002.p'])
    expect(await readdir(join(directory, 'tile/entries/002.p'))).toEqual(['88'])
    expect(await readdir(join(directory, 'tile/0/002.p'))).toEqual(['88'])
    expect(await readdir(join(directory, 'tile/1/000.p'))).toEqual(['2'])
    expect(parseNote(await checkpointOf(directory)).text).toMatch(/^sallyport\/[0-9a-f]{12}\n600\n/)
    const bundle = decodeBundle(await readFile(join(directory, bundlePath(1))))
    expect(JSON.parse(bundle[44]?.toString('utf8') ?? '')).toMatchObject({
      kind: 'door.closed',
      body: { door: 'door-300' },
    })
    expect(await verifyLedger(directory)).toMatchObject({ ok: true, checkpoint: { size: 600 } })
  })

  it('goes on where it stopped, and follows a ledger in use', async () => {
    const directory = await published(300)
    const { ledger, log, problems, close } = await open(directory)
    expect(log.checkpoint.size).toBe(300)
    for (let i = 0; i < 20; i++) await appendMany(ledger, 13).at(-1)?.durable
    await close()
    expect(problems).toEqual([])
    expect(log.checkpoint.size).toBe(560)
    expect(await verifyLedger(directory)).toMatchObject({ ok: true, checkpoint: { size: 560 } })
  })

  it('is made again where tiles are gone or damaged', async () => {
    const directory = await published(600)
    const before = await checkpointOf(directory)
    await rm(join(directory, 'tile'), { recursive: true })
    expect(await kinds(directory)).toContain('incomplete')
    await (await open(directory)).close()
    expect(await checkpointOf(directory)).toBe(before)
    expect((await verifyLedger(directory)).ok).toBe(true)
    await writeFile(join(directory, 'tile/0/002.p/88'), Buffer.alloc(88 * 32))
    await (await open(directory)).close()
    expect((await verifyLedger(directory)).ok).toBe(true)
  })

  it('has what is too long for a bundle in a file named by its digest', async () => {
    const directory = await ledgerFolder()
    const { ledger, close } = await open(directory)
    ledger.append('door.closed', { door: longPayload })
    await close()
    const [name = ''] = await readdir(join(directory, 'payload'))
    const [leaf] = decodeBundle(await readFile(join(directory, 'tile/entries/000.p/1')))
    expect(JSON.parse(leaf?.toString('utf8') ?? '')).toMatchObject({ payload: { sha256: name } })
    expect((await verifyLedger(directory)).ok).toBe(true)
    await writeFile(join(directory, 'payload', name), 'something else')
    expect(await kinds(directory)).toEqual(['altered'])
  })

  it('proves each entry, to whoever has the key alone', async () => {
    const directory = await published(600)
    const { verifier } = await signingKey(nodeFiles, directory)
    for (const index of [0, 255, 256, 511, 512, 599]) {
      const proof = await proveEntry(directory, index)
      expect(verifyProof(proof, verifier).size).toBe(600)
      expect(JSON.parse(proof.leaf.toString('utf8')).body.door).toBe(`door-${index}`)
    }
    await expect(proveEntry(directory, 600)).rejects.toThrow('not under the checkpoint')
  })

  it('survives a failure of any file operation, and catches up', async () => {
    for (let failing = 0; failing < 60; failing++) {
      const directory = await published(250)
      const files = new FaultFiles(nodeFiles)
      let left = failing
      files.interfere = (call) => {
        if (call.operation !== 'read' && call.operation !== 'open' && left-- === 0) throw new Error('EIO')
        return undefined
      }
      let running: Awaited<ReturnType<typeof open>> | undefined
      try {
        running = await open(directory, files)
        appendMany(running.ledger, 20)
      } catch {
        // The failure came while opening.
      }
      // Files come and go while they are copied.
      const image = await vi.waitFor(() => crashImage(directory))
      await running?.close()
      for (const folder of [directory, image]) {
        await (await open(folder)).close()
        expect((await verifyLedger(folder)).problems).toEqual([])
      }
      if (left >= 0) break
    }
  })
})

describe('tampering is found and named', () => {
  it('a changed byte of what was published, wherever it is', async () => {
    const directory = await published(600)
    const names = ['tile/entries/000', 'tile/entries/002.p/88', 'tile/0/001', 'tile/1/000.p/2', 'checkpoint']
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...names), fc.nat(), async (name, bit) => {
        const path = join(directory, name)
        const whole = await readFile(path)
        const changed = Buffer.from(whole)
        const at = bit % (whole.length * 8)
        changed[at >> 3] = (changed[at >> 3] ?? 0) ^ (1 << (at & 7))
        await writeFile(path, changed)
        const { ok, problems } = await verifyLedger(directory)
        expect(ok).toBe(false)
        expect(problems[0]).toMatchObject({ kind: 'altered', file: name })
        await writeFile(path, whole)
      }),
      { numRuns: 60 },
    )
    expect((await verifyLedger(directory)).ok).toBe(true)
  })

  it('the first entry that differs is the one that is named', async () => {
    const directory = await published(600)
    const path = join(directory, 'tile/entries/001')
    const bytes = await readFile(path)
    bytes.write('Door', bytes.indexOf('door-311'))
    await writeFile(path, bytes)
    expect((await verifyLedger(directory)).problems).toMatchObject([
      { kind: 'altered', file: 'tile/entries/001', index: 311 },
    ])
  })

  it('an old copy put back, by a checkpoint kept elsewhere', async () => {
    const directory = await published(300)
    const old = await ledgerFolder()
    await cp(directory, old, { recursive: true })
    await published(50, directory)
    const kept = [{ name: 'kept', note: await checkpointOf(directory) }]
    expect((await verifyLedger(directory, { against: kept })).ok).toBe(true)
    expect((await verifyLedger(old)).ok).toBe(true)
    expect((await verifyLedger(old, { against: kept })).problems).toMatchObject([
      { kind: 'truncated', file: 'kept', index: 300 },
    ])
  })

  it('two logs of one key that went different ways', async () => {
    const directory = await published(300)
    const other = await ledgerFolder()
    await cp(directory, other, { recursive: true })
    await published(50, directory)
    const { ledger, close } = await open(other)
    for (let i = 0; i < 60; i++) ledger.append('door.closed', { door: 'another' })
    await close()
    const kept = [{ name: 'kept', note: await checkpointOf(directory) }]
    expect((await verifyLedger(other, { against: kept })).problems).toMatchObject([{ kind: 'forked', file: 'kept' }])
  })

  it('a log spliced with parts of another one, a checkpoint of another key', async () => {
    const [directory, other] = [await published(600), await published(600)]
    await cp(join(other, 'tile/entries/000'), join(directory, 'tile/entries/000'))
    expect(await kinds(directory)).toEqual(['altered'])
    await cp(join(other, 'checkpoint'), join(directory, 'checkpoint'))
    expect((await verifyLedger(directory)).problems[0]).toMatchObject({ kind: 'altered', file: 'checkpoint' })
    const stranger = parseSignerKey(makeSignerKey('stranger')).verifier.key
    expect(await kinds(await published(10), { key: stranger })).toContain('altered')
  })

  it('a log cut off together with its head file, and the server does not start', async () => {
    const directory = await published(600)
    const [first = '', ...rest] = await segmentFiles(directory)
    for (const path of rest) await rm(path)
    await truncate(first, 200)
    await writeFile(join(directory, 'head'), `{"size":0,"hash":"${'0'.repeat(64)}"}\n`)
    expect(await kinds(directory)).toContain('truncated')
    await expect(open(directory)).rejects.toThrow('checkpoint was signed for 600')
  })

  it('a checkpoint that was taken away', async () => {
    const directory = await published(10)
    await rm(join(directory, 'checkpoint'))
    expect((await verifyLedger(directory)).problems).toMatchObject([{ kind: 'incomplete', file: 'checkpoint' }])
  })
})
