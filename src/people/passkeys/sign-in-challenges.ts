import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto'

/** Milliseconds that somebody has to use their passkey. */
export const challengeLasts = 5 * 60_000

/**
 * Challenges for people who are not known yet. Anybody may ask for one, so none is kept: each says until when it
 * stands and proves that it was made here. Those that were used are kept until they have run out.
 */
export class SignInChallenges {
  readonly #now: () => number
  readonly #key = randomBytes(32)
  /** When each that was used runs out. */
  readonly #used = new Map<string, number>()

  constructor(now: () => number) {
    this.#now = now
  }

  issue(): string {
    const body = Buffer.concat([bytesOf(this.#now() + challengeLasts), randomBytes(16)])
    return Buffer.concat([body, this.#proof(body)]).toString('base64url')
  }

  /** Whether a challenge stands, which it does no longer from then on. */
  use(challenge: string): boolean {
    const bytes = Buffer.from(challenge, 'base64url')
    if (bytes.length !== 40 || bytes.toString('base64url') !== challenge) return false
    const body = bytes.subarray(0, 24)
    if (!timingSafeEqual(bytes.subarray(24), this.#proof(body))) return false
    const now = this.#now()
    for (const [old, until] of this.#used) {
      if (until >= now) break
      this.#used.delete(old)
    }
    const until = Number(body.readBigUInt64BE(0))
    if (until < now || this.#used.has(challenge)) return false
    this.#used.set(challenge, until)
    return true
  }

  #proof(body: Buffer): Buffer {
    return createHmac('sha256', this.#key).update(body).digest().subarray(0, 16)
  }
}

function bytesOf(milliseconds: number): Buffer {
  const bytes = Buffer.alloc(8)
  bytes.writeBigUInt64BE(BigInt(milliseconds))
  return bytes
}
