import { sha256Hex } from '../../src/action/index.ts'
import type { Ledger } from '../../src/ledger/index.ts'
import { argon2idHasher, type Passkeys, type People, SignIn, SignInThrottle } from '../../src/people/index.ts'

/** Hashes that cost next to nothing. */
export const cheapHasher = argon2idHasher({ memoryCost: 1_024, timeCost: 1 })

/** Signing in without a disk. */
export function testSignIn(people: People, ledger: Ledger, passkeys: Passkeys): SignIn {
  const kept = new Map<string, string>()
  return new SignIn({
    people,
    ledger,
    hasher: cheapHasher,
    passwords: {
      get: (digest) => kept.get(digest),
      keep: async (hash) => {
        kept.set(sha256Hex(hash), hash)
        return sha256Hex(hash)
      },
    },
    throttle: new SignInThrottle(),
    passkeys,
  })
}
