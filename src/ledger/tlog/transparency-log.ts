import { join } from 'node:path'
import { SallyportError } from '../../errors/index.ts'
import { defaults } from '../defaults.ts'
import type { FileLayer } from '../file-layer.ts'
import { type Checkpoint, checkpointText, parseCheckpoint } from './checkpoint.ts'
import type { KeptCheckpoint } from './kept-checkpoint.ts'
import { leafOf } from './leaf.ts'
import { emptyRoot } from './merkle.ts'
import { isSignedBy, type NoteSigner, parseNote, signNote } from './note.ts'
import { rangeHashOf } from './range-hash.ts'
import { decodeBundle } from './tile.ts'
import { TileFiles } from './tile-files.ts'
import { TileTree } from './tile-tree.ts'

/** What the public log is made of: durable entries, as stored. */
export interface DurableEntries {
  readonly durableSize: number
  /** From index `from` up to what is durable now. */
  records(from: number): AsyncIterable<{ readonly index: number; readonly payload: Buffer }>
  onDurable(listener: () => void): () => void
}

export interface TransparencyLogOptions {
  readonly files: FileLayer
  readonly directory: string
  readonly entries: DurableEntries
  readonly signer: NoteSigner
  /** Earlier checkpoints that stand elsewhere. Nothing is signed that does not go on from each. */
  readonly kept?: readonly KeptCheckpoint[]
  /** Told when tiles or checkpoint could not be written; it is tried again. The record itself is not concerned. */
  readonly onProblem?: (error: unknown) => void
  readonly everyMs?: number
}

export const checkpointPath = 'checkpoint'

const keepEvidence =
  'Run `sallyport ledger verify` for the whole picture. Keep these files as evidence, and restore the folder.'

/**
 * Makes the public log of what is durable: entry bundles, hash tiles and a signed checkpoint, a little behind the
 * write-ahead segments. All of it can be made again from the segments, so only the checkpoint is synced; a checkpoint
 * that was signed is never contradicted.
 */
export class TransparencyLog {
  readonly #options: TransparencyLogOptions
  readonly #tiles: TileFiles
  readonly #everyMs: number
  /** undefined: to be read from what was published. */
  #tree: TileTree | undefined
  #checkpoint: Checkpoint
  #partials: readonly string[] = []
  #timer: NodeJS.Timeout | undefined
  #running: Promise<void> = Promise.resolve()
  #closed = false
  #signed: () => void = () => undefined
  #unsubscribe: () => void = () => undefined

  private constructor(options: TransparencyLogOptions, checkpoint: Checkpoint) {
    this.#options = options
    this.#tiles = new TileFiles(options.files, options.directory)
    this.#everyMs = options.everyMs ?? defaults.integrateEveryMs
    this.#checkpoint = checkpoint
  }

  /**
   * Goes on from the last signed checkpoint.
   * @throws SallyportError `ledger_corrupt`: the log is shorter than the checkpoint, or one that was kept, or not the
   * one it was signed for
   */
  static async open(options: TransparencyLogOptions): Promise<TransparencyLog> {
    const tiles = new TileFiles(options.files, options.directory)
    const last = await readSigned(tiles, options)
    const origin = options.signer.verifier.name
    const log = new TransparencyLog(options, last ?? { origin, size: 0, root: emptyRoot })
    log.#tree = await log.#published()
    log.#partials = log.#tree.partialPaths
    await log.#holdTo(log.#tree, options.kept ?? [])
    await log.#integrate()
    log.#unsubscribe = options.entries.onDurable(() => log.#due())
    return log
  }

  /** The newest signed checkpoint. */
  get checkpoint(): Checkpoint {
    return this.#checkpoint
  }

  /** Calls the listener after each new checkpoint. */
  onSigned(listener: () => void): void {
    this.#signed = listener
  }

  /** Brings the log up to what is durable now. */
  async close(): Promise<void> {
    this.#closed = true
    this.#unsubscribe()
    clearTimeout(this.#timer)
    await this.#running
    await this.#integrate().catch((error: unknown) => this.#options.onProblem?.(error))
  }

  #due(): void {
    if (this.#timer !== undefined || this.#closed) return
    this.#timer = setTimeout(() => {
      this.#running = this.#integrate()
        .catch((error: unknown) => this.#options.onProblem?.(error))
        .finally(() => {
          this.#timer = undefined
          if (this.#options.entries.durableSize > this.#checkpoint.size) this.#due()
        })
    }, this.#everyMs)
    this.#timer.unref()
  }

  async #integrate(): Promise<void> {
    if (this.#options.entries.durableSize === this.#checkpoint.size && this.#checkpoint.size > 0) return
    const tree = this.#tree ?? (await this.#published())
    // If anything fails now, what was written is not known any more: the next time starts from the checkpoint.
    this.#tree = undefined
    await this.#append(tree, Number.POSITIVE_INFINITY)
    await this.#writePartial(tree)
    const { signer } = this.#options
    const checkpoint = { origin: signer.verifier.name, size: tree.size, root: tree.root() }
    const note = signNote(checkpointText(checkpoint), [signer])
    await this.#tiles.write(checkpointPath, Buffer.from(note, 'utf8'), true)
    this.#checkpoint = checkpoint
    // Somebody may still be reading by the checkpoint before this one.
    const { partialPaths } = tree
    for (const path of this.#partials) if (!partialPaths.includes(path)) await this.#tiles.remove(path)
    this.#partials = partialPaths
    this.#tree = tree
    this.#signed()
  }

  /** Takes in what is durable, up to `until` entries. */
  async #append(tree: TileTree, until: number): Promise<void> {
    if (tree.size >= until) return
    let before = tree.size
    for await (const { index, payload } of this.#options.entries.records(tree.size)) {
      const { leaf, file } = leafOf(payload)
      if (file !== undefined) await this.#tiles.write(file, payload, true)
      tree.append(leaf)
      if (index + 1 === until) break
      if (index - before < defaults.integrateBatch) continue
      before = index
      await this.#writeFull(tree)
      // Doors come first.
      await new Promise((resolve) => setImmediate(resolve))
    }
    await this.#writeFull(tree)
  }

  async #writeFull(tree: TileTree): Promise<void> {
    for (const { path, bytes } of tree.takeFull()) {
      await this.#tiles.write(path, bytes, false)
      // Most of a busy log was never published in part.
      if (this.#partials.some((partial) => partial.startsWith(`${path}.p/`))) await this.#tiles.removePartials(path)
    }
  }

  async #writePartial(tree: TileTree): Promise<void> {
    for (const { path, bytes } of tree.takePartial()) await this.#tiles.write(path, bytes, false)
  }

  /** The tree up to the checkpoint: from its tiles, or where they are gone or damaged made again from the segments. */
  async #published(): Promise<TileTree> {
    const last = this.#checkpoint
    const tree = (await resumed(this.#tiles, last)) ?? (await this.#rebuilt(last))
    if (tree.root().equals(last.root)) return tree
    throw new SallyportError(
      'ledger_corrupt',
      `The ledger is altered: its first ${last.size} entries are not those that its checkpoint was signed for.`,
      { hint: keepEvidence },
    )
  }

  async #holdTo(tree: TileTree, kept: readonly KeptCheckpoint[]): Promise<void> {
    const published = rangeHashOf(this.#tiles, this.#checkpoint.size)
    for (const { path, checkpoint } of kept.toSorted((a, b) => a.checkpoint.size - b.checkpoint.size)) {
      const { size, root } = checkpoint
      const { durableSize } = this.#options.entries
      if (size > durableSize) {
        const what = `The ledger is truncated: it has ${durableSize} entries, and ${path} was signed for ${size}.`
        throw new SallyportError('ledger_corrupt', what, { hint: keepEvidence })
      }
      if (size > tree.size) await this.#append(tree, size)
      const now = size === 0 ? emptyRoot : size === tree.size ? tree.root() : await published(0, size)
      if (now.equals(root)) continue
      const what = `The ledger forked: its first ${size} entries are not those that ${path} was signed for.`
      throw new SallyportError('ledger_corrupt', what, { hint: keepEvidence })
    }
  }

  async #rebuilt({ size }: Checkpoint): Promise<TileTree> {
    const tree = new TileTree()
    await this.#append(tree, size)
    await this.#writePartial(tree)
    return tree
  }
}

async function readSigned(tiles: TileFiles, options: TransparencyLogOptions): Promise<Checkpoint | undefined> {
  const bytes = await tiles.read(checkpointPath)
  if (bytes === undefined) return undefined
  const path = join(options.directory, checkpointPath)
  const note = parseNote(bytes.toString('utf8'))
  if (!isSignedBy(note, options.signer.verifier)) {
    throw new SallyportError('ledger_corrupt', `The checkpoint ${path} is not signed by this ledger's key.`, {
      hint: keepEvidence,
    })
  }
  const checkpoint = parseCheckpoint(note.text)
  const { durableSize } = options.entries
  if (durableSize < checkpoint.size) {
    const what = `The ledger is truncated: it has ${durableSize} entries, and its checkpoint was signed for ${checkpoint.size}.`
    throw new SallyportError('ledger_corrupt', what, { hint: keepEvidence })
  }
  return checkpoint
}

/** undefined: tiles are missing or are not those of the checkpoint. */
async function resumed(tiles: TileFiles, last: Checkpoint): Promise<TileTree | undefined> {
  const tree = await TileTree.resume(
    last.size,
    (level, index, width) => tiles.hashes(level, index, width),
    async (index, width) => {
      const bytes = await tiles.bundle(index, width)
      return bytes === undefined ? undefined : decodeBundle(bytes)
    },
  )
  return tree?.root().equals(last.root) === true ? tree : undefined
}
