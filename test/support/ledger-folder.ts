import { cp, mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { onTestFinished } from 'vitest'
import type { Appended, Entry, Ledger } from '../../src/ledger/index.ts'

/** A folder for a ledger that is not made yet; removed when the test is over. */
export async function ledgerFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'sallyport-ledger-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  return join(folder, 'ledger')
}

/** Appends entries whose bodies carry their number from `from` on, all in one turn. */
export function appendMany(ledger: Ledger, count: number, from = ledger.head.size): Appended[] {
  return Array.from({ length: count }, (_, i) => ledger.append('door.closed', { door: `door-${from + i}` }))
}

export async function collect(entries: AsyncIterable<Entry>): Promise<Entry[]> {
  const all: Entry[] = []
  for await (const entry of entries) all.push(entry)
  return all
}

/** What `appendMany` put on the ledger, in order. */
export function doors(entries: readonly Entry[]): string[] {
  return entries.flatMap((entry) => (entry.kind === 'door.closed' ? [entry.body.door] : []))
}

export function doorNames(count: number, from = 0): string[] {
  return Array.from({ length: count }, (_, i) => `door-${from + i}`)
}

/** A promise that the test settles. */
export function deferred<T>(): { promise: Promise<T>; resolve: (value: T) => void } {
  let resolve: (value: T) => void = () => undefined
  const promise = new Promise<T>((settle) => {
    resolve = settle
  })
  return { promise, resolve }
}

/** The folder as a crash at this moment would leave it: a copy, without the lock of the process that lives on. */
export async function crashImage(directory: string): Promise<string> {
  const image = await ledgerFolder()
  await cp(directory, image, { recursive: true, filter: (source) => !basename(source).startsWith('lock') })
  return image
}

/** Paths of the segment files, in order. */
export async function segmentFiles(directory: string): Promise<string[]> {
  const folder = join(directory, 'segments')
  return (await readdir(folder))
    .filter((name) => name.endsWith('.seg'))
    .sort()
    .map((name) => join(folder, name))
}
