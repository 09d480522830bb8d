import { randomBytes } from 'node:crypto'
import { hash, verify } from '@node-rs/argon2'
import { SallyportError } from '../errors/index.ts'

export interface PasswordHasher {
  /** A hash that no password has, as costly to compare with as any other. */
  readonly nobody: string
  /** A salted hash that carries its own parameters (PHC string). */
  hash(password: string): Promise<string>
  /** @param expected somebody who has shown already that they belong here: served while others are sent away */
  verify(hash: string, password: string, expected?: boolean): Promise<boolean>
}

/** RFC 9106, 4: the second recommended option, with one lane in place of four, as all of it runs on one thread. */
const cost = { memoryCost: 65_536, timeCost: 3, parallelism: 1 }
/** Whoever comes when so many wait already is sent away: each costs 64 MiB and some 100 ms. */
const waitingAtMost = { expected: 40, others: 20 } as const

/**
 * argon2id, one at a time: it runs on the thread pool that also syncs the ledger, and a crowd at the sign-in must not
 * keep the doors from their record.
 * @throws SallyportError `too_many_attempts` where too many wait
 */
export function argon2idHasher(options: Partial<typeof cost> = {}): PasswordHasher {
  const chosen = { ...cost, ...options }
  let last: Promise<unknown> = Promise.resolve()
  let waiting = 0
  const inTurn = <T>(expected: boolean, work: () => Promise<T>): Promise<T> => {
    if (waiting >= (expected ? waitingAtMost.expected : waitingAtMost.others)) {
      const busy = new SallyportError('too_many_attempts', 'Too many people sign in at the same moment.', {
        hint: 'try again in a few seconds',
      })
      return Promise.reject(busy)
    }
    waiting += 1
    const result = last.then(work).finally(() => {
      waiting -= 1
    })
    last = result.catch(() => undefined)
    return result
  }
  return {
    nobody: hashOfNothing(chosen),
    // argon2id is what the library makes unless told otherwise.
    hash: (password) => inTurn(true, () => hash(password.normalize('NFKC'), chosen)),
    verify: (known, password, expected = false) => inTurn(expected, () => verify(known, password.normalize('NFKC'))),
  }
}

/** Made of random bytes in place of a computed hash, in the form of one (PHC string format, unpadded base64). */
function hashOfNothing({ memoryCost, timeCost, parallelism }: typeof cost): string {
  const [salt, tag] = [16, 32].map((size) => randomBytes(size).toString('base64').replaceAll('=', ''))
  return `$argon2id$v=19$m=${memoryCost},t=${timeCost},p=${parallelism}$${salt}$${tag}`
}
