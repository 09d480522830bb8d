import { createPrivateKey, createPublicKey, hash, type KeyObject, randomBytes, sign, verify } from 'node:crypto'
import { SallyportError } from '../../errors/index.ts'

/**
 * What a key signs, as its algorithm byte (C2SP signed-note, "Signature types"): the text itself, or as a witness the
 * text and the time (C2SP tlog-cosignature).
 */
export const signatureTypes = { ed25519: 0x01, cosignature: 0x04 } as const
export type SignatureType = keyof typeof signatureTypes

/** DER before the raw bytes of an Ed25519 key (RFC 8410 section 10.3 and section 4). */
const privatePrefix = Buffer.from('302e020100300506032b657004220420', 'hex')
const publicPrefix = Buffer.from('302a300506032b6570032100', 'hex')

/** Checks signatures of one key on notes. */
export interface NoteVerifier {
  readonly name: string
  /** `<name>+<hash>+<key>`, as every tool for signed notes takes it. */
  readonly key: string
  readonly keyHash: Buffer
  verifies(text: string, signature: Buffer): boolean
}

export interface NoteSigner {
  readonly verifier: NoteVerifier
  sign(text: string): Buffer
}

/** A text with signatures (C2SP signed-note). */
export interface Note {
  /** Ends in a line feed. */
  readonly text: string
  readonly signatures: readonly { readonly name: string; readonly keyHash: Buffer; readonly signature: Buffer }[]
}

function keyHashOf(name: string, typed: Buffer): Buffer {
  return hash('sha256', Buffer.concat([Buffer.from(`${name}\n`, 'utf8'), typed]), 'buffer').subarray(0, 4)
}

/** @throws SallyportError `note_invalid` */
export function parseVerifierKey(key: string, type: SignatureType = 'ed25519'): NoteVerifier {
  const [name = '', hex = '', ...rest] = key.trim().split('+')
  const typed = Buffer.from(rest.join('+'), 'base64')
  const keyHash = keyHashOf(name, typed)
  if (!isName(name) || !isTyped(typed, type) || keyHash.toString('hex') !== hex) {
    const whose = type === 'ed25519' ? 'a log' : 'a witness'
    throw new SallyportError(
      'note_invalid',
      `This is not the verifier key of ${whose}: <name>+<hash>+<key> (Ed25519).`,
      {
        hint:
          type === 'ed25519'
            ? 'Print the key of a ledger with: sallyport ledger key'
            : 'A witness prints its key when it starts: sallyport witness',
      },
    )
  }
  const publicKey = createPublicKey({
    key: Buffer.concat([publicPrefix, typed.subarray(1)]),
    format: 'der',
    type: 'spki',
  })
  return {
    name,
    key: key.trim(),
    keyHash,
    verifies: (text, signature) => {
      if (type === 'ed25519') return verify(null, Buffer.from(text, 'utf8'), publicKey, signature)
      if (signature.length !== cosignatureBytes) return false
      const message = cosignedMessage(text, signature.readBigUInt64BE(0))
      return verify(null, message, publicKey, signature.subarray(8))
    },
  }
}

/** The time and an Ed25519 signature. */
const cosignatureBytes = 8 + 64

/** @param time seconds since 1970 */
function cosignedMessage(text: string, time: bigint): Buffer {
  return Buffer.from(`cosignature/v1\ntime ${time}\n${text}`, 'utf8')
}

function isTyped(key: Buffer, type: SignatureType): boolean {
  return key.length === 33 && key[0] === signatureTypes[type]
}

function isName(name: string): boolean {
  return name !== '' && !/[\s+]/u.test(name)
}

/**
 * A private key as a line of text: `PRIVATE+KEY+<name>+<hash>+<seed>`, the form of Go's note package.
 * @throws SallyportError `note_invalid`
 */
export function parseSignerKey(
  text: string,
  type: SignatureType = 'ed25519',
  now: () => number = Date.now,
): NoteSigner {
  const [, , name = '', , ...rest] = text.trim().split('+')
  const typed = Buffer.from(rest.join('+'), 'base64')
  if (!text.startsWith('PRIVATE+KEY+') || !isName(name) || !isTyped(typed, type)) {
    throw new SallyportError('note_invalid', 'This is not a private key of the form PRIVATE+KEY+<name>+<hash>+<seed>.')
  }
  const privateKey = privateKeyOf(typed.subarray(1))
  const verifier = verifierOf(name, privateKey, type)
  if (type === 'ed25519') return { verifier, sign: (note) => sign(null, Buffer.from(note, 'utf8'), privateKey) }
  return {
    verifier,
    sign: (note) => {
      const time = Buffer.alloc(8)
      time.writeBigUInt64BE(BigInt(Math.floor(now() / 1000)))
      return Buffer.concat([time, sign(null, cosignedMessage(note, time.readBigUInt64BE(0)), privateKey)])
    },
  }
}

/** A new private key in the form that `parseSignerKey` takes. @param random 32 bytes */
export function makeSignerKey(name: string, random: Buffer = randomBytes(32), type: SignatureType = 'ed25519'): string {
  const { keyHash } = verifierOf(name, privateKeyOf(random), type)
  const typed = Buffer.concat([Buffer.of(signatureTypes[type]), random])
  return `PRIVATE+KEY+${name}+${keyHash.toString('hex')}+${typed.toString('base64')}`
}

function privateKeyOf(seed: Buffer): KeyObject {
  return createPrivateKey({ key: Buffer.concat([privatePrefix, seed]), format: 'der', type: 'pkcs8' })
}

function verifierOf(name: string, privateKey: KeyObject, type: SignatureType): NoteVerifier {
  const der = createPublicKey(privateKey).export({ format: 'der', type: 'spki' })
  const typed = Buffer.concat([Buffer.of(signatureTypes[type]), der.subarray(publicPrefix.length)])
  return parseVerifierKey(`${name}+${keyHashOf(name, typed).toString('hex')}+${typed.toString('base64')}`, type)
}

export function signNote(text: string, signers: readonly NoteSigner[]): string {
  const lines = signers.map(({ verifier, sign }) => signatureLine(verifier.name, verifier.keyHash, sign(text)))
  return `${text}\n${lines.join('')}`
}

export function signatureLine(name: string, keyHash: Buffer, signature: Buffer): string {
  return `\u2014 ${name} ${Buffer.concat([keyHash, signature]).toString('base64')}\n`
}

/** @throws SallyportError `note_invalid` */
export function parseNote(note: string): Note {
  const at = note.lastIndexOf('\n\n')
  const text = note.slice(0, at + 1)
  const lines = note.slice(at + 2).split('\n')
  if (at < 0 || lines.pop() !== '') throw invalidNote('it has no signatures after an empty line')
  const signatures = lines.map((line) => {
    const [dash, name, encoded, more] = line.split(' ')
    const bytes = Buffer.from(encoded ?? '', 'base64')
    // Bytes that the decoder passes over could be changed and nobody would see.
    const isCanonical = bytes.toString('base64') === encoded
    if (
      !isCanonical ||
      dash !== '\u2014' ||
      name === undefined ||
      !isName(name) ||
      bytes.length < 5 ||
      more !== undefined
    ) {
      throw invalidNote('a signature line is not "— <name> <base64>"')
    }
    return { name, keyHash: bytes.subarray(0, 4), signature: bytes.subarray(4) }
  })
  return { text, signatures }
}

/** Whether the note carries a good signature of this key; a bad one under its name and hash is no signature at all. */
export function isSignedBy(note: Note, verifier: NoteVerifier): boolean {
  const own = note.signatures.filter(({ name, keyHash }) => name === verifier.name && keyHash.equals(verifier.keyHash))
  return own.length > 0 && own.every(({ signature }) => verifier.verifies(note.text, signature))
}

function invalidNote(why: string): SallyportError {
  return new SallyportError('note_invalid', `This is not a signed note: ${why}.`)
}
