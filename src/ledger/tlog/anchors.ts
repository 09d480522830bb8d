import { basename, dirname } from 'node:path'
import { errorMessage, SallyportError } from '../../errors/index.ts'
import { defaults } from '../defaults.ts'
import type { FileLayer } from '../file-layer.ts'
import { type AnchorState, writeAnchorStates } from './anchor-state.ts'
import { parseCheckpoint } from './checkpoint.ts'
import { parseNote } from './note.ts'
import { rangeHashOf } from './range-hash.ts'
import { TileFiles } from './tile-files.ts'
import { checkpointPath } from './transparency-log.ts'
import { askWitness, type SignedTree, type WitnessPeer } from './witness-client.ts'

/** Where checkpoints go, so that somebody else can hold the log to them. */
export interface AnchorPlaces {
  readonly files: readonly string[]
  readonly webhooks: readonly string[]
  readonly witnesses: readonly WitnessPeer[]
}

export interface AnchorsOptions extends AnchorPlaces {
  readonly layer: FileLayer
  /** The ledger's folder. */
  readonly directory: string
  readonly fetch: typeof fetch
  readonly now: () => number
  /** Told of each failure; it is tried again. */
  readonly onProblem: (anchor: string, error: unknown) => void
  readonly everyMs?: number
}

/** The newest checkpoint with the signatures of the witnesses, in the ledger's folder. */
export const witnessedPath = 'checkpoint.witnessed'

interface Anchor {
  readonly kind: AnchorState['kind']
  readonly name: string
  /** Size of the checkpoint that it has, as far as we know. */
  size: number
  state: AnchorState | undefined
  /** @returns signature lines for the checkpoint; empty: it gives none */
  publish(tree: SignedTree, known: number): Promise<string>
}

/**
 * Publishes checkpoints beyond the ledger's folder, not oftener than every `everyMs`. Nothing waits for it: an anchor
 * that fails is shown by `sallyport ledger status` and tried again.
 */
export class Anchors {
  readonly #options: AnchorsOptions
  readonly #tiles: TileFiles
  readonly #anchors: readonly Anchor[]
  readonly #stop = new AbortController()
  #timer: NodeJS.Timeout | undefined
  #isDue = false
  #running: Promise<void> = Promise.resolve()
  #last = Number.NEGATIVE_INFINITY

  constructor(options: AnchorsOptions) {
    this.#options = options
    this.#tiles = new TileFiles(options.layer, options.directory)
    this.#anchors = [
      ...options.files.map((path) => this.#anchor('file', path, (tree) => this.#toFile(path, tree))),
      ...options.webhooks.map((url) => this.#anchor('webhook', url, (tree) => this.#toWebhook(url, tree))),
      ...options.witnesses.map((peer) =>
        this.#anchor('witness', peer.verifier.name, (tree, known) =>
          askWitness(peer, tree, known, (url, body) => this.#post(url, body)),
        ),
      ),
    ]
  }

  /** There is a new checkpoint, or there may be one. */
  due(): void {
    this.#isDue = true
    if (this.#timer !== undefined || this.#anchors.length === 0 || this.#stop.signal.aborted) return
    const wait = Math.max(0, this.#last + this.#everyMs - this.#options.now())
    this.#timer = setTimeout(() => {
      this.#isDue = false
      this.#last = this.#options.now()
      this.#running = this.#publish(this.#anchors).then((isDone) => {
        this.#timer = undefined
        // One that was signed while this one was published has not gone out yet.
        if (!isDone || this.#isDue) this.due()
      })
    }, wait)
    this.#timer.unref()
  }

  /** Publishes the last checkpoint to files; does not wait for anybody on the network. */
  async close(): Promise<void> {
    clearTimeout(this.#timer)
    this.#stop.abort(new SallyportError('upstream_unreachable', 'Sallyport stopped before the answer came.'))
    await this.#running
    await this.#publish(this.#anchors.filter(({ kind }) => kind === 'file'))
  }

  get #everyMs(): number {
    return this.#options.everyMs ?? defaults.anchorEveryMs
  }

  #anchor(kind: Anchor['kind'], name: string, publish: Anchor['publish']): Anchor {
    return { kind, name, size: 0, state: undefined, publish }
  }

  /** @returns whether all of them have the newest checkpoint now */
  async #publish(anchors: readonly Anchor[]): Promise<boolean> {
    if (anchors.length === 0) return true
    try {
      const tree = await this.#signedTree()
      if (tree === undefined) return true
      const behind = anchors.filter(({ size, state }) => size < tree.checkpoint.size || state?.problem !== null)
      const signatures = await Promise.all(behind.map((anchor) => this.#publishTo(anchor, tree)))
      const lines = signatures.join('')
      if (lines !== '') await this.#tiles.write(witnessedPath, Buffer.from(tree.note + lines, 'utf8'), true)
      const states = this.#anchors.flatMap(({ state }) => (state === undefined ? [] : [state]))
      await writeAnchorStates(this.#tiles, states)
      return behind.every(({ state }) => state?.problem === null)
    } catch (error) {
      this.#options.onProblem('anchors', error)
      return false
    }
  }

  async #publishTo(anchor: Anchor, tree: SignedTree): Promise<string> {
    const { kind, name } = anchor
    const at = new Date(this.#options.now()).toISOString()
    try {
      const lines = await anchor.publish(tree, anchor.size)
      anchor.size = tree.checkpoint.size
      anchor.state = { kind, name, size: anchor.size, at, problem: null }
      return lines
    } catch (error) {
      // Told once, not with each attempt.
      const problem = errorMessage(error)
      if (anchor.state?.problem !== problem) this.#options.onProblem(name, error)
      anchor.state = { kind, name, size: anchor.size, at: anchor.state?.at ?? at, problem }
      return ''
    }
  }

  async #signedTree(): Promise<SignedTree | undefined> {
    const note = (await this.#tiles.read(checkpointPath))?.toString('utf8')
    if (note === undefined) return undefined
    const checkpoint = parseCheckpoint(parseNote(note).text)
    return { note, checkpoint, hashOf: rangeHashOf(this.#tiles, checkpoint.size) }
  }

  async #toFile(path: string, { note }: SignedTree): Promise<string> {
    const folder = new TileFiles(this.#options.layer, dirname(path))
    await folder.write(basename(path), Buffer.from(note, 'utf8'), true)
    return ''
  }

  async #toWebhook(url: string, { note }: SignedTree): Promise<string> {
    const answer = await this.#post(url, note)
    await answer.body?.cancel()
    if (answer.ok) return ''
    throw new SallyportError('upstream_unreachable', `The webhook ${url} answered ${answer.status}.`)
  }

  async #post(url: string, body: string): Promise<Response> {
    const signal = AbortSignal.any([this.#stop.signal, AbortSignal.timeout(defaults.anchorTimeoutMs)])
    const headers = { 'content-type': 'text/plain; charset=utf-8' }
    try {
      return await this.#options.fetch(url, { method: 'POST', body, headers, signal, redirect: 'error' })
    } catch (error) {
      throw new SallyportError('upstream_unreachable', `${url} does not answer: ${errorMessage(error)}.`, {
        cause: error,
      })
    }
  }
}
