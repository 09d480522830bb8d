import type { Entry, EntryBodies, EntryKind } from './entry.ts'

/** The payload: plain JSON in this order. Its bytes are what is hashed, and they are never written again. */
export function encodePayload(at: string, kind: EntryKind, body: EntryBodies[EntryKind]): string {
  return `{"at":"${at}","kind":"${kind}","body":${JSON.stringify(body)}}`
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
