import { copyFileSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { type FileLayer, nodeFiles } from './file-layer.ts'
import { Bookmark, openFileLedger, readLedger } from './index.ts'

let directory: string

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'sallyport-read-'))
})
afterEach(() => rmSync(directory, { recursive: true, force: true }))

async function written(count: number, door = (i: number) => `d${i}`): Promise<void> {
  const ledger = await openFileLedger({ directory, segmentBytes: 8 * 1024 })
  for (let i = 0; i < count; i++) ledger.append('door.closed', { door: door(i) })
  await ledger.close()
}

async function indexes(from: number, bookmark?: Bookmark, limit = Number.POSITIVE_INFINITY): Promise<number[]> {
  const found: number[] = []
  for await (const { index } of readLedger(directory, { from, ...(bookmark === undefined ? {} : { bookmark }) })) {
    found.push(index)
    if (found.length >= limit) break
  }
  return found
}

test('whoever goes on from a bookmark reads the same as one who looks for the place', async () => {
  await written(400)
  const steps = fc.array(fc.record({ from: fc.nat(420), limit: fc.integer({ min: 1, max: 150 }) }), { maxLength: 12 })
  await fc.assert(
    fc.asyncProperty(steps, async (readings) => {
      const bookmark = new Bookmark()
      for (const { from, limit } of readings) {
        expect(await indexes(from, bookmark, limit)).toEqual(await indexes(from, undefined, limit))
      }
    }),
    { numRuns: 30 },
  )
})

test('following reads what is new, and not what was read before', async () => {
  const ledger = await openFileLedger({ directory, segmentBytes: 16 * 1024 * 1024 })
  let bytes = 0
  const files: FileLayer = {
    ...nodeFiles,
    open: async (path, how) => {
      const file = await nodeFiles.open(path, how)
      const counted: typeof file = Object.create(file)
      counted.read = async (into, offset, length, position) => {
        const read = await file.read(into, offset, length, position)
        bytes += read
        return read
      }
      counted.size = () => file.size()
      counted.close = () => file.close()
      return counted
    },
  }
  const door = 'x'.repeat(8 * 1024)
  const bookmark = new Bookmark()
  const follow = async (from: number) => {
    bytes = 0
    let count = 0
    for await (const entry of readLedger(directory, { from, files, bookmark })) if (entry.index >= from) count++
    return count
  }
  for (let i = 0; i < 1_000; i++) ledger.append('door.closed', { door })
  await ledger.flush()
  expect(await follow(0)).toBe(1_000)
  expect(bytes).toBeGreaterThan(8_000_000)
  for (let i = 0; i < 3; i++) ledger.append('door.closed', { door })
  await ledger.flush()
  expect(await follow(1_000)).toBe(3)
  expect(bytes).toBeLessThanOrEqual(2 * 1024 * 1024)
  await ledger.close()
})

test('a bookmark in a file that another one took the place of leads nobody astray', async () => {
  await written(20, (i) => `a longer name ${i}`)
  const bookmark = new Bookmark()
  await indexes(0, bookmark, 15)
  const [segment = ''] = readdirSync(join(directory, 'segments'))
  const aside = mkdtempSync(join(tmpdir(), 'sallyport-read-'))
  try {
    const other = await openFileLedger({ directory: aside, segmentBytes: 8 * 1024 })
    for (let i = 0; i < 30; i++) other.append('door.closed', { door: `${i}` })
    await other.close()
    copyFileSync(join(aside, 'segments', segment), join(directory, 'segments', segment))
    expect(await indexes(15, bookmark)).toEqual(Array.from({ length: 15 }, (_, i) => 15 + i))
  } finally {
    rmSync(aside, { recursive: true, force: true })
  }
})
