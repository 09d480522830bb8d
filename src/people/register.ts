import type { Entry } from '../ledger/index.ts'
import { type Person, type Role, roles } from './person.ts'

/** A bearer token as the ledger knows it: everything but the token. */
export interface IssuedToken {
  readonly id: string
  readonly person: string
  /** SHA-256 of the token, hex. The token itself is shown once and kept nowhere. */
  readonly digest: string
  readonly label: string
  readonly issuedAt: string
  /** RFC 3339; null: until it is revoked. */
  readonly expiresAt: string | null
}

/** Everybody known and every token that stands. */
export interface Register {
  readonly people: ReadonlyMap<string, Person>
  /** Tokens by id. */
  readonly tokens: ReadonlyMap<string, IssuedToken>
}

export const emptyRegister: Register = { people: new Map(), tokens: new Map() }

/** The register after one more entry. Entries about other things give back the same register. */
export function foldRegister(register: Register, entry: Entry): Register {
  switch (entry.kind) {
    case 'person.put': {
      const { by: _, roles: given, ...rest } = entry.body
      // A role that this version does not know gives no rights.
      const person: Person = { ...rest, roles: given.filter(isRole) }
      return { ...register, people: new Map(register.people).set(person.id, person) }
    }
    case 'person.removed': {
      const { id } = entry.body
      // The tokens go too: a person who is put again under the same id starts without any.
      return {
        people: without(register.people, (person) => person.id === id),
        tokens: without(register.tokens, (token) => token.person === id),
      }
    }
    case 'token.issued': {
      const { token: id, person, digest, label, expiresAt } = entry.body
      if (!register.people.has(person)) return register
      const issued: IssuedToken = { id, person, digest, label, issuedAt: entry.at, expiresAt }
      return { ...register, tokens: new Map(register.tokens).set(id, issued) }
    }
    case 'token.revoked':
      return { ...register, tokens: without(register.tokens, (token) => token.id === entry.body.token) }
    default:
      return register
  }
}

export function isRole(name: string): name is Role {
  return roles.some((role) => role === name)
}

function without<T>(map: ReadonlyMap<string, T>, goes: (value: T) => boolean): ReadonlyMap<string, T> {
  return new Map([...map].filter(([, value]) => !goes(value)))
}
