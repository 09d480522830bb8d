import type { Entry } from '../../ledger/index.ts'
import type { Passkey } from './tap.ts'

export interface PasskeyRegister {
  /** By id. */
  readonly passkeys: ReadonlyMap<string, Passkey>
  readonly people: ReadonlySet<string>
}

export const emptyPasskeyRegister: PasskeyRegister = { passkeys: new Map(), people: new Set() }

export const passkeyKinds = [
  'person.put',
  'person.removed',
  'password.set',
  'passkey.added',
  'passkey.removed',
] as const

/** The register after one more entry. */
export function foldPasskeys(register: PasskeyRegister, entry: Entry): PasskeyRegister {
  const { passkeys, people } = register
  switch (entry.kind) {
    case 'person.put':
      return people.has(entry.body.id) ? register : { passkeys, people: new Set(people).add(entry.body.id) }
    case 'person.removed': {
      const { id } = entry.body
      return {
        passkeys: without(passkeys, ({ person }) => person === id),
        people: new Set([...people].filter((one) => one !== id)),
      }
    }
    case 'password.set':
      // The link is the way back in for whoever has lost everything, so nothing of before stays.
      return { people, passkeys: without(passkeys, ({ person }) => person === entry.body.person) }
    case 'passkey.added': {
      const { passkey: id, person, label, publicKey, transports } = entry.body
      if (passkeys.has(id) || !people.has(person)) return register
      const added = { id, person, label, publicKey, transports, addedAt: entry.at }
      return { people, passkeys: new Map(passkeys).set(id, added) }
    }
    case 'passkey.removed':
      return { people, passkeys: without(passkeys, ({ id }) => id === entry.body.passkey) }
    default:
      return register
  }
}

function without(passkeys: ReadonlyMap<string, Passkey>, goes: (passkey: Passkey) => boolean) {
  return new Map([...passkeys].filter(([, passkey]) => !goes(passkey)))
}
