import { encodeMessage } from './encode.ts'
import { StringReader } from './string-reader.ts'

/** The kinds of Authentication message. Source: PostgreSQL documentation, "Message Formats"; protocol.h (AUTH_REQ_*). */
export const authentication = {
  ok: 0,
  cleartextPassword: 3,
  md5Password: 5,
  sasl: 10,
  saslContinue: 11,
  saslFinal: 12,
} as const

export function encodeAuthentication(kind: number, ...parts: readonly (string | Buffer)[]): Buffer {
  const code = Buffer.alloc(4)
  code.writeUInt32BE(kind)
  return encodeMessage('R', code, ...parts)
}

/** @throws RangeError */
export function readAuthentication(frame: Buffer): { readonly kind: number; readonly body: Buffer } {
  if (frame.length < 9) throw new RangeError('an Authentication message without its kind')
  return { kind: frame.readUInt32BE(5), body: frame.subarray(9) }
}

/** The names in AuthenticationSASL. @throws RangeError */
export function readMechanisms(body: Buffer): string[] {
  const reader = new StringReader(body, 0)
  const names: string[] = []
  for (let name = reader.string(); name !== ''; name = reader.string()) names.push(name)
  return names
}

/** PasswordMessage: a password or its md5 form. */
export function encodePassword(password: string): Buffer {
  return encodeMessage('p', password)
}

export function encodeSaslInitial(mechanism: string, response: string): Buffer {
  const bytes = Buffer.from(response, 'utf8')
  const length = Buffer.alloc(4)
  length.writeInt32BE(bytes.length)
  return encodeMessage('p', mechanism, length, bytes)
}

export function encodeSaslResponse(response: string): Buffer {
  return encodeMessage('p', Buffer.from(response, 'utf8'))
}

/** @throws RangeError */
export function readPassword(frame: Buffer): string {
  const reader = new StringReader(frame, 5)
  const password = reader.bytes().toString('utf8')
  reader.end()
  return password
}

/** SASLInitialResponse. @throws RangeError */
export function readSaslInitial(frame: Buffer): { readonly mechanism: string; readonly response: string } {
  const reader = new StringReader(frame, 5)
  const mechanism = reader.string()
  const response = reader.sized()?.toString('utf8') ?? ''
  reader.end()
  return { mechanism, response }
}
