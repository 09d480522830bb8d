import { createHash } from 'node:crypto'
import { readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { collect, crashImage, ledgerFolder, segmentFiles } from '../../test/support/ledger-folder.ts'
import { completeAction } from '../action/index.ts'
import type { EntryKind } from './entry.ts'
import { type FileLayer, nodeFiles } from './file-layer.ts'
import type { FileLedger } from './file-ledger.ts'
import { openFileLedger } from './open-file-ledger.ts'
import { verifyLedger } from './verify.ts'
import { verifyInThread } from './verify-in-thread.ts'

/** Three or four entries fill a segment; none but the last is read again at a start. */
const small = { segmentBytes: 4096, checkedSegments: 0 }

type Step = 'asks' | 'settles' | 'locks' | 'lifts'

function take(ledger: FileLedger, steps: readonly Step[], open: string[]): void {
  for (const step of steps) {
    const { size } = ledger.head
    if (step === 'asks') {
      const action = completeAction({ id: `019ab000-0000-7000-8000-${String(size).padStart(12, '0')}` })
      ledger.append('action.requested', { action, judged: null })
      open.push(action.id)
    } else if (step === 'settles') {
      // The newest and the oldest by turns, so that some stay open over many segments.
      const action = size % 2 === 0 ? open.pop() : open.shift()
      if (action !== undefined) ledger.append('action.settled', { action, outcome: 'completed', rows: 1 })
    } else if (step === 'locks') {
      const on = { kind: 'door', name: `door-${size}` } as const
      ledger.append('lock.put', { lock: `lock-${size}`, on, message: 'x'.repeat(size % 300), until: null, by: 'root' })
    } else ledger.append('lock.lifted', { lock: `lock-${size}`, by: 'root', reason: 'over' })
  }
}

describe('the index of a segment', () => {
  it('gives what reading everything gives, wherever the ledger was closed, killed or left without its indexes', async () => {
    const step = fc.constantFrom<Step>('asks', 'settles', 'asks', 'settles', 'locks', 'lifts')
    const rounds = fc.array(
      fc.record({
        steps: fc.array(step, { minLength: 1, maxLength: 40 }),
        end: fc.constantFrom('closed', 'killed', 'without'),
      }),
      { minLength: 1, maxLength: 5 },
    )
    await fc.assert(
      fc.asyncProperty(rounds, fc.nat(60), async (rounds, from) => {
        let directory = await ledgerFolder()
        const open: string[] = []
        for (const { steps, end } of rounds) {
          const ledger = await openFileLedger({ ...small, directory })
          expect([...ledger.openActions].sort()).toEqual([...open].sort())
          take(ledger, steps, open)
          await ledger.flush()
          const whole = await collect(ledger.entries())
          for (const kinds of [['lock.put'], ['lock.lifted', 'lock.put'], ['action.requested', 'lock.put']] as const) {
            const wanted: readonly EntryKind[] = kinds
            const expected = whole.filter(({ index, kind }) => index >= from && wanted.includes(kind))
            expect(await collect(ledger.entries(from, kinds))).toEqual(expected)
          }
          const killed = end === 'killed' ? await crashImage(directory) : undefined
          await ledger.close()
          directory = killed ?? directory
          if (end === 'without') for (const file of await indexes(directory)) await rm(file)
          expect((await verifyLedger(directory)).problems.filter(({ kind }) => kind !== 'torn-tail')).toEqual([])
        }
      }),
      { numRuns: 25 },
    )
  })

  it('lets a start pass by what is full: only headers and the last segment are read', async () => {
    const directory = await filled(200)
    const read = new Map<string, number>()
    const ledger = await openFileLedger({ ...small, directory, files: counting(read) })
    const segments = await segmentFiles(directory)
    expect(segments.length).toBeGreaterThan(10)
    for (const path of segments.slice(0, -1)) expect(read.get(path)).toBe(64)
    expect(ledger.openActions).toHaveLength(40)
    const lastSegment = Number(basename(segments.at(-1) ?? '').slice(0, 20))
    expect(ledger.checkedFrom).toBe(lastSegment)
    await ledger.close()
  })

  it('is made again where it is gone, damaged or of another segment', async () => {
    const directory = await filled(200)
    const [first = '', second = '', third = ''] = await indexes(directory)
    const whole = await readFile(first, 'utf8')
    await writeFile(first, `${whole.slice(0, -20)}\n`)
    await writeFile(second, await readFile(third))
    await rm(third)
    expect((await verifyLedger(directory)).ok).toBe(true)
    const ledger = await openFileLedger({ ...small, directory })
    expect((await collect(ledger.entries(0, ['lock.put']))).length).toBe(40)
    expect(await readFile(first, 'utf8')).toBe(whole)
    await ledger.close()
  })

  it('is found out where somebody took an entry out of it', async () => {
    const directory = await filled(200)
    const [first = ''] = await indexes(directory)
    const [, text = ''] = (await readFile(first, 'utf8')).split('\n')
    const forged = JSON.stringify({ ...JSON.parse(text), places: {} })
    await writeFile(first, `${createHash('sha256').update(forged).digest('hex')}\n${forged}\n`)
    expect((await verifyLedger(directory)).problems).toMatchObject([{ kind: 'altered', file: first, index: 0 }])
    expect((await verifyInThread(directory)).problems).toMatchObject([{ kind: 'altered', file: first, index: 0 }])
    const again = openFileLedger({ segmentBytes: 4096, directory })
    await expect(again).rejects.toMatchObject({ code: 'ledger_corrupt' })
  })
})

it('a verification in a thread says what went wrong', async () => {
  await expect(verifyInThread(await ledgerFolder())).rejects.toMatchObject({ code: 'not_found' })
})

async function filled(entries: number): Promise<string> {
  const directory = await ledgerFolder()
  const ledger = await openFileLedger({ ...small, directory })
  const steps = ['asks', 'asks', 'settles', 'locks', 'lifts'] as const
  const open: string[] = []
  for (let i = 0; i < entries; i += steps.length) {
    take(ledger, steps, open)
    await ledger.flush()
  }
  await ledger.close()
  return directory
}

async function indexes(directory: string): Promise<string[]> {
  const folder = join(directory, 'segments')
  return (await readdir(folder))
    .filter((name) => name.endsWith('.idx'))
    .sort()
    .map((name) => join(folder, name))
}

/** The file system of the machine, and how many bytes of each file were read. */
function counting(read: Map<string, number>): FileLayer {
  return {
    ...nodeFiles,
    open: async (path, how) => {
      const file = await nodeFiles.open(path, how)
      return {
        write: file.write.bind(file),
        datasync: file.datasync.bind(file),
        size: file.size.bind(file),
        close: file.close.bind(file),
        read: async (...args) => {
          const bytes = await file.read(...args)
          read.set(path, (read.get(path) ?? 0) + bytes)
          return bytes
        },
      }
    },
  }
}
