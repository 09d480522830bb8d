import type { AuthenticationResponseJSON } from '@simplewebauthn/server'
import { sha256Hex } from '../action/index.ts'
import { SallyportError } from '../errors/index.ts'
import type { Ledger } from '../ledger/index.ts'
import { checkPassword } from './check-password.ts'
import { deviceId, newDevice } from './device.ts'
import type { Passkeys } from './passkeys/index.ts'
import type { PasswordFile } from './password-file.ts'
import type { PasswordHasher } from './password-hasher.ts'
import type { People, SignInProof } from './people.ts'
import type { Person } from './person.ts'
import { linkRefused, signInRefused } from './refusals.ts'
import { SignInFailures } from './sign-in-failures.ts'
import type { Attempt, SignInThrottle } from './sign-in-throttle.ts'

/** Milliseconds that a sign-in lasts: a working day. */
const sessionLasts = 12 * 3_600_000
/** Milliseconds that a link to set a password can be used. */
const linkLasts = 24 * 3_600_000

/** A session that was opened. What is secret here is nowhere else. */
export interface SignedIn {
  readonly person: Person
  readonly token: string
  /** RFC 3339. */
  readonly expiresAt: string
  /** For the browser to keep and to give at the next sign-in; left out: it keeps what it has. */
  readonly device?: string
}

/** Where a sign-in comes from. */
export interface From {
  readonly address: string
  /** What the browser was given at an earlier sign-in. */
  readonly device?: string | undefined
}

export interface SignInOptions {
  readonly people: People
  readonly ledger: Ledger
  readonly hasher: PasswordHasher
  readonly passwords: PasswordFile
  readonly throttle: SignInThrottle
  readonly passkeys: Pick<Passkeys, 'get' | 'signedIn'>
  readonly now?: () => number
}

/** Signing in with a password or a passkey, and how one comes to have a password. */
export class SignIn {
  readonly #options: SignInOptions
  readonly #now: () => number
  readonly #failures: SignInFailures
  #setting: Promise<unknown> = Promise.resolve()

  constructor(options: SignInOptions) {
    this.#options = options
    this.#now = options.now ?? Date.now
    this.#failures = new SignInFailures(options.ledger, this.#now)
  }

  /** Writes the failures that were only counted. */
  close(): void {
    this.#failures.close()
  }

  /** @throws SallyportError `unauthenticated`, `too_many_attempts`, `ledger_unavailable` */
  async withPassword(id: string, password: string, from: From): Promise<SignedIn> {
    const { people, throttle, hasher, passwords } = this.#options
    const person = people.get(id)
    const digest = person?.kind === 'human' ? people.passwordOf(person.id) : undefined
    const hash = digest === undefined ? undefined : passwords.get(digest)
    const device = hash === undefined ? undefined : deviceId(from.device ?? '', id, hash)
    const attempt = { account: id, address: from.address, device }
    await this.#admit(attempt, person)
    const right = await hasher.verify(hash ?? hasher.nobody, password, device !== undefined)
    if (!right || person === undefined || hash === undefined) {
      await this.#failures.add({ person: person?.id ?? null, address: from.address, reason: 'wrong' })
      throw signInRefused()
    }
    throttle.succeeded(attempt)
    return this.#openByPassword(person, hash, from, device !== undefined)
  }

  /**
   * With a passkey alone, which cannot be guessed: whoever has one never waits.
   * @throws SallyportError `forbidden`, `unsupported`, `unauthenticated`, `too_many_attempts`, `ledger_unavailable`
   */
  async withPasskey(answer: AuthenticationResponseJSON, { address }: From): Promise<SignedIn> {
    const { people, passkeys } = this.#options
    const passkey = await passkeys.signedIn(answer).catch(async (error: unknown) => {
      const person = people.get(passkeys.get(answer.id)?.person ?? '')
      await this.#admit({ address }, person)
      await this.#failures.add({ person: person?.id ?? null, address, reason: 'passkey' })
      throw error
    })
    const person = people.get(passkey.person)
    if (person === undefined) throw signInRefused()
    const stands = () => passkeys.get(passkey.id) === passkey
    return this.#open(person, { method: 'passkey', stands }, address)
  }

  /**
   * Sets a password by a one-time link, and signs in with it. Whoever has a link that stands never waits: it cannot be
   * guessed.
   * @throws SallyportError `unauthenticated`, `invalid_request`, `too_many_attempts`, `ledger_unavailable`
   */
  async withLink(secret: string, password: string, { address }: From): Promise<SignedIn> {
    const { people, hasher, passwords } = this.#options
    const link = people.linkOf(secret)
    if (link === undefined) {
      await this.#admit({ address }, undefined)
      await this.#failures.add({ person: null, address, reason: 'link' })
      throw linkRefused()
    }
    checkPassword(password, link.person)
    const hash = await hasher.hash(password)
    // One at a time: what one is about to put on the ledger must not look unneeded to another.
    const set = this.#setting.then(async () =>
      people.setPassword(secret, await passwords.keep(hash, people.passwordDigests())),
    )
    this.#setting = set.catch(() => undefined)
    const person = await set
    return this.#openByPassword(person, hash, { address })
  }

  /** Makes a one-time link for a person to set a password. @throws SallyportError `not_found`, `conflict` */
  link(person: string, by: string): Promise<{ secret: string; expiresAt: string }> {
    return this.#options.people.linkPassword(person, { by, lasts: linkLasts })
  }

  /** Ends the session of a token; a token that was issued for something else is left as it is. */
  async out(token: string): Promise<void> {
    const { people } = this.#options
    const issued = people.tokenOf(token)
    if (issued?.session === true) await people.revokeToken(issued.id, issued.person)
  }

  async #admit(attempt: Attempt, person: Person | undefined): Promise<void> {
    const wait = this.#options.throttle.attempt(attempt)
    if (wait === 0) return
    await this.#failures.add({ person: person?.id ?? null, address: attempt.address, reason: 'throttled' })
    throw new SallyportError('too_many_attempts', 'Too many attempts to sign in failed.', {
      hint: `wait ${Math.ceil(wait / 1_000)} s and try again, or ask an admin for a link to set a new password`,
    })
  }

  async #openByPassword(person: Person, hash: string, { address, device }: From, isKnown = false): Promise<SignedIn> {
    const digest = sha256Hex(hash)
    const stands = () => this.#options.people.passwordOf(person.id) === digest
    const opened = await this.#open(person, { method: 'password', stands }, address)
    return { ...opened, device: isKnown && device !== undefined ? device : newDevice(person.id, hash) }
  }

  async #open(person: Person, proof: SignInProof, address: string): Promise<SignedIn> {
    const expiresAt = new Date(this.#now() + sessionLasts).toISOString()
    const { token } = await this.#options.people.openSession(person.id, { ...proof, address, expiresAt })
    return { person, token, expiresAt }
  }
}
