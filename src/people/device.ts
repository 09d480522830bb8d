import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto'

/**
 * What a browser keeps after a sign-in, to be known again at the next one: it proves that somebody has signed in there
 * as this person with the password of now, and nothing else. The key is the password's hash, so no other secret has to
 * be kept, and a new password makes the browsers of before strangers.
 */
export function newDevice(person: string, hash: string): string {
  const id = randomBytes(16).toString('base64url')
  return `${id}.${proofOf(id, person, hash)}`
}

/** The id of the device; undefined: it is not one of this person's. */
export function deviceId(device: string, person: string, hash: string): string | undefined {
  const [, id, proof] = /^([\w-]{22})\.([\w-]{43})$/.exec(device) ?? []
  if (id === undefined || proof === undefined) return undefined
  return timingSafeEqual(Buffer.from(proof), Buffer.from(proofOf(id, person, hash))) ? id : undefined
}

function proofOf(id: string, person: string, hash: string): string {
  return createHmac('sha256', hash).update(`sallyport device ${id} ${person}`).digest('base64url')
}
