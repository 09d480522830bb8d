import { copyFile, readFile, rename, rm, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it, onTestFinished } from 'vitest'
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
import { Chain } from './chain.ts'
import { nodeFiles } from './file-layer.ts'
import { decodeRecord, segmentHeaderBytes, writeRecordHeader } from './format.ts'
import { openFileLedger, readLedger, verifyLedger } from './index.ts'
import { usedBytes } from './segment-cursor.ts'

const options = { segmentBytes: 4 * 1024, headEveryMs: 60_000 }
const count = 100

/** A cleanly closed ledger of several segments. */
async function closed(): Promise<string> {
  const directory = await ledgerFolder()
  const ledger = await openFileLedger({ ...options, directory })
  for (let i = 0; i < count; i++) await appendMany(ledger, 1)[0]?.durable
  await ledger.close()
  expect(await verifyLedger(directory)).toMatchObject({ ok: true, entries: count, head: { size: count }, problems: [] })
  return directory
}

async function expectRefusal(directory: string): Promise<void> {
  await expect(openFileLedger({ ...options, directory })).rejects.toMatchObject({ code: 'ledger_corrupt' })
}

describe('verify', () => {
  it('names the segment and the entry of any flipped byte, and open refuses', async () => {
    const directory = await closed()
    const paths = await segmentFiles(directory)
    expect(paths.length).toBeGreaterThan(2)
    const place = fc.record({
      segment: fc.nat(paths.length - 1),
      at: fc.nat(4_000),
      xor: fc.integer({ min: 1, max: 255 }),
    })
    await fc.assert(
      fc.asyncProperty(place, async ({ segment, at, xor }) => {
        const path = paths[segment] ?? ''
        const whole = await readFile(path)
        const used = usedBytes(whole)
        const offset = at % used
        const damaged = Buffer.from(whole)
        damaged[offset] = (damaged[offset] ?? 0) ^ xor
        await writeFile(path, damaged)
        const { index, start } = entryAt(whole, offset)
        const { ok, problems } = await verifyLedger(directory)
        expect(ok).toBe(false)
        expect(problems).toHaveLength(1)
        expect(problems[0]).toMatchObject({ kind: 'altered', file: path, offset: start, index })
        await expectRefusal(directory)
        await writeFile(path, whole)
      }),
      { numRuns: 150 },
    )
    expect((await verifyLedger(directory)).ok).toBe(true)
  })

  it('finds an entry that was changed with its checksum made right', async () => {
    const directory = await closed()
    const [, path = ''] = await segmentFiles(directory)
    const bytes = await readFile(path)
    const first = decodeRecord(bytes, segmentHeaderBytes, bytes.length, bytes.length - segmentHeaderBytes)
    if (first.type !== 'record') throw new Error('no record')
    const { index, placeInWrite, hash, payload } = first
    payload.write('Door', payload.indexOf('door-'))
    writeRecordHeader(bytes, segmentHeaderBytes, { index, placeInWrite, hash, payloadBytes: payload.length })
    await writeFile(path, bytes)
    expect((await verifyLedger(directory)).problems).toMatchObject([
      {
        kind: 'altered',
        file: path,
        offset: segmentHeaderBytes,
        index,
        message: expect.stringContaining('chain hash'),
      },
    ])
    await expectRefusal(directory)
  })

  it('finds a log that was rewritten to its end, by the head file', async () => {
    const directory = await closed()
    const path = (await segmentFiles(directory)).at(-1) ?? ''
    const bytes = await readFile(path)
    const chain = new Chain(bytes.subarray(24, 56))
    for (let at = segmentHeaderBytes; ; ) {
      const record = decodeRecord(bytes, at, bytes.length, bytes.length - at)
      if (record.type !== 'record') break
      const { index, placeInWrite, payload, length } = record
      payload.write('Door', payload.indexOf('door-'))
      const hash = chain.extendWith(index, payload)
      writeRecordHeader(bytes, at, { index, placeInWrite, hash, payloadBytes: payload.length })
      at += length
    }
    await writeFile(path, bytes)
    expect((await verifyLedger(directory)).problems).toMatchObject([
      { kind: 'altered', file: path, index: count - 1, message: expect.stringContaining('head file') },
    ])
    await expectRefusal(directory)
  })

  it('finds the end cut off: entries, whole segments, all of them', async () => {
    const directory = await closed()
    const path = (await segmentFiles(directory)).at(-1) ?? ''
    const first = Number(path.slice(-24, -4))

    const shorter = await crashImage(directory)
    const [last = ''] = (await segmentFiles(shorter)).slice(-1)
    await truncate(last, segmentHeaderBytes)
    expect((await verifyLedger(shorter)).problems).toMatchObject([{ kind: 'truncated', file: last, index: first }])
    await expectRefusal(shorter)

    const zeroed = await crashImage(directory)
    const [zeroedLast = ''] = (await segmentFiles(zeroed)).slice(-1)
    const bytes = await readFile(zeroedLast)
    await writeFile(zeroedLast, bytes.fill(0, segmentHeaderBytes))
    expect((await verifyLedger(zeroed)).problems).toMatchObject([{ kind: 'truncated', index: first }])
    await expectRefusal(zeroed)

    const without = await crashImage(directory)
    await rm((await segmentFiles(without)).at(-1) ?? '')
    expect((await verifyLedger(without)).problems).toMatchObject([{ kind: 'truncated', index: first }])
    await expectRefusal(without)

    const none = await crashImage(directory)
    for (const file of await segmentFiles(none)) await rm(file)
    expect(await verifyLedger(none)).toMatchObject({
      ok: false,
      entries: 0,
      problems: [{ kind: 'truncated', index: 0 }],
    })
    await expectRefusal(none)
  })

  it('finds a segment missing from the start or the middle, and one cut short there', async () => {
    const directory = await closed()
    const firsts = (await segmentFiles(directory)).map((path) => Number(path.slice(-24, -4)))
    for (const missing of [0, 1]) {
      const image = await crashImage(directory)
      const paths = await segmentFiles(image)
      await rm(paths[missing] ?? '')
      expect((await verifyLedger(image)).problems).toMatchObject([
        { kind: 'incomplete', file: paths[missing + 1], index: firsts[missing] },
      ])
      await expectRefusal(image)
    }
    const cut = await crashImage(directory)
    const path = (await segmentFiles(cut))[1] ?? ''
    const bytes = await readFile(path)
    const lastStart = entryAt(bytes, usedBytes(bytes) - 1).start
    await truncate(path, lastStart)
    expect((await verifyLedger(cut)).problems).toMatchObject([{ kind: 'incomplete', index: (firsts[2] ?? 0) - 1 }])
    await truncate(path, lastStart + 30)
    await writeFile(path, bytes.subarray(0, lastStart + 30))
    expect((await verifyLedger(cut)).problems).toMatchObject([
      { kind: 'altered', file: path, offset: lastStart, index: (firsts[2] ?? 0) - 1 },
    ])
    await expectRefusal(cut)
  })

  it('finds entries that were taken out, put in twice or swapped with their checksums intact', async () => {
    const directory = await closed()
    const path = (await segmentFiles(directory))[1] ?? ''
    const whole = await readFile(path)
    const records = recordsOf(whole)
    const [first, second, third] = records
    if (first === undefined || second === undefined || third === undefined) throw new Error('too few records')
    const kindsOf = async (order: readonly Buffer[]) => {
      const body = Buffer.concat([whole.subarray(0, segmentHeaderBytes), ...order])
      await writeFile(path, Buffer.concat([body, Buffer.alloc(Math.max(0, whole.length - body.length))]))
      const { ok, problems } = await verifyLedger(directory)
      expect(ok).toBe(false)
      await expectRefusal(directory)
      return problems.map(({ kind }) => kind)
    }
    const rest = records.slice(3)
    expect(await kindsOf([first, third, ...rest])).toEqual(['incomplete'])
    expect(await kindsOf([first, second, second, third, ...rest])).toEqual(['altered'])
    expect(await kindsOf([second, first, third, ...rest])).toContain('reordered')
  })

  it('finds bytes that were put behind the last entry of a segment', async () => {
    const directory = await closed()
    const path = (await segmentFiles(directory))[0] ?? ''
    const bytes = await readFile(path)
    bytes[bytes.length - 1] = 1
    await writeFile(path, bytes)
    expect((await verifyLedger(directory)).problems).toMatchObject([{ kind: 'altered', file: path }])
    await expectRefusal(directory)
  })

  it('finds a segment under another name', async () => {
    const directory = await closed()
    const paths = await segmentFiles(directory)
    await copyFile(paths[0] ?? '', paths[1] ?? '')
    const { problems } = await verifyLedger(directory)
    expect(problems[0]).toMatchObject({ kind: 'altered', file: paths[1], offset: 0 })
    await expectRefusal(directory)
  })

  it('tells every one of several problems', async () => {
    const directory = await closed()
    const paths = await segmentFiles(directory)
    for (const path of paths.slice(0, 2)) {
      const bytes = await readFile(path)
      bytes[200] = (bytes[200] ?? 0) ^ 1
      await writeFile(path, bytes)
    }
    await rm(paths.at(-1) ?? '')
    const { problems, entries } = await verifyLedger(directory)
    expect(problems.map(({ kind }) => kind)).toEqual(['altered', 'altered', 'truncated'])
    expect(entries).toBe(Number(paths.at(-1)?.slice(-24, -4)) - 2)
  })

  it('does not take a missing or unreadable head file for an answer', async () => {
    const directory = await closed()
    const head = join(directory, 'head')
    await rename(head, `${head}.away`)
    expect(await verifyLedger(directory)).toMatchObject({ ok: false, problems: [{ kind: 'incomplete', file: head }] })
    await expectRefusal(directory)
    for (const content of ['', '{', '{"size":-1,"hash":"00"}', '{"size":1}']) {
      await writeFile(head, content)
      await expect(verifyLedger(directory)).rejects.toMatchObject({ code: 'ledger_corrupt' })
      await expectRefusal(directory)
    }
    await rename(`${head}.away`, head)
    expect((await verifyLedger(directory)).ok).toBe(true)
  })

  it('says that there is no ledger where there is none', async () => {
    const directory = await ledgerFolder()
    await expect(verifyLedger(directory)).rejects.toMatchObject({ code: 'not_found' })
    await expect(collect(readLedger(directory))).rejects.toMatchObject({ code: 'not_found' })
  })
})

describe('beside a server that writes', () => {
  it('verify and list see a whole prefix, and no problem, at any moment', async () => {
    const directory = await ledgerFolder()
    const ledger = await openFileLedger({ segmentBytes: 64 * 1024, headEveryMs: 1, directory })
    onTestFinished(() => ledger.close())
    let stop = false
    const writers = Array.from({ length: 20 }, async (_, writer) => {
      while (!stop) await ledger.append('door.closed', { door: `${writer}`.repeat((writer * 97) % 700) }).durable
    })
    let entries = 0
    for (let round = 0; round < 12 || entries <= 100; round++) {
      const verified = await verifyLedger(directory)
      expect(verified.problems).toEqual([])
      expect(verified.entries).toBeGreaterThanOrEqual(entries)
      entries = verified.entries
      const listed = await collect(readLedger(directory, { from: Math.max(0, entries - 50) }))
      expect(listed.length).toBeGreaterThanOrEqual(Math.min(50, entries))
      expect(listed.map(({ index }) => index)).toEqual(listed.map((_, i) => Math.max(0, entries - 50) + i))
    }
    stop = true
    await Promise.all(writers)
    // However slow the disk: something was there to be seen while it was being written.
    expect(entries).toBeGreaterThan(0)
  })

  it('verify is not misled by entries that arrive between any two of its reads', async () => {
    for (let at = 0; ; at++) {
      const directory = await ledgerFolder()
      const ledger = await openFileLedger({ ...options, directory })
      await appendMany(ledger, 1)[0]?.durable
      const files = new FaultFiles(nodeFiles)
      let reads = 0
      files.interfere = async ({ operation, path }) => {
        if (operation !== 'read' || !path.endsWith('.seg') || reads++ !== at) return undefined
        for (let i = 0; i < 3; i++) await appendMany(ledger, 1)[0]?.durable
        return undefined
      }
      expect(await verifyLedger(directory, { files })).toMatchObject({ ok: true, problems: [] })
      await ledger.close()
      if (reads <= at) break
    }
  })

  it('does not call half a write a torn tail', async () => {
    const directory = await ledgerFolder()
    const ledger = await openFileLedger({ ...options, directory })
    appendMany(ledger, 3)
    await ledger.flush()
    const [path = ''] = await segmentFiles(directory)
    const bytes = await readFile(path)
    bytes.write('half a record', usedBytes(bytes))
    await writeFile(path, bytes)
    expect(await verifyLedger(directory)).toMatchObject({ ok: true, entries: 3, problems: [] })
    expect(doors(await collect(readLedger(directory)))).toEqual(doorNames(3))
    await ledger.close()
    expect(await verifyLedger(directory)).toMatchObject({ ok: true, problems: [{ kind: 'torn-tail', index: 3 }] })
  })
})

describe('list', () => {
  it('reads every entry, or from an index on, across segments', async () => {
    const directory = await closed()
    expect(doors(await collect(readLedger(directory)))).toEqual(doorNames(count))
    expect(doors(await collect(readLedger(directory, { from: 41 })))).toEqual(doorNames(count - 41, 41))
    expect(await collect(readLedger(directory, { from: count }))).toEqual([])
  })

  it('stops with an error at an entry in the middle that cannot be read', async () => {
    const directory = await closed()
    const path = (await segmentFiles(directory))[0] ?? ''
    const bytes = await readFile(path)
    bytes[200] = (bytes[200] ?? 0) ^ 1
    await writeFile(path, bytes)
    await expect(collect(readLedger(directory))).rejects.toMatchObject({
      code: 'ledger_corrupt',
      message: expect.stringContaining(path),
    })
  })
})

/** The entry, and the start of the record or header, that a byte of a whole segment belongs to. */
function entryAt(segment: Buffer, offset: number): { index: number; start: number } {
  let at = segmentHeaderBytes
  let index = Number(segment.readBigUInt64LE(16))
  if (offset < at) return { index, start: 0 }
  for (; ; index++) {
    const record = decodeRecord(segment, at, segment.length, segment.length - at)
    if (record.type !== 'record') throw new Error('not within an entry')
    if (offset < at + record.length) return { index, start: at }
    at += record.length
  }
}

function recordsOf(segment: Buffer): Buffer[] {
  const records: Buffer[] = []
  for (let at = segmentHeaderBytes; ; ) {
    const record = decodeRecord(segment, at, segment.length, segment.length - at)
    if (record.type !== 'record') return records
    records.push(segment.subarray(at, at + record.length))
    at += record.length
  }
}
