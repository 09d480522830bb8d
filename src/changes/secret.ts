import { randomBytes } from 'node:crypto'
import { sha256Hex } from '../action/index.ts'

/** 256 random bits: nothing to guess, so a plain fast hash is enough to keep it. */
const pattern = /^spc_[A-Za-z0-9_-]{43}$/

export function newSecret(): { readonly secret: string; readonly digest: string } {
  const secret = `spc_${randomBytes(32).toString('base64url')}`
  return { secret, digest: sha256Hex(secret) }
}

/** The digest under which a secret is known; undefined for what cannot be one. */
export function secretDigest(secret: string): string | undefined {
  return pattern.test(secret) ? sha256Hex(secret) : undefined
}
