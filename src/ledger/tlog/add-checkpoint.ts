import { SallyportError } from '../../errors/index.ts'
import { hashBytes } from './merkle.ts'

/** What a log asks of a witness (C2SP tlog-witness, "add-checkpoint"). */
export interface AddCheckpoint {
  /** Size of the checkpoint that the witness signed last, as far as the log knows. */
  readonly oldSize: number
  /** That the log goes on from there. */
  readonly proof: readonly Buffer[]
  /** The signed checkpoint. */
  readonly note: string
}

/** More than any tree can need. */
const mostHashes = 63

export function encodeAddCheckpoint({ oldSize, proof, note }: AddCheckpoint): string {
  const hashes = proof.map((hashed) => `${hashed.toString('base64')}\n`)
  return `old ${oldSize}\n${hashes.join('')}\n${note}`
}

/** @throws SallyportError `note_invalid` */
export function parseAddCheckpoint(body: string): AddCheckpoint {
  const at = body.indexOf('\n\n')
  const [first = '', ...encoded] = body.slice(0, Math.max(0, at)).split('\n')
  const oldSize = Number(/^old (0|[1-9]\d*)$/.exec(first)?.[1] ?? Number.NaN)
  const proof = encoded.map((line) => Buffer.from(line, 'base64'))
  const isHash = (hashed: Buffer, i: number) => hashed.length === hashBytes && hashed.toString('base64') === encoded[i]
  if (!Number.isSafeInteger(oldSize) || proof.length > mostHashes || !proof.every(isHash)) {
    throw new SallyportError('note_invalid', 'This is not a request to add a checkpoint.', {
      hint: 'A line "old <size>", the hashes of the consistency proof, an empty line, and the signed checkpoint.',
    })
  }
  return { oldSize, proof, note: body.slice(at + 2) }
}
