/**
 * Checks in the browser that an entry is on the record: with the proof that the server hands out, the log's verifier
 * key, and the browser's own SHA-256 and Ed25519. Nothing that the server says about the proof is believed.
 *
 * Formats: C2SP tlog-proof, tlog-checkpoint and signed-note; hashing and paths: RFC 6962 section 2.1, RFC 9162
 * section 2.1.3.2.
 */

type Bytes = Uint8Array<ArrayBuffer>

/** What holds of a proof. */
export interface ProvedEntry {
  readonly index: number
  /** Entries under the checkpoint. */
  readonly size: number
  /** Name of the log. */
  readonly origin: string
  /** The entry as it stands in the log. */
  readonly leaf: string
}

/** A proof that does not hold, or that cannot be checked here; the message says why. */
export class ProofError extends Error {
  override readonly name = 'ProofError'
}

interface VerifierKey {
  readonly name: string
  readonly keyHash: Bytes
  /** Raw Ed25519. */
  readonly publicKey: Bytes
}

const header = 'c2sp.org/tlog-proof@v1'
const ed25519 = 1
const hashBytes = 32
const signatureBytes = 64
const utf8 = new TextEncoder()

/** @param key `<name>+<hash>+<key>`, as `sallyport ledger key` prints it @throws ProofError */
export async function verifyEntryProof(proof: string, key: string): Promise<ProvedEntry> {
  if (globalThis.crypto?.subtle === undefined) {
    throw new ProofError('This browser computes hashes on pages that came over https, or from this machine, only.')
  }
  const verifier = await parseVerifierKey(key)
  const { index, leaf, hashes, checkpoint } = parseProof(proof)
  const { origin, size, root } = await openCheckpoint(checkpoint, verifier)
  const found = await rootOver(await leafHash(leaf), index, size, hashes)
  if (found === undefined || !isSame(found, root)) {
    throw new ProofError(`The proof does not lead from entry ${index} to the root of the signed checkpoint.`)
  }
  return { index, size, origin, leaf: new TextDecoder('utf-8', { fatal: true }).decode(leaf) }
}

/** @throws ProofError */
export async function parseVerifierKey(key: string): Promise<VerifierKey> {
  const [name = '', hex = '', ...rest] = key.trim().split('+')
  const typed = fromBase64(rest.join('+'))
  const isShaped = name !== '' && !/\s/.test(name) && typed?.length === 1 + hashBytes && typed[0] === ed25519
  if (typed === undefined || !isShaped) throw notAKey()
  const keyHash = (await sha256(concat(utf8.encode(`${name}\n`), typed))).slice(0, 4)
  if (toHex(keyHash) !== hex) throw notAKey()
  return { name, keyHash, publicKey: typed.slice(1) }
}

function notAKey(): ProofError {
  return new ProofError(
    'This is not the verifier key of a log: <name>+<hash>+<key>, as `sallyport ledger key` prints it.',
  )
}

function parseProof(text: string) {
  const at = text.indexOf('\n\n')
  const [first, extra = '', index = '', ...encoded] = text.slice(0, Math.max(0, at)).split('\n')
  const leaf = extra.startsWith('extra ') ? fromBase64(extra.slice('extra '.length)) : undefined
  const hashes = encoded.map(fromBase64)
  const isWhole = first === header && leaf !== undefined && /^index (0|[1-9]\d{0,15})$/.test(index)
  if (!isWhole || !hashes.every((hash): hash is Bytes => hash?.length === hashBytes)) {
    throw new ProofError('What the server sent is no proof.')
  }
  return { index: Number(index.slice('index '.length)), leaf, hashes, checkpoint: text.slice(at + 2) }
}

/** A checkpoint whose signature by the log holds. */
async function openCheckpoint(note: string, { name, keyHash, publicKey }: VerifierKey) {
  const at = note.lastIndexOf('\n\n')
  const text = note.slice(0, at + 1)
  const lines = note.slice(at + 2).split('\n')
  if (at < 0 || lines.pop() !== '') throw new ProofError('The checkpoint in the proof is no signed note.')
  const signatures = lines.flatMap((line) => {
    const [, signer, encoded = ''] = /^\u2014 (\S+) (\S+)$/.exec(line) ?? []
    const bytes = fromBase64(encoded)
    const isOurs = signer === name && bytes?.length === 4 + signatureBytes && isSame(bytes.slice(0, 4), keyHash)
    return isOurs ? [bytes.slice(4)] : []
  })
  const public_ = await importKey(publicKey)
  let isSigned = false
  for (const signature of signatures) {
    isSigned ||= await crypto.subtle.verify('Ed25519', public_, signature, utf8.encode(text))
  }
  if (!isSigned) throw new ProofError(`The checkpoint is not signed by ${name}.`)
  const [origin = '', size = '', root = ''] = text.split('\n')
  const hash = fromBase64(root)
  if (!/^(0|[1-9]\d{0,15})$/.test(size) || hash?.length !== hashBytes) {
    throw new ProofError('What is signed is no checkpoint.')
  }
  if (origin !== name) throw new ProofError(`The checkpoint is of the log ${origin}, not of ${name}.`)
  return { origin, size: Number(size), root: hash }
}

async function importKey(publicKey: Bytes) {
  try {
    return await crypto.subtle.importKey('raw', publicKey, 'Ed25519', false, ['verify'])
  } catch {
    throw new ProofError('This browser cannot check Ed25519 signatures. Check with: sallyport ledger verify-proof')
  }
}

/** undefined: the path has not the length that leads to a root. */
async function rootOver(leaf: Bytes, index: number, size: number, path: readonly Bytes[]): Promise<Bytes | undefined> {
  if (index >= size) return undefined
  let node = index
  let last = size - 1
  let hash = leaf
  for (const sibling of path) {
    if (last === 0) return undefined
    if (node % 2 === 1 || node === last) {
      hash = await nodeHash(sibling, hash)
      while (node % 2 === 0 && node !== 0) {
        node = Math.floor(node / 2)
        last = Math.floor(last / 2)
      }
    } else hash = await nodeHash(hash, sibling)
    node = Math.floor(node / 2)
    last = Math.floor(last / 2)
  }
  return last === 0 ? hash : undefined
}

const leafHash = (leaf: Bytes) => sha256(concat(Uint8Array.of(0), leaf))
const nodeHash = (left: Bytes, right: Bytes) => sha256(concat(Uint8Array.of(1), left, right))

/** SHA-256 of a text, hex. */
export async function digestOf(text: string): Promise<string> {
  return toHex(await sha256(utf8.encode(text)))
}

async function sha256(bytes: Bytes): Promise<Bytes> {
  return new Uint8Array(await crypto.subtle.digest('SHA-256', bytes))
}

function concat(...parts: readonly Bytes[]): Bytes {
  const all = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0))
  let at = 0
  for (const part of parts) {
    all.set(part, at)
    at += part.length
  }
  return all
}

function isSame(one: Bytes, other: Bytes): boolean {
  return one.length === other.length && one.every((byte, at) => byte === other[at])
}

function toHex(bytes: Bytes): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')
}

/** undefined: it is not base64, written the one way. */
function fromBase64(text: string): Bytes | undefined {
  try {
    const bytes = Uint8Array.from(atob(text), (character) => character.charCodeAt(0))
    return encode(bytes) === text ? bytes : undefined
  } catch {
    return undefined
  }
}

function encode(bytes: Bytes): string {
  let binary = ''
  for (const byte of bytes) binary += String.fromCharCode(byte)
  return btoa(binary)
}
