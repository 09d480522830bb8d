import { SallyportError } from '../../errors/index.ts'
import { hashBytes } from './merkle.ts'

/** What a log says of itself at one moment (C2SP tlog-checkpoint). */
export interface Checkpoint {
  readonly origin: string
  /** Leaves. */
  readonly size: number
  readonly root: Buffer
}

/** The text of the note, to be signed. */
export function checkpointText({ origin, size, root }: Checkpoint): string {
  return `${origin}\n${size}\n${root.toString('base64')}\n`
}

/** @throws SallyportError `note_invalid` */
export function parseCheckpoint(text: string): Checkpoint {
  const [origin = '', size = '', encoded = '', end] = text.split('\n')
  const root = Buffer.from(encoded, 'base64')
  const isWhole = end !== undefined && origin !== '' && /^(?:0|[1-9]\d*)$/.test(size) && root.length === hashBytes
  if (!isWhole || !Number.isSafeInteger(Number(size)) || root.toString('base64') !== encoded) {
    throw new SallyportError('note_invalid', 'This is not a checkpoint: origin, size and root hash, a line each.')
  }
  return { origin, size: Number(size), root }
}
