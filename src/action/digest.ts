import { createHash } from 'node:crypto'

/** SHA-256 (FIPS 180-4) of bytes or of the UTF-8 form of a string, as 64 lower-case hex digits. */
export function sha256Hex(data: string | Uint8Array): string {
  return createHash('sha256').update(data).digest('hex')
}
