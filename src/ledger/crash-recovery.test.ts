import { readFile, truncate, writeFile } from 'node:fs/promises'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { FaultFiles } from '../../test/support/fault-files.ts'
import {
  appendMany,
  collect,
  crashImage,
  doorNames,
  doors,
  ledgerFolder,
  segmentFiles,
} from '../../test/support/ledger-folder.ts'
import { nodeFiles } from './file-layer.ts'
import { type FileLayer, openFileLedger, verifyLedger } from './index.ts'
import { usedBytes } from './segment-cursor.ts'

const options = { segmentBytes: 8 * 1024, headEveryMs: 60_000, retryMs: 5 }

/** A crash image with `count` entries, one write each, and where the last record starts and ends. */
async function crashed(count: number) {
  const directory = await ledgerFolder()
  const ledger = await openFileLedger({ ...options, directory })
  const ends: number[] = []
  const [path = ''] = await segmentFiles(directory)
  for (let i = 0; i < count; i++) {
    await appendMany(ledger, 1)[0]?.durable
    ends.push(usedBytes(await readFile(path)))
  }
  const image = await crashImage(directory)
  await ledger.close()
  return { image, ends, path: (await segmentFiles(image))[0] ?? '' }
}

async function doorsAfterRestart(directory: string) {
  const ledger = await openFileLedger({ ...options, directory })
  const entries = await collect(ledger.entries())
  appendMany(ledger, 1, 1_000)
  await ledger.close()
  expect((await verifyLedger(directory)).problems).toEqual([])
  return entries
}

describe('after a crash', () => {
  it('finds everything again when the last write was whole', async () => {
    const { image } = await crashed(3)
    expect(await verifyLedger(image)).toMatchObject({ ok: true, entries: 3, problems: [] })
    expect((await doorsAfterRestart(image)).map((entry) => entry.kind)).toEqual(Array(3).fill('door.closed'))
  })

  it('discards the last record cut at any byte, says so on the record, and loses no other', async () => {
    const { image, ends, path } = await crashed(3)
    const whole = await readFile(path)
    const [, start = 0, end = 0] = ends
    for (let cut = start; cut < end; cut++) {
      const torn = Buffer.from(whole)
      torn.fill(0, cut, end)
      await writeFile(path, torn)
      const tornBytes = usedBytes(torn) - start
      const verified = await verifyLedger(image)
      expect(verified).toMatchObject({ ok: true, entries: 2, head: { size: 2 } })
      expect(verified.problems.map(({ kind, offset, index }) => ({ kind, offset, index }))).toEqual(
        tornBytes > 0 ? [{ kind: 'torn-tail', offset: start, index: 2 }] : [],
      )
      const fresh = await crashImage(image)
      const entries = await doorsAfterRestart(fresh)
      expect(doors(entries)).toEqual(doorNames(2))
      const recovered = { kind: 'ledger.recovered', body: { discardedBytes: tornBytes, segment: expect.any(String) } }
      expect(entries.slice(2)).toMatchObject(tornBytes > 0 ? [recovered] : [])
    }
  })

  it('discards a last record whose file ends within it', async () => {
    const { image, ends, path } = await crashed(3)
    for (const cut of [(ends[2] ?? 0) - 1, (ends[1] ?? 0) + 60, (ends[1] ?? 0) + 1, ends[1] ?? 0]) {
      const fresh = await crashImage(image)
      await truncate((await segmentFiles(fresh))[0] ?? '', cut)
      expect(doors(await doorsAfterRestart(fresh))).toEqual(doorNames(2))
    }
    expect(path).not.toBe('')
  })

  it('discards garbage in the last record at any byte', async () => {
    const { image, ends } = await crashed(2)
    const [start = 0, end = 0] = ends
    const garbage = fc.record({ at: fc.integer({ min: start, max: end - 1 }), xor: fc.integer({ min: 1, max: 255 }) })
    await fc.assert(
      fc.asyncProperty(garbage, async ({ at, xor }) => {
        const fresh = await crashImage(image)
        await alter(fresh, 0, at, xor)
        expect(doors(await doorsAfterRestart(fresh))).toEqual(doorNames(1))
      }),
      { numRuns: 40 },
    )
  })

  it('refuses to open when a damaged record is followed by one of a later write, and names the place', async () => {
    const { image, ends } = await crashed(4)
    for (const index of [0, 1, 2]) {
      const start = ends[index - 1] ?? 64
      for (const at of [start, start + 4, start + 9, start + 25, start + 60]) {
        const fresh = await crashImage(image)
        const path = await alter(fresh, 0, at, 0x40)
        const named = new RegExp(`altered.*${path}, byte ${start}, entry ${index}`)
        await expect(openFileLedger({ ...options, directory: fresh })).rejects.toMatchObject({
          code: 'ledger_corrupt',
          message: expect.stringMatching(named),
        })
        expect(await verifyLedger(fresh)).toMatchObject({
          ok: false,
          entries: 3,
          problems: [{ kind: 'altered', file: path, offset: start, index }],
        })
      }
    }
  })

  it('takes a hole within one write for the power cut it may be, but not a hole between two', async () => {
    const directory = await ledgerFolder()
    const ledger = await openFileLedger({ ...options, directory })
    await Promise.all(appendMany(ledger, 2).map(({ durable }) => durable))
    const [path = ''] = await segmentFiles(directory)
    const start = usedBytes(await readFile(path))
    appendMany(ledger, 3)
    await ledger.flush()
    const hole = await crashImage(directory)
    const recordBytes = (usedBytes(await readFile(path)) - start) / 3
    await zero(hole, start, start + recordBytes)
    expect(doors(await doorsAfterRestart(await crashImage(hole)))).toEqual(doorNames(2))

    appendMany(ledger, 1)
    await ledger.flush()
    const missing = await crashImage(directory)
    await zero(missing, start, start + recordBytes)
    await expect(openFileLedger({ ...options, directory: missing })).rejects.toMatchObject({ code: 'ledger_corrupt' })
    expect((await verifyLedger(missing)).problems).toMatchObject([{ kind: 'incomplete', offset: start, index: 2 }])
    await ledger.close()
  })

  it('treats the same damage as a fault once the head file vouches for the entry', async () => {
    const { image, ends } = await crashed(3)
    await doorsAfterRestart(image)
    const path = await alter(image, 0, (ends[2] ?? 0) + 70, 1)
    await expect(openFileLedger({ ...options, directory: image })).rejects.toMatchObject({ code: 'ledger_corrupt' })
    expect((await verifyLedger(image)).problems).toMatchObject([{ kind: 'altered', file: path, index: 3 }])
  })

  it('loses nothing acknowledged to a power cut that keeps any part of what was not synced', async () => {
    const script = fc.record({
      turns: fc.array(fc.array(fc.integer({ min: 0, max: 1_500 }), { minLength: 1, maxLength: 8 }), { maxLength: 10 }),
      kept: fc.infiniteStream(fc.boolean()),
      failingSync: fc.option(fc.nat(12), { nil: undefined }),
    })
    await fc.assert(
      fc.asyncProperty(script, async ({ turns, kept, failingSync }) => {
        const directory = await ledgerFolder()
        const files = new FaultFiles(nodeFiles)
        const ledger = await openFileLedger({ ...options, directory, files })
        let syncs = 0
        files.interfere = ({ operation }) => {
          if (operation === 'datasync' && syncs++ === failingSync) throw new Error('EIO: injected')
          return undefined
        }
        const acknowledged: string[] = []
        let number = 0
        for (const turn of turns) {
          for (const size of turn) {
            const door = `${number++}:${'x'.repeat(size)}`
            try {
              ledger.append('door.closed', { door }).durable.then(
                () => acknowledged.push(door),
                () => undefined,
              )
            } catch {
              // Failed and not back yet: refused.
            }
          }
          await new Promise((resolve) => setImmediate(resolve))
        }
        const stayDown = new Promise<number>(() => undefined)
        files.interfere = () => stayDown
        // What was acknowledged up to here has to survive; the rest of the process is cut off.
        await new Promise((resolve) => setImmediate(resolve))
        const promised = [...acknowledged]
        await files.powerCut(() => kept.next().value)
        const image = await crashImage(directory)
        const found = doors(await doorsAfterRestart(image))
        expect(found).toEqual(expect.arrayContaining(promised))
        expect(found).toEqual([...found].sort((a, b) => Number.parseInt(a, 10) - Number.parseInt(b, 10)))
      }),
      { numRuns: 60 },
    )
  })

  it('writes the last write again before building on it, for it may never have reached the disk', async () => {
    const directory = await ledgerFolder()
    const files = new FaultFiles(nodeFiles)
    const first = await openFileLedger({ ...options, directory, files, retryMs: 60_000 })
    await Promise.all(appendMany(first, 2).map(({ durable }) => durable))
    files.interfere = ({ operation }) => {
      if (operation === 'datasync') throw new Error('EIO: injected')
      return undefined
    }
    // Over several sectors, so that writing the entry after it does not carry it to the disk as well.
    const large = 'x'.repeat(3_000)
    await expect(first.append('door.closed', { door: large }).durable).rejects.toMatchObject({
      code: 'ledger_unavailable',
    })
    files.interfere = () => undefined
    await first.close()

    // The page cache shows it whole, the disk does not have it, and a sync alone would not write it.
    const second = await openFileLedger({ ...options, directory, files })
    expect(doors(await collect(second.entries()))).toEqual([...doorNames(2), large])
    await second.append('door.closed', { door: 'after' }).durable
    await files.powerCut(() => false)
    expect(doors(await doorsAfterRestart(await crashImage(directory)))).toEqual([...doorNames(2), large, 'after'])
    await second.close()
  })

  it('starts over a creation that was cut short anywhere', async () => {
    const directory = await ledgerFolder()
    for (let step = 0; ; step++) {
      let made = 0
      const files: FileLayer = stopAt(() => made++ === step)
      const image = `${directory}-${step}`
      const failed = await openFileLedger({ ...options, directory: image, files }).then(
        (ledger) => ledger.close().then(() => false),
        () => true,
      )
      expect(await doorsAfterRestart(image)).toEqual([])
      if (!failed) break
      expect(step).toBeLessThan(50)
    }
  })
})

function stopAt(stop: () => boolean): FileLayer {
  const files = new FaultFiles(nodeFiles)
  let stopped = false
  files.interfere = () => {
    stopped ||= stop()
    if (stopped) throw new Error('gone')
    return undefined
  }
  return files
}

async function alter(directory: string, segment: number, at: number, xor: number): Promise<string> {
  const path = (await segmentFiles(directory))[segment] ?? ''
  const bytes = await readFile(path)
  bytes[at] = (bytes[at] ?? 0) ^ xor
  await writeFile(path, bytes)
  return path
}

async function zero(directory: string, from: number, to: number): Promise<void> {
  const [path = ''] = await segmentFiles(directory)
  const bytes = await readFile(path)
  bytes.fill(0, from, to)
  await writeFile(path, bytes)
}
