import { SallyportError } from '../errors/index.ts'
import { type Entry, type EntryBodies, follow, type Ledger } from '../ledger/index.ts'
import { authorize, type Caller } from './authorize.ts'
import { checkPerson, refuseWithoutAdmin } from './check-person.ts'
import type { Person } from './person.ts'
import { linkRefused, signInRefused } from './refusals.ts'
import { emptyRegister, foldRegister, type IssuedToken, type PasswordLink, type Register } from './register.ts'
import { linkDigest, newLinkSecret, newToken, type TokenInput, tokenDigest } from './token.ts'

export interface PeopleOptions {
  readonly ledger: Ledger
  readonly now?: () => number
}

/** What somebody proved who they are with. */
export interface SignInProof {
  readonly method: 'password' | 'passkey'
  /** Whether it still is theirs: asked at the moment the session is opened. */
  readonly stands: () => boolean
}

/** A person as holds see them. */
export interface PersonAsReviewer {
  readonly id: string
  readonly kind: Person['kind']
  readonly groups: readonly string[]
  readonly isReviewer: boolean
  /** Doors at which they review; left out: all. */
  readonly doors?: readonly string[]
}

const peopleKinds = [
  'person.put',
  'person.removed',
  'token.issued',
  'token.revoked',
  'password.linked',
  'password.set',
  'passkey.removed',
] as const

/** Who is who, as the ledger tells it. A change is an entry first and counts when the entry is durable. */
export class People {
  readonly #ledger: Ledger
  readonly #now: () => number
  #register: Register = emptyRegister
  #tokensByDigest: ReadonlyMap<string, IssuedToken> = new Map()
  #unsubscribe: () => void = () => undefined
  /** Changes are made one after the other, so that each is checked against what the one before made true. */
  #queue: Promise<unknown> = Promise.resolve()

  private constructor(options: PeopleOptions) {
    this.#ledger = options.ledger
    this.#now = options.now ?? Date.now
  }

  /** Folds the ledger, then follows it. */
  static async open(options: PeopleOptions): Promise<People> {
    const people = new People(options)
    people.#unsubscribe = await follow(options.ledger, peopleKinds, (entry) => people.#fold(entry))
    return people
  }

  close(): void {
    this.#unsubscribe()
  }

  get(id: string): Person | undefined {
    return this.#register.people.get(id)
  }

  /** By id. */
  list(): Person[] {
    return [...this.#register.people.values()].sort((a, b) => (a.id < b.id ? -1 : 1))
  }

  /** The tokens of a person that have not been revoked, oldest first. */
  tokensOf(person: string): IssuedToken[] {
    return [...this.#register.tokens.values()].filter((token) => token.person === person)
  }

  /** Who acts under an actor id at a door, e.g. `shop-db:alice`. */
  byActor(actor: string): Person | undefined {
    return this.#find((person) => person.actors.includes(actor))
  }

  /**
   * Whose token this is, while it stands.
   * @param by `cookie`: only a token that was given at a sign-in counts
   */
  authenticate(token: string, by: 'bearer' | 'cookie' = 'bearer'): Caller | undefined {
    const issued = this.tokenOf(token)
    if (issued === undefined || (by === 'cookie' && !issued.session)) return undefined
    const person = this.get(issued.person)
    if (person === undefined || issued.scope === null) return person
    return { ...person, scope: issued.scope }
  }

  /** What is known of a token, while it stands. */
  tokenOf(token: string): IssuedToken | undefined {
    const digest = tokenDigest(token)
    const issued = digest === undefined ? undefined : this.#tokensByDigest.get(digest)
    if (issued === undefined) return undefined
    // An expiry that is no date expires at once.
    if (issued.expiresAt !== null && !(this.#now() < Date.parse(issued.expiresAt))) return undefined
    return issued
  }

  /** The digest of the hash of a person's password; undefined: they have none. */
  passwordOf(person: string): string | undefined {
    return this.#register.passwords.get(person)
  }

  /** Digests of every hash that is some person's password. */
  passwordDigests(): ReadonlySet<string> {
    return new Set(this.#register.passwords.values())
  }

  /** The one-time link that a secret opens, while it stands. */
  linkOf(secret: string): PasswordLink | undefined {
    const digest = linkDigest(secret)
    if (digest === undefined) return undefined
    for (const link of this.#register.links.values()) {
      if (link.digest === digest && this.#now() < Date.parse(link.expiresAt)) return link
    }
    return undefined
  }

  /**
   * Whether a person is the one who asked, under whatever name, or is answerable for who asked (invariant 4). What the
   * request said about its owner and what the register says now both count.
   */
  isSamePerson(person: string, requester: { readonly id: string; readonly owner?: string | undefined }): boolean {
    const seen = new Set<string>()
    const names = [requester.id, ...(requester.owner === undefined ? [] : [requester.owner])]
    for (let name = names.pop(); name !== undefined; name = names.pop()) {
      if (seen.has(name)) continue
      seen.add(name)
      for (const behind of this.#register.people.values()) {
        if (behind.id !== name && !behind.actors.includes(name)) continue
        names.push(behind.id)
        if (behind.owner !== undefined) names.push(behind.owner)
      }
    }
    return seen.has(person)
  }

  /** What holds need to know of somebody who votes. */
  reviewerOf(id: string): PersonAsReviewer | undefined {
    const person = this.get(id)
    if (person === undefined) return undefined
    const { kind, groups, doors } = person
    return { id, kind, groups, isReviewer: authorize(person, 'vote').allowed, ...(doors ? { doors } : {}) }
  }

  /**
   * Adds a person, or replaces what is known of them.
   * @throws SallyportError `invalid_request`, `conflict`, `ledger_unavailable`
   */
  put(person: Person, by: string): Promise<void> {
    return this.#inTurn(() => {
      checkPerson(this.#register, person)
      return this.#ledger.append('person.put', { ...person, by }).durable
    })
  }

  /**
   * Removes a person; their tokens stop working.
   * @throws SallyportError `not_found`, `conflict`, `ledger_unavailable`
   */
  remove(id: string, by: string): Promise<void> {
    return this.#inTurn(() => {
      this.#require(id)
      refuseWithoutAdmin(this.#register.people, id, undefined)
      const owned = this.#find((person) => person.owner === id)
      if (owned !== undefined) {
        throw new SallyportError('conflict', `${id} is answerable for ${owned.id}.`, {
          hint: `give ${owned.id} another owner first`,
        })
      }
      return this.#ledger.append('person.removed', { id, by }).durable
    })
  }

  /**
   * Issues a bearer token. The token is in the answer and nowhere else.
   * @throws SallyportError `not_found`, `invalid_request`, `ledger_unavailable`
   */
  issueToken(person: string, { label, expiresAt, by, scope }: TokenInput): Promise<{ token: string; id: string }> {
    return this.#inTurn(() => {
      this.#require(person)
      if (expiresAt !== null && !(Date.parse(expiresAt) > this.#now())) {
        throw new SallyportError('invalid_request', `"${expiresAt}" is not a time to come.`, {
          hint: 'give expiresAt as RFC 3339, such as 2031-01-31T00:00:00Z, or null',
        })
      }
      return this.#issue({ person, label, expiresAt, by, ...(scope === undefined ? {} : { scope }) })
    })
  }

  /**
   * Opens a session of somebody who has just proved who they are. The token is in the answer and nowhere else.
   * @throws SallyportError `unauthenticated`, `ledger_unavailable`
   */
  openSession(
    person: string,
    { method, stands, address, expiresAt }: SignInProof & { readonly address: string; readonly expiresAt: string },
  ): Promise<{ token: string }> {
    return this.#inTurn(() => {
      if (!stands() || this.get(person) === undefined) throw signInRefused()
      const session = { method, address }
      return this.#issue({ person, label: `signed in with a ${method}`, expiresAt, by: person, session })
    })
  }

  /**
   * Makes a one-time link by which a person may set a password; their earlier link stops working. The secret is in
   * the answer and nowhere else.
   * @param lasts milliseconds
   * @throws SallyportError `not_found`, `conflict`, `ledger_unavailable`
   */
  linkPassword(
    person: string,
    { by, lasts }: { readonly by: string; readonly lasts: number },
  ): Promise<{ secret: string; expiresAt: string }> {
    return this.#inTurn(async () => {
      const { kind } = this.#require(person)
      if (kind !== 'human') {
        throw new SallyportError('conflict', `${person} is no human, so there is nobody to have a password.`, {
          hint: `issue a token: sallyport token issue ${person}`,
        })
      }
      const { id, secret, digest } = newLinkSecret()
      const expiresAt = new Date(this.#now() + lasts).toISOString()
      await this.#ledger.append('password.linked', { link: id, person, digest, expiresAt, by }).durable
      return { secret, expiresAt }
    })
  }

  /**
   * Puts a password in force by a one-time link, which is used up by it; ends the person's sessions.
   * @param digest of the hash of the password, which the caller keeps
   * @throws SallyportError `unauthenticated` where the link does not stand (any more), `ledger_unavailable`
   */
  setPassword(secret: string, digest: string): Promise<Person> {
    return this.#inTurn(async () => {
      const link = this.linkOf(secret)
      const person = link === undefined ? undefined : this.get(link.person)
      if (link === undefined || person === undefined) throw linkRefused()
      await this.#ledger.append('password.set', { person: person.id, digest, link: link.id }).durable
      return person
    })
  }

  /** @throws SallyportError `not_found`, `ledger_unavailable` */
  revokeToken(id: string, by: string): Promise<void> {
    return this.#inTurn(() => {
      if (!this.#register.tokens.has(id)) throw new SallyportError('not_found', `There is no token ${id}.`)
      return this.#ledger.append('token.revoked', { token: id, by }).durable
    })
  }

  async #issue(issued: Omit<EntryBodies['token.issued'], 'token' | 'digest'>): Promise<{ token: string; id: string }> {
    const { id, token, digest } = newToken()
    await this.#ledger.append('token.issued', { token: id, digest, ...issued }).durable
    return { token, id }
  }

  #inTurn<T>(change: () => Promise<T>): Promise<T> {
    const result = this.#queue.then(change)
    this.#queue = result.catch(() => undefined)
    return result
  }

  #require(id: string): Person {
    const person = this.get(id)
    if (person === undefined) throw new SallyportError('not_found', `There is no person ${id}.`)
    return person
  }

  #find(wanted: (person: Person) => boolean): Person | undefined {
    for (const person of this.#register.people.values()) if (wanted(person)) return person
    return undefined
  }

  #fold(entry: Entry): void {
    const before = this.#register
    this.#register = foldRegister(before, entry)
    if (this.#register.tokens !== before.tokens) {
      this.#tokensByDigest = new Map([...this.#register.tokens.values()].map((token) => [token.digest, token]))
    }
  }
}
