import { SallyportError } from '../../errors/index.ts'
import { encodeAddCheckpoint } from './add-checkpoint.ts'
import type { Checkpoint } from './checkpoint.ts'
import { isSignedBy, type NoteVerifier, parseNote, signatureLine } from './note.ts'
import { consistencyProof, type RangeHash } from './proof.ts'
import { sizeType } from './witness.ts'

/** A witness, and how it is reached. */
export interface WitnessPeer {
  /** Prefix of `/add-checkpoint`. */
  readonly url: string
  readonly verifier: NoteVerifier
}

/** A signed checkpoint, and what a consistency proof up to it is made of. */
export interface SignedTree {
  readonly note: string
  readonly checkpoint: Checkpoint
  readonly hashOf: RangeHash
}

/**
 * Asks a witness to sign a checkpoint. @param known size of the one it signed last, as far as we know
 * @returns its signature lines
 * @throws SallyportError `conflict`: the witness has seen another log under this name; `upstream_unreachable`
 */
export async function askWitness(
  { url, verifier }: WitnessPeer,
  tree: SignedTree,
  known: number,
  post: (url: string, body: string) => Promise<Response>,
): Promise<string> {
  const ask = async (oldSize: number) => {
    const proof = await consistencyProof(oldSize, tree.checkpoint.size, tree.hashOf)
    return post(`${url}/add-checkpoint`, encodeAddCheckpoint({ oldSize, proof, note: tree.note }))
  }
  let answer = await ask(known)
  if (answer.status === 409 && answer.headers.get('content-type')?.startsWith(sizeType) === true) {
    const told = await answer.text()
    const size = /^\d{1,15}\n$/.test(told) ? Number(told) : Number.NaN
    if (!(size <= tree.checkpoint.size)) throw contradiction(verifier.name, `saw ${told.trim()} entries`)
    if (size === known) throw contradiction(verifier.name, `saw another log of ${size} entries`)
    answer = await ask(size)
  }
  if (answer.status === 409 || answer.status === 422) throw contradiction(verifier.name, 'saw another log')
  const lines = await answer.text()
  if (answer.status !== 200) {
    throw new SallyportError('upstream_unreachable', `The witness ${verifier.name} answered ${answer.status}.`, {
      hint: 'It must know the verifier key of this ledger (`sallyport ledger key`).',
    })
  }
  return ownSignatures(tree.note, lines, verifier)
}

/** The lines that are good signatures of the witness; others are left out. */
function ownSignatures(note: string, lines: string, verifier: NoteVerifier): string {
  const { text, signatures } = parseNote(`${parseNote(note).text}\n${lines}`)
  const own = signatures.filter((signature) => isSignedBy({ text, signatures: [signature] }, verifier))
  if (own.length > 0) return own.map((one) => signatureLine(one.name, one.keyHash, one.signature)).join('')
  throw new SallyportError('note_invalid', `The answer of the witness ${verifier.name} is not signed by its key.`)
}

function contradiction(name: string, saw: string): SallyportError {
  return new SallyportError('conflict', `The witness ${name} ${saw}: this ledger was cut off, put back or forked.`, {
    hint: 'Keep these files as evidence, and compare with `sallyport ledger verify --against` a checkpoint kept elsewhere.',
  })
}
