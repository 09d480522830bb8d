/** What the API answers about people, as the console reads it (see types.ts). */

export type PersonKind = 'human' | 'service' | 'agent'
export type Role = 'viewer' | 'reviewer' | 'rule-author' | 'auditor' | 'admin'
export type Scope = 'read' | 'review' | 'admin' | 'door'
export type Command =
  | 'read'
  | 'answer'
  | 'vote'
  | 'locks.manage'
  | 'people.manage'
  | 'index.rebuild'
  | 'sessions.end'
  | 'rules.manage'
  | 'notify.test'
  | 'passkeys.own'

export interface TokenView {
  readonly id: string
  readonly label: string
  readonly issuedAt: string
  readonly expiresAt: string | null
  readonly scope: Scope | null
  /** It was given at a sign-in. */
  readonly session: boolean
}

export interface PersonInput {
  readonly id: string
  readonly name: string
  readonly kind: PersonKind
  readonly groups: readonly string[]
  readonly roles: readonly Role[]
  readonly actors: readonly string[]
  readonly owner?: string
  /** Doors at which they review; left out: all. */
  readonly doors?: readonly string[]
}

/** Somebody is away, and another one stands in for them on holds. */
export interface Absence {
  readonly person: string
  readonly from: string
  readonly until: string
  readonly deputy: string
}

export interface Passkey {
  readonly id: string
  readonly label: string
  readonly addedAt: string
}

export interface OwnPasskeys {
  readonly passkeys: readonly Passkey[]
  /** Under which addresses of the console they work; null: under none that it has. */
  readonly site: { readonly id: string; readonly origins: readonly string[] } | null
}

export interface PersonView extends PersonInput {
  /** Not ended, also one to come. */
  readonly absence: Absence | null
  /** They have set one. */
  readonly password: boolean
  readonly passkeys: readonly Passkey[]
  readonly tokens: readonly TokenView[]
}

/** Both are shown this once. */
export interface PasswordLink {
  readonly link: string
  readonly expiresAt: string
}

export interface IssuedToken {
  readonly id: string
  readonly token: string
}

export interface SignedIn {
  readonly person: string
  readonly expiresAt: string
  readonly token: string | null
}
