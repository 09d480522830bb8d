import { randomFillSync } from 'node:crypto'

const pool = Buffer.alloc(16 * 256)
let used = pool.length
let lastMillis = 0
let sequence = 0

/**
 * A UUID version 7 (RFC 9562 section 5.7): 48 bits of Unix milliseconds, then a 12-bit counter (method 1 of
 * section 6.2, so ids made by one process sort in the order they were made), then 62 random bits.
 */
export function uuidv7(now: number = Date.now()): string {
  if (used === pool.length) {
    randomFillSync(pool)
    used = 0
  }
  const bytes = pool.subarray(used, used + 16)
  used += 16
  if (now > lastMillis) {
    lastMillis = now
    sequence = ((bytes[6] ?? 0) << 3) & 0x7ff
  } else {
    sequence += 1
    if (sequence > 0xfff) {
      lastMillis += 1
      sequence = 0
    }
  }
  const hex = bytes.toString('hex')
  const time = lastMillis.toString(16).padStart(12, '0')
  const variant = (8 | ((bytes[8] ?? 0) & 3)).toString(16)
  return `${time.slice(0, 8)}-${time.slice(8)}-7${sequence.toString(16).padStart(3, '0')}-${variant}${hex.slice(17, 20)}-${hex.slice(20)}`
}
