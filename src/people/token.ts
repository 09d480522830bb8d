import { randomBytes } from 'node:crypto'
import { sha256Hex } from '../action/index.ts'

/** 256 random bits: nothing to guess, so a plain fast hash is enough to keep it (no salt, no stretching). */
const tokenPattern = /^sp_[A-Za-z0-9_-]{43}$/

export function newToken(): { readonly id: string; readonly token: string; readonly digest: string } {
  const token = `sp_${randomBytes(32).toString('base64url')}`
  return { id: randomBytes(8).toString('hex'), token, digest: sha256Hex(token) }
}

/** The digest under which a token is known; undefined for what cannot be a token. */
export function tokenDigest(token: string): string | undefined {
  return tokenPattern.test(token) ? sha256Hex(token) : undefined
}
