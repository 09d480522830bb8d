import { canonicalJson } from '../action/index.ts'
import type { Entry, EntryBodies, EntryKind } from './entry.ts'

/**
 * The payload: canonical JSON (RFC 8785). Its bytes are what is hashed, and they are never written again.
 * A lone surrogate, which the RFC forbids, is recorded as U+FFFD: what somebody typed must not keep an action off the
 * record.
 */
export function encodePayload(at: string, kind: EntryKind, body: EntryBodies[EntryKind]): string {
  return `{"at":"${at}","body":${canonicalBody(body)},"kind":"${kind}"}`
}

function canonicalBody(body: unknown): string {
  try {
    return canonicalJson(body)
  } catch (error) {
    if (error instanceof TypeError) return canonicalJson(wellFormed(body))
    throw error
  }
}

function wellFormed(value: unknown): unknown {
  if (typeof value === 'string') return value.toWellFormed()
  if (Array.isArray(value)) return value.map(wellFormed)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key.toWellFormed(), wellFormed(member)]))
}

interface Payload {
  readonly at: string
  readonly kind: EntryKind
  readonly body: EntryBodies[EntryKind]
}

/** @throws SyntaxError for bytes that are no JSON, which a record whose checksum holds does not carry. */
export function decodeEntry(index: number, hash: Buffer, payload: Buffer): Entry {
  const { at, kind, body }: Payload = JSON.parse(payload.toString('utf8'))
  return toEntry({ index, at, kind, body, hash: hash.toString('hex') })
}

/** An entry from its parts; which body belongs to which kind was checked where it was appended. */
export function toEntry(parts: Payload & { readonly index: number; readonly hash: string }): Entry
export function toEntry(parts: Payload & { readonly index: number; readonly hash: string }) {
  return parts
}
