import { createHash } from 'node:crypto'
import { z } from 'zod'
import type { EntryBodies, EntryKind } from './entry.ts'
import { type FileLayer, isCode, readFully, writeFully } from './file-layer.ts'
import type { SegmentFile } from './segment-writer.ts'

/** Where a record stands: the index of its entry, and its first byte in the segment. */
export type Place = readonly [index: number, offset: number]

/**
 * What is in a segment that is full, so that a start and a search for rare kinds need not read it: a few kilobytes
 * beside 16 MiB. It is made of the segment, and where it is missing or wrong it is made again.
 */
export interface SegmentIndex {
  readonly first: number
  /** Index of the first entry behind it. */
  readonly next: number
  /** Chain hash before its first entry, 64 hex digits, and after its last. */
  readonly previous: string
  readonly last: string
  /** Behind its last record, in bytes. */
  readonly end: number
  /** Entries of every kind but those that nearly all are, by kind. */
  readonly places: Readonly<Record<string, readonly Place[]>>
  /** Actions that had no ending when it was full, in this segment and all before it. */
  readonly open: readonly string[]
}

/** Nearly every entry is of these kinds, so that their places would be as good as the segment. */
export const frequent: ReadonlySet<string> = new Set(['action.requested', 'action.settled'])

const count = z.int().min(0)
const hash = z.string().regex(/^[0-9a-f]{64}$/)
const schema: z.ZodType<SegmentIndex> = z.strictObject({
  first: count,
  next: count,
  previous: hash,
  last: hash,
  end: count,
  places: z.record(z.string(), z.array(z.tuple([count, count]))),
  open: z.array(z.string()),
})

/** Beside its segment. */
export function indexPath({ path }: SegmentFile): string {
  return path.replace(/\.seg$/, '.idx')
}

/** undefined: there is none, or it is damaged. */
export async function readSegmentIndex(files: FileLayer, segment: SegmentFile): Promise<SegmentIndex | undefined> {
  try {
    const file = await files.open(indexPath(segment), 'read')
    try {
      const bytes = Buffer.alloc(await file.size())
      await readFully(file, bytes, bytes.length, 0)
      const [digest = '', text = ''] = bytes.toString('utf8').split('\n')
      return digest === digestOf(text) ? schema.safeParse(JSON.parse(text)).data : undefined
    } finally {
      await file.close()
    }
  } catch (error) {
    if (isCode(error, 'ENOENT') || error instanceof SyntaxError) return undefined
    throw error
  }
}

/** Not synced: one that a crash damages is found out, and made again. */
export async function writeSegmentIndex(files: FileLayer, segment: SegmentFile, index: SegmentIndex): Promise<void> {
  const path = indexPath(segment)
  await files.remove(`${path}.tmp`)
  const file = await files.open(`${path}.tmp`, 'create')
  try {
    const text = JSON.stringify(index)
    const bytes = Buffer.from(`${digestOf(text)}\n${text}\n`)
    await writeFully(file, bytes, bytes.length, 0)
  } finally {
    await file.close()
  }
  await files.rename(`${path}.tmp`, path)
}

function digestOf(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}

/** Keeps the index of the segment that is being written, or read. */
export class SegmentIndexer {
  #places: Record<string, Place[]> = {}
  readonly #open: Set<string>

  /** @param open actions that have no ending where the segment begins */
  constructor(open: Iterable<string> = []) {
    this.#open = new Set(open)
  }

  /** Actions that have no ending yet, the oldest first. */
  get open(): ReadonlySet<string> {
    return this.#open
  }

  /** @param action of one that is asked for or has its ending here */
  add(kind: string, index: number, offset: number, action: string | undefined): void {
    if (kind === 'action.requested' && action !== undefined) this.#open.add(action)
    else if (kind === 'action.settled' && action !== undefined) this.#open.delete(action)
    if (frequent.has(kind)) return
    const places = this.#places[kind]
    if (places === undefined) this.#places[kind] = [[index, offset]]
    else places.push([index, offset])
  }

  /** The index of the segment that is full now; what is added from here on belongs to the next. */
  seal(segment: Omit<SegmentIndex, 'places' | 'open'>): SegmentIndex {
    const places = this.#places
    this.#places = {}
    return { ...segment, places, open: [...this.#open] }
  }

  /** Goes on behind a segment whose index is known. */
  skip({ open }: SegmentIndex): void {
    this.#places = {}
    this.#open.clear()
    for (const action of open) this.#open.add(action)
  }
}

const quote = 0x22

/** The kind of a stored entry, without reading it all: canonical JSON has it at the end. */
export function kindOf(payload: Buffer): string {
  const end = payload.length - 2
  if (payload[end] === quote) return payload.toString('latin1', payload.lastIndexOf(quote, end - 1) + 1, end)
  const { kind }: { kind: string } = JSON.parse(payload.toString('utf8'))
  return kind
}

/** The action that is asked for, or has its ending, in an entry; undefined: the entry is about something else. */
export function actionOf(kind: string, body: EntryBodies[EntryKind]): string | undefined {
  if (kind === 'action.settled' && 'outcome' in body) return body.action
  if (kind === 'action.requested' && 'judged' in body && typeof body.action === 'object') return body.action.id
  return undefined
}
