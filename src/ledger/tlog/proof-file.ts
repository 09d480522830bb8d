import { SallyportError } from '../../errors/index.ts'
import { type Checkpoint, parseCheckpoint } from './checkpoint.ts'
import { hashBytes, leafHash } from './merkle.ts'
import { isSignedBy, type NoteVerifier, parseNote } from './note.ts'
import { verifyInclusion } from './proof.ts'

/** First line of a proof file (C2SP tlog-proof). */
const header = 'c2sp.org/tlog-proof@v1'

/** That an entry is in a log, with everything needed to check it but the log's verifier key. */
export interface EntryProof {
  readonly index: number
  /** The entry as it stands in the log. */
  readonly leaf: Buffer
  readonly hashes: readonly Buffer[]
  /** The signed checkpoint, as published. */
  readonly checkpoint: string
}

export function encodeProof({ index, leaf, hashes, checkpoint }: EntryProof): string {
  const lines = [header, `extra ${leaf.toString('base64')}`, `index ${index}`]
  for (const hashed of hashes) lines.push(hashed.toString('base64'))
  return `${lines.join('\n')}\n\n${checkpoint}`
}

/** @throws SallyportError `note_invalid` */
export function parseProof(text: string): EntryProof {
  const at = text.indexOf('\n\n')
  const [first, extra = '', index = '', ...encoded] = text.slice(0, Math.max(0, at)).split('\n')
  const hashes = encoded.map((line) => Buffer.from(line, 'base64'))
  const isWhole = first === header && /^extra \S+$/.test(extra) && /^index \d+$/.test(index)
  if (!isWhole || hashes.some((hashed) => hashed.length !== hashBytes)) {
    throw new SallyportError('note_invalid', 'This is not a proof that `sallyport ledger prove` wrote.')
  }
  return {
    index: Number(index.slice('index '.length)),
    leaf: Buffer.from(extra.slice('extra '.length), 'base64'),
    hashes,
    checkpoint: text.slice(at + 2),
  }
}

/**
 * Checks a proof with nothing but the log's verifier key. Hands back the checkpoint that the entry is under.
 * @throws SallyportError `note_invalid`, saying what does not hold
 */
export function verifyProof({ index, leaf, hashes, checkpoint }: EntryProof, verifier: NoteVerifier): Checkpoint {
  const note = parseNote(checkpoint)
  if (!isSignedBy(note, verifier)) {
    throw new SallyportError('note_invalid', `The checkpoint in the proof is not signed by ${verifier.name}.`)
  }
  const signed = parseCheckpoint(note.text)
  if (signed.origin !== verifier.name) {
    throw new SallyportError('note_invalid', `The checkpoint is of the log ${signed.origin}, not of ${verifier.name}.`)
  }
  if (!verifyInclusion(leafHash(leaf), index, signed.size, hashes, signed.root)) {
    throw new SallyportError(
      'note_invalid',
      `The proof does not lead from entry ${index} to the root of the checkpoint.`,
    )
  }
  return signed
}
