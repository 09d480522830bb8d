import { SallyportError } from '../errors/index.ts'
import { type Entry, follow, type Ledger } from '../ledger/index.ts'
import { authorize } from './authorize.ts'
import { checkPerson, refuseWithoutAdmin } from './check-person.ts'
import type { Person } from './person.ts'
import { emptyRegister, foldRegister, type IssuedToken, type Register } from './register.ts'
import { newToken, tokenDigest } from './token.ts'

export interface PeopleOptions {
  readonly ledger: Ledger
  readonly now?: () => number
}

/** A person as holds see them. */
export interface PersonAsReviewer {
  readonly id: string
  readonly kind: Person['kind']
  readonly groups: readonly string[]
  readonly isReviewer: boolean
}

const peopleKinds = ['person.put', 'person.removed', 'token.issued', 'token.revoked'] as const

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

  /** Whose token this is, while it stands. */
  authenticate(token: string): Person | undefined {
    const digest = tokenDigest(token)
    const issued = digest === undefined ? undefined : this.#tokensByDigest.get(digest)
    if (issued === undefined) return undefined
    // An expiry that is no date expires at once.
    if (issued.expiresAt !== null && !(this.#now() < Date.parse(issued.expiresAt))) return undefined
    return this.get(issued.person)
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
    const { kind, groups } = person
    return { id, kind, groups, isReviewer: authorize(person, 'vote').allowed }
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
  issueToken(
    person: string,
    { label, expiresAt, by }: { readonly label: string; readonly expiresAt: string | null; readonly by: string },
  ): Promise<{ token: string; id: string }> {
    return this.#inTurn(async () => {
      this.#require(person)
      if (expiresAt !== null && !(Date.parse(expiresAt) > this.#now())) {
        throw new SallyportError('invalid_request', `"${expiresAt}" is not a time to come.`, {
          hint: 'give expiresAt as RFC 3339, such as 2031-01-31T00:00:00Z, or null',
        })
      }
      const { id, token, digest } = newToken()
      await this.#ledger.append('token.issued', { token: id, person, digest, label, expiresAt, by }).durable
      return { token, id }
    })
  }

  /** @throws SallyportError `not_found`, `ledger_unavailable` */
  revokeToken(id: string, by: string): Promise<void> {
    return this.#inTurn(() => {
      if (!this.#register.tokens.has(id)) throw new SallyportError('not_found', `There is no token ${id}.`)
      return this.#ledger.append('token.revoked', { token: id, by }).durable
    })
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
