import { hash } from 'node:crypto'
import { writeIndex } from './format.ts'

/** The chain hash before entry 0. */
export const genesis: Buffer = Buffer.alloc(32)

/** 0x00 marks an entry as RFC 6962 marks a leaf; the name keeps these hashes apart from any other use of SHA-256. */
const domain = Buffer.from('\0sallyport/ledger/v1', 'latin1')

const previousAt = domain.length
const indexAt = previousAt + 32
const payloadAt = indexAt + 8
const firstScratchBytes = 16 * 1024

/**
 * The hash chain: hash(i) = SHA-256(domain || hash(i-1) || u64 i || payload of i), over the bytes as stored.
 * One buffer holds what is hashed, so that each entry is one call: `createHash` and `update` cost three times as much.
 */
export class Chain {
  #scratch = Buffer.alloc(firstScratchBytes)
  /** The hash after the last entry, where it stands in the scratch buffer. */
  #last = this.#scratch.subarray(previousAt, indexAt)

  constructor(previous: Buffer = genesis) {
    domain.copy(this.#scratch, 0)
    this.reset(previous)
  }

  /** The hash after the last entry. A copy. */
  get last(): Buffer {
    return Buffer.from(this.#scratch.subarray(previousAt, indexAt))
  }

  get lastHex(): string {
    return this.#scratch.toString('hex', previousAt, indexAt)
  }

  is(hashed: Buffer): boolean {
    return this.#scratch.compare(hashed, 0, 32, previousAt, indexAt) === 0
  }

  /** Goes on from this hash. */
  reset(previous: Buffer): void {
    previous.copy(this.#scratch, previousAt, 0, 32)
  }

  /** Puts the next payload in place and returns it as stored; valid until the next call. */
  stage(payload: string): Buffer {
    // UTF-8 needs at most three bytes for a UTF-16 code unit.
    this.#reserve(payload.length * 3)
    const bytes = this.#scratch.write(payload, payloadAt, 'utf8')
    return this.#scratch.subarray(payloadAt, payloadAt + bytes)
  }

  /** Appends the payload staged last, and returns the hash after it; valid until the next call. */
  extend(index: number, payloadBytes: number): Buffer {
    writeIndex(this.#scratch, index, indexAt)
    // A binary (Latin-1) string holds 32 bytes for a third of what a Buffer of their own costs.
    const hashed = hash('sha256', this.#scratch.subarray(0, payloadAt + payloadBytes), 'binary')
    this.#scratch.write(hashed, previousAt, 32, 'latin1')
    return this.#last
  }

  /** Appends a payload read back from the disk. */
  extendWith(index: number, payload: Buffer): Buffer {
    this.#reserve(payload.length)
    payload.copy(this.#scratch, payloadAt)
    return this.extend(index, payload.length)
  }

  #reserve(payloadBytes: number): void {
    const needed = payloadAt + payloadBytes
    if (needed <= this.#scratch.length) return
    const larger = Buffer.alloc(Math.max(needed, this.#scratch.length * 2))
    this.#scratch.copy(larger, 0, 0, payloadAt)
    this.#scratch = larger
    this.#last = larger.subarray(previousAt, indexAt)
  }
}
