import { SallyportError } from '../../errors/index.ts'
import type { FileLayer } from '../file-layer.ts'
import type { LedgerProblem } from '../problem.ts'
import { readRecords } from '../read.ts'
import type { SegmentFile } from '../segment-writer.ts'
import { witnessedPath } from './anchors.ts'
import { type Checkpoint, parseCheckpoint } from './checkpoint.ts'
import { leafOf } from './leaf.ts'
import { isSignedBy, type NoteVerifier, parseNote } from './note.ts'
import { readSigningKey } from './signing-key.ts'
import { decodeBundle, tileWidth } from './tile.ts'
import { TileFiles } from './tile-files.ts'
import { type TileFile, TileTree } from './tile-tree.ts'
import { checkpointPath } from './transparency-log.ts'

export interface LogToVerify {
  readonly files: FileLayer
  readonly directory: string
  readonly segments: readonly SegmentFile[]
  /** Whole entries in the segments. */
  readonly entries: number
  /** Somebody writes to it: partial tiles may be replaced meanwhile. */
  readonly inUse: boolean
  /** Default: the ledger's own key. */
  readonly verifier?: NoteVerifier
  /** Checkpoints kept elsewhere. */
  readonly against: readonly { readonly name: string; readonly note: string }[]
  /** Witnesses who must have signed what is kept as witnessed. */
  readonly witnesses: readonly NoteVerifier[]
}

/** Up to where others vouch for the log. */
export interface Witnessed {
  /** Entries. */
  readonly size: number
  /** Names of the witnesses that were asked for and have signed. */
  readonly by: readonly string[]
}

export interface LogVerification {
  readonly checkpoint: Checkpoint | undefined
  /** undefined: nothing was witnessed, or what was is wrong. */
  readonly witnessed: Witnessed | undefined
  readonly problems: readonly LedgerProblem[]
}

/** Compares the segments with what was published of them: bundles, tiles, the signed root, and earlier checkpoints. */
export async function verifyLog(log: LogToVerify): Promise<LogVerification> {
  const check = new Check(log)
  await check.run()
  return { checkpoint: check.checkpoint, witnessed: check.witnessed, problems: check.problems }
}

class Check {
  readonly problems: LedgerProblem[] = []
  checkpoint: Checkpoint | undefined
  witnessed: Witnessed | undefined
  readonly #log: LogToVerify
  readonly #tiles: TileFiles
  /** What is told of a file that differs: once is enough. */
  #contradicted = false

  constructor(log: LogToVerify) {
    this.#log = log
    this.#tiles = new TileFiles(log.files, log.directory)
  }

  async run(): Promise<void> {
    const verifier = this.#log.verifier ?? (await readSigningKey(this.#log.files, this.#log.directory))?.verifier
    const bytes = await this.#tiles.read(checkpointPath)
    if (bytes !== undefined) this.checkpoint = this.#signed(checkpointPath, bytes.toString('utf8'), verifier)
    else if (verifier !== undefined && this.#log.entries > 0 && !this.#log.inUse) {
      this.#found('incomplete', checkpointPath, 0, 'the checkpoint is missing')
    }
    const kept = this.#log.against.flatMap(({ name, note }) => {
      const signed = this.#signed(name, note, verifier)
      return signed === undefined ? [] : [{ name, signed }]
    })
    const witnessed = await this.#readWitnessed(verifier)
    if (witnessed !== undefined) kept.push({ name: witnessedPath, signed: witnessed })
    const last = this.checkpoint
    const goals = [...kept, ...(last === undefined ? [] : [{ name: checkpointPath, signed: last }])]
    for (const { name, signed } of goals) {
      if (signed.size <= this.#log.entries) continue
      const message = `the log has ${this.#log.entries} entries; this checkpoint was signed for ${signed.size}`
      this.#found('truncated', name, this.#log.entries, message)
    }
    await this.#replay(goals.filter(({ signed }) => signed.size <= this.#log.entries))
  }

  /** The checkpoint that witnesses have signed last, and who of those asked for has. */
  async #readWitnessed(verifier: NoteVerifier | undefined): Promise<Checkpoint | undefined> {
    const { witnesses } = this.#log
    const text = (await this.#tiles.read(witnessedPath))?.toString('utf8')
    const signed = text === undefined ? undefined : this.#signed(witnessedPath, text, verifier)
    const note = text === undefined || signed === undefined ? undefined : parseNote(text)
    const [by, missing]: [string[], string[]] = [[], []]
    for (const witness of witnesses) {
      const hasSigned = note !== undefined && isSignedBy(note, witness)
      ;(hasSigned ? by : missing).push(witness.name)
    }
    for (const name of missing) {
      this.#found('incomplete', witnessedPath, 0, `the witness ${name} has not signed a checkpoint that is kept here`)
    }
    if (signed !== undefined) this.witnessed = { size: signed.size, by }
    return signed
  }

  #signed(name: string, text: string, verifier: NoteVerifier | undefined): Checkpoint | undefined {
    try {
      const note = parseNote(text)
      const checkpoint = parseCheckpoint(note.text)
      if (verifier !== undefined && isSignedBy(note, verifier)) return checkpoint
      this.#found('altered', name, 0, 'the checkpoint is not signed by the key of this ledger')
    } catch (error) {
      if (!(error instanceof SallyportError)) throw error
      this.#found('altered', name, 0, error.message)
    }
    return undefined
  }

  /** Builds the tree from the segments again, and compares on the way. */
  async #replay(goals: readonly { readonly name: string; readonly signed: Checkpoint }[]): Promise<void> {
    const until = Math.max(0, ...goals.map(({ signed }) => signed.size))
    const published = this.checkpoint?.size ?? 0
    const tree = new TileTree()
    this.#compareRoots(tree, goals)
    if (until === 0) return
    const { files, segments } = this.#log
    for await (const { payload } of readRecords(files, segments, 0, until)) {
      const { leaf, file } = leafOf(payload)
      tree.append(leaf)
      if (tree.size <= published) {
        if (file !== undefined) await this.#same({ path: file, bytes: payload }, tree.size - 1, false)
        for (const full of tree.takeFull()) await this.#same(full, tree.size - tileWidth, false)
        if (tree.size === published) for (const part of tree.takePartial()) await this.#same(part, tree.size, true)
      } else tree.takeFull()
      this.#compareRoots(tree, goals)
    }
  }

  #compareRoots(tree: TileTree, goals: readonly { readonly name: string; readonly signed: Checkpoint }[]): void {
    for (const { name, signed } of goals) {
      if (signed.size !== tree.size || signed.root.equals(tree.root())) continue
      if (name !== checkpointPath) {
        const message = `the log forked: its first ${signed.size} entries are not those of this checkpoint`
        this.#found('forked', name, signed.size, message)
      } else if (!this.#contradicted) {
        const message = `the first ${signed.size} entries are not those that the checkpoint was signed for`
        this.#found('altered', name, signed.size, message)
      }
    }
  }

  /** A published file against what the segments make of it. @param first index of the first entry it is about */
  async #same({ path, bytes }: TileFile, first: number, isPartial: boolean): Promise<void> {
    const stored = await this.#tiles.read(path)
    if (stored === undefined) {
      if (isPartial && this.#log.inUse) return
      this.#found(
        'incomplete',
        path,
        first,
        'the file is missing; remove the folder tile, and the next start makes it again',
      )
      return
    }
    if (stored.equals(bytes)) return
    this.#contradicted = true
    const entry = path.startsWith('tile/entries/') ? firstDifference(stored, bytes) : 0
    this.#found('altered', path, first + entry, 'what was published here is not what stands in the segments')
  }

  #found(kind: LedgerProblem['kind'], file: string, index: number, message: string): void {
    this.problems.push({ kind, file, offset: 0, index, message })
  }
}

/** Which entry of two bundles is the first that is not the same. */
function firstDifference(one: Buffer, other: Buffer): number {
  try {
    const [some, more] = [decodeBundle(one), decodeBundle(other)]
    const at = some.findIndex((leaf, i) => more[i]?.equals(leaf) !== true)
    return at < 0 ? some.length : at
  } catch {
    return 0
  }
}
