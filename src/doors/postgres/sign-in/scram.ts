import { createHash, createHmac, pbkdf2, timingSafeEqual } from 'node:crypto'
import { promisify } from 'node:util'

/** Names of the mechanisms (RFC 7677). */
export const scram = 'SCRAM-SHA-256'
export const scramPlus = 'SCRAM-SHA-256-PLUS'

/** What both sides of SCRAM keep of a password (RFC 5802, section 3). */
export interface ScramKeys {
  readonly clientKey: Buffer
  readonly serverKey: Buffer
}

export function sha256(data: Buffer): Buffer {
  return createHash('sha256').update(data).digest()
}

export function hmac(key: Buffer, data: string): Buffer {
  return createHmac('sha256', key).update(data).digest()
}

export function xor(a: Buffer, b: Buffer): Buffer {
  return Buffer.from(a.map((byte, i) => byte ^ (b[i] ?? 0)))
}

/** Compares without telling by its time where two differ. */
export function isSame(a: Buffer, b: Buffer): boolean {
  return a.length === b.length && timingSafeEqual(a, b)
}

const derive = promisify(pbkdf2)

/** Off the event loop: it is made to take long. */
export async function scramKeys(password: string, salt: Buffer, iterations: number): Promise<ScramKeys> {
  // Compatibility composition is what SASLprep (RFC 4013) does to almost every password that is not plain ASCII.
  const salted = await derive(password.normalize('NFKC'), salt, iterations, 32, 'sha256')
  return { clientKey: hmac(salted, 'Client Key'), serverKey: hmac(salted, 'Server Key') }
}

/** `a=1,b=2` by letter. @throws RangeError where it is something else */
export function readAttributes(message: string): ReadonlyMap<string, string> {
  const found = new Map<string, string>()
  for (const part of message.split(',')) {
    if (part[1] !== '=' || found.has(part[0] ?? '')) throw new RangeError('malformed SCRAM message')
    found.set(part[0] ?? '', part.slice(2))
  }
  return found
}

/** @throws RangeError */
export function requireAttribute(attributes: ReadonlyMap<string, string>, name: string): string {
  const value = attributes.get(name)
  if (value === undefined || value === '') throw new RangeError(`a SCRAM message without ${name}=`)
  return value
}

/** Base64, and nothing that merely resembles it. @throws RangeError */
export function fromBase64(text: string): Buffer {
  const bytes = Buffer.from(text, 'base64')
  if (bytes.toString('base64') !== text) throw new RangeError('malformed base64 in a SCRAM message')
  return bytes
}
