import { sha256Hex } from '../../action/index.ts'
import { SallyportError } from '../../errors/index.ts'
import { type AddCheckpoint, parseAddCheckpoint } from './add-checkpoint.ts'
import { type Checkpoint, parseCheckpoint } from './checkpoint.ts'
import { emptyRoot } from './merkle.ts'
import { isSignedBy, type Note, type NoteSigner, type NoteVerifier, parseNote, signatureLine } from './note.ts'
import { verifyConsistency } from './proof.ts'
import type { TileFiles } from './tile-files.ts'

export interface WitnessOptions {
  /** Where the witness keeps the newest checkpoint of each log. One process writes there. */
  readonly files: TileFiles
  readonly signer: NoteSigner
  /** The logs it watches. */
  readonly logs: readonly NoteVerifier[]
}

export interface WitnessAnswer {
  readonly status: 200 | 400 | 403 | 404 | 409 | 422
  readonly body: string
  /** Of the body; default: plain text. */
  readonly type?: string
}

/** Media type of the answer that says where the witness stands. */
export const sizeType = 'text/x.tlog.size'

/**
 * Signs checkpoints of logs that only ever grow (C2SP tlog-witness): of each log it remembers the newest checkpoint
 * that it signed, and signs nothing that does not go on from there. So whoever relies on its signature cannot be shown
 * a log that was cut off, put back or forked since.
 */
export class Witness {
  readonly #options: WitnessOptions
  /** One at a time: between looking up the last checkpoint and replacing it nothing else may happen. */
  #last: Promise<unknown> = Promise.resolve()

  constructor(options: WitnessOptions) {
    this.#options = options
  }

  /**
   * Answers a request. What is signed is durable first.
   * @throws where the state cannot be read or written: nothing was signed
   */
  addCheckpoint(body: string): Promise<WitnessAnswer> {
    const answer = this.#last.then(() => this.#answer(body))
    this.#last = answer.catch(() => undefined)
    return answer
  }

  async #answer(body: string): Promise<WitnessAnswer> {
    let request: AddCheckpoint
    let note: Note
    let checkpoint: Checkpoint
    try {
      request = parseAddCheckpoint(body)
      note = parseNote(request.note)
      checkpoint = parseCheckpoint(note.text)
    } catch (error) {
      if (error instanceof SallyportError) return { status: 400, body: `${error.message}\n` }
      throw error
    }
    const log = this.#options.logs.find(({ name }) => name === checkpoint.origin)
    if (log === undefined) return { status: 404, body: 'This witness does not know that log.\n' }
    if (!isSignedBy(note, log)) return { status: 403, body: 'The checkpoint is not signed by the key of that log.\n' }
    const { oldSize, proof } = request
    if (oldSize > checkpoint.size) return { status: 400, body: 'The old size is beyond the checkpoint.\n' }
    const path = statePath(checkpoint.origin)
    const last = await this.#lastOf(path, log)
    const isElsewhere = oldSize !== last.size
    const isFork = checkpoint.size === last.size && !checkpoint.root.equals(last.root)
    if (isElsewhere || isFork) return { status: 409, body: `${last.size}\n`, type: sizeType }
    if (!verifyConsistency(last, checkpoint, proof)) {
      return { status: 422, body: `The log does not go on from the ${last.size} entries that were witnessed.\n` }
    }
    await this.#options.files.write(path, Buffer.from(request.note, 'utf8'), true)
    const { verifier, sign } = this.#options.signer
    return { status: 200, body: signatureLine(verifier.name, verifier.keyHash, sign(note.text)) }
  }

  async #lastOf(path: string, log: NoteVerifier): Promise<Pick<Checkpoint, 'size' | 'root'>> {
    const bytes = await this.#options.files.read(path)
    if (bytes === undefined) return { size: 0, root: emptyRoot }
    const note = parseNote(bytes.toString('utf8'))
    const checkpoint = parseCheckpoint(note.text)
    if (checkpoint.origin === log.name && isSignedBy(note, log)) return checkpoint
    throw new SallyportError(
      'note_invalid',
      `What this witness kept of the log ${log.name} is not signed by its key.`,
      {
        hint: `Give the key that the log had when ${path} was written, or restore that file.`,
      },
    )
  }
}

function statePath(origin: string): string {
  return `logs/${sha256Hex(origin)}`
}
