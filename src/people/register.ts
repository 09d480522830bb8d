import type { Entry } from '../ledger/index.ts'
import { isScope, type Scope } from './authorize.ts'
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
  readonly scope: Scope | null
  /** It was given at a sign-in: a browser may send it as a cookie. */
  readonly session: boolean
}

/** A one-time link by which a person may set a password, as the ledger knows it. */
export interface PasswordLink {
  readonly id: string
  readonly person: string
  readonly digest: string
  readonly expiresAt: string
}

/** Everybody known and every token that stands. */
export interface Register {
  readonly people: ReadonlyMap<string, Person>
  /** Tokens by id. */
  readonly tokens: ReadonlyMap<string, IssuedToken>
  /** By person: one stands at most. */
  readonly links: ReadonlyMap<string, PasswordLink>
  /** By person: the digest of their password's hash. */
  readonly passwords: ReadonlyMap<string, string>
}

/** Sessions of one person at the same time. */
const sessionsAtMost = 20

export const emptyRegister: Register = {
  people: new Map(),
  tokens: new Map(),
  links: new Map(),
  passwords: new Map(),
}

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
        links: without(register.links, (link) => link.person === id),
        passwords: new Map([...register.passwords].filter(([person]) => person !== id)),
      }
    }
    case 'token.issued': {
      const { token: id, person, digest, label, expiresAt, scope: given, session } = entry.body
      if (!register.people.has(person)) return register
      const scope = given === undefined ? null : isScope(given) ? given : undefined
      // A scope that this version does not know is no right at all.
      if (scope === undefined) return register
      const issued = { id, person, digest, label, issuedAt: entry.at, expiresAt, scope, session: session !== undefined }
      const kept = session === undefined ? register.tokens : withoutOldSessions(register.tokens, person, entry.at)
      return { ...register, tokens: new Map(kept).set(id, issued) }
    }
    case 'password.linked': {
      const { link: id, person, digest, expiresAt } = entry.body
      if (!register.people.has(person)) return register
      return { ...register, links: new Map(register.links).set(person, { id, person, digest, expiresAt }) }
    }
    case 'password.set': {
      const { person, digest } = entry.body
      if (!register.people.has(person)) return register
      return {
        ...register,
        // Used once; and whoever is signed in with the password of before is not any more.
        links: without(register.links, (link) => link.person === person),
        tokens: without(register.tokens, (token) => token.session && token.person === person),
        passwords: new Map(register.passwords).set(person, digest),
      }
    }
    case 'passkey.removed': {
      const { person, by } = entry.body
      // Somebody else took it away: it may be in wrong hands, and sessions with it.
      if (person === by) return register
      return { ...register, tokens: without(register.tokens, (token) => token.session && token.person === person) }
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

/** Every sign-in makes a session: those that have run out go, and of a person who has very many the oldest. */
function withoutOldSessions(tokens: Register['tokens'], person: string, at: string): Register['tokens'] {
  const stand = without(tokens, (token) => token.session && !(at < (token.expiresAt ?? '')))
  const own = [...stand.values()].filter((token) => token.session && token.person === person)
  const surplus = new Set(own.slice(0, Math.max(0, own.length - sessionsAtMost + 1)).map(({ id }) => id))
  return surplus.size === 0 ? stand : without(stand, ({ id }) => surplus.has(id))
}

function without<T>(map: ReadonlyMap<string, T>, goes: (value: T) => boolean): ReadonlyMap<string, T> {
  return new Map([...map].filter(([, value]) => !goes(value)))
}
