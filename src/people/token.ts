import { randomBytes } from 'node:crypto'
import { sha256Hex } from '../action/index.ts'
import type { Scope } from './authorize.ts'

/** A token as it is asked for. */
export interface TokenInput {
  readonly label: string
  /** RFC 3339; null: until it is revoked. */
  readonly expiresAt: string | null
  readonly by: string
  readonly scope?: Scope | undefined
}

/** 256 random bits: nothing to guess, so a plain fast hash is enough to keep it (no salt, no stretching). */
const tokenPattern = /^sp_[A-Za-z0-9_-]{43}$/

export function newToken(): { readonly id: string; readonly token: string; readonly digest: string } {
  const token = `sp_${randomBytes(32).toString('base64url')}`
  return { id: randomBytes(8).toString('hex'), token, digest: sha256Hex(token) }
}

const linkPattern = /^spl_[A-Za-z0-9_-]{43}$/

/** The secret of a one-time link; as hard to guess as a token, and never taken for one. */
export function newLinkSecret(): { readonly id: string; readonly secret: string; readonly digest: string } {
  const secret = `spl_${randomBytes(32).toString('base64url')}`
  return { id: randomBytes(8).toString('hex'), secret, digest: sha256Hex(secret) }
}

export function linkDigest(secret: string): string | undefined {
  return linkPattern.test(secret) ? sha256Hex(secret) : undefined
}

/** The digest under which a token is known; undefined for what cannot be a token. */
export function tokenDigest(token: string): string | undefined {
  return tokenPattern.test(token) ? sha256Hex(token) : undefined
}
