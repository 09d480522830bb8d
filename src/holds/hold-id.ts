import { randomBytes } from 'node:crypto'

/** The letters of hold ids: no vowels and no look-alikes, so an id can be read out and is no word. */
const alphabet = '23456789BCDFGHJKMNPQRSTVWXYZ'

export function newHoldId(): string {
  let id = ''
  for (const byte of randomBytes(32)) {
    // Rejection keeps the letters equally likely.
    if (byte < 252) id += alphabet[byte % alphabet.length]
    if (id.length === 10) return id
  }
  return newHoldId()
}
