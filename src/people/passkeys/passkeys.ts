import { createHash } from 'node:crypto'
import {
  type AuthenticationResponseJSON,
  generateAuthenticationOptions,
  generateRegistrationOptions,
  type PublicKeyCredentialCreationOptionsJSON,
  type PublicKeyCredentialRequestOptionsJSON,
  type RegistrationResponseJSON,
  verifyAuthenticationResponse,
  verifyRegistrationResponse,
} from '@simplewebauthn/server'
import { errorMessage, SallyportError } from '../../errors/index.ts'
import { follow, type Ledger, type SignedTap } from '../../ledger/index.ts'
import type { Person } from '../person.ts'
import { AskedTaps } from './asked-taps.ts'
import { emptyPasskeyRegister, foldPasskeys, type PasskeyRegister, passkeyKinds } from './register.ts'
import { challengeLasts, SignInChallenges } from './sign-in-challenges.ts'
import type { PasskeySite } from './site.ts'
import { challengeOf, checkTap, type Passkey, type Statement } from './tap.ts'

/** Passkeys of one person. */
const ownAtMost = 20

export interface PasskeyOptions {
  readonly ledger: Ledger
  /** undefined: browsers have no passkeys for the address of the console. */
  readonly site: PasskeySite | undefined
  readonly now?: () => number
}

/** An answer of a browser to a request for a tap. */
export type TapAnswer = Pick<AuthenticationResponseJSON, 'id' | 'response'>

/** Whose passkeys there are, as the ledger tells it; how one is added, and what is proved by them. */
export class Passkeys {
  readonly #ledger: Ledger
  readonly #site: PasskeySite | undefined
  readonly #signIns: SignInChallenges
  readonly #taps: AskedTaps
  /** The last counter seen of each: one that goes back is a copy. */
  readonly #counters = new Map<string, number>()
  #register: PasskeyRegister = emptyPasskeyRegister
  #unsubscribe: () => void = () => undefined

  private constructor({ ledger, site, now = Date.now }: PasskeyOptions) {
    this.#ledger = ledger
    this.#site = site
    this.#signIns = new SignInChallenges(now)
    this.#taps = new AskedTaps(now)
  }

  /** Folds the ledger, then follows it. */
  static async open(options: PasskeyOptions): Promise<Passkeys> {
    const passkeys = new Passkeys(options)
    passkeys.#unsubscribe = await follow(options.ledger, passkeyKinds, (entry) => {
      passkeys.#register = foldPasskeys(passkeys.#register, entry)
    })
    return passkeys
  }

  close(): void {
    this.#unsubscribe()
  }

  /** undefined: browsers have none for the address of the console. */
  get site(): PasskeySite | undefined {
    return this.#site
  }

  /** Oldest first. */
  of(person: string): Passkey[] {
    return [...this.#register.passkeys.values()].filter((passkey) => passkey.person === person)
  }

  get(id: string): Passkey | undefined {
    return this.#register.passkeys.get(id)
  }

  /** What a browser needs to make one. @throws SallyportError `unsupported`, `conflict` */
  async offer(person: Pick<Person, 'id' | 'name'>): Promise<PublicKeyCredentialCreationOptionsJSON> {
    const { id } = this.#demandSite()
    const own = this.of(person.id)
    if (own.length >= ownAtMost) {
      throw new SallyportError('conflict', `You have ${ownAtMost} passkeys.`, { hint: 'remove one first' })
    }
    return generateRegistrationOptions({
      rpName: 'Sallyport',
      rpID: id,
      userID: userHandle(person.id),
      userName: person.id,
      userDisplayName: person.name,
      challenge: Uint8Array.from(Buffer.from(this.#signIns.issue(), 'base64url')),
      timeout: challengeLasts,
      attestationType: 'none',
      excludeCredentials: own.map(descriptorOf),
      authenticatorSelection: { residentKey: 'preferred', userVerification: 'preferred' },
    })
  }

  /**
   * Adds what a browser has made by an offer.
   * @param tap of one that its owner has already: whoever took over a session cannot add one of their own
   * @throws SallyportError `forbidden`, `conflict`, `unsupported`, `ledger_unavailable`
   */
  async add(
    person: string,
    label: string,
    created: RegistrationResponseJSON,
    tap: TapAnswer | undefined,
  ): Promise<Passkey> {
    const site = this.#demandSite()
    const allowed = this.of(person).length === 0 ? undefined : await this.tapped(addition(person), tap)
    const { registrationInfo } = await refusedUnless(
      verifyRegistrationResponse({
        response: created,
        expectedChallenge: (challenge) => this.#signIns.use(challenge),
        expectedOrigin: [...site.origins],
        expectedRPID: site.id,
        requireUserVerification: false,
      }),
    )
    if (registrationInfo === undefined) throw refused('it does not prove itself')
    const { id, publicKey, counter } = registrationInfo.credential
    if (this.get(id) !== undefined) throw new SallyportError('conflict', 'This passkey is known already.')
    await this.#ledger.append('passkey.added', {
      passkey: id,
      person,
      label,
      publicKey: Buffer.from(publicKey).toString('base64url'),
      transports: transportsOf(created),
      site: site.id,
      backedUp: registrationInfo.credentialBackedUp,
      ...(allowed === undefined ? {} : { tap: allowed }),
    }).durable
    this.#counters.set(id, counter)
    const added = this.get(id)
    if (added === undefined) throw new SallyportError('conflict', `${person} was removed at the same moment.`)
    return added
  }

  /**
   * Takes one away; where somebody else does, its owner's sessions end.
   * @param tap of one of the owner's, where the owner does it themselves
   * @throws SallyportError `forbidden`, `not_found`, `ledger_unavailable`
   */
  async remove(id: string, by: string, tap: TapAnswer | undefined): Promise<void> {
    const passkey = this.get(id)
    if (passkey === undefined) throw new SallyportError('not_found', 'There is no such passkey.')
    const allowed = passkey.person === by ? await this.tapped(removal(by, id), tap) : undefined
    await this.#ledger.append('passkey.removed', {
      passkey: id,
      person: passkey.person,
      by,
      ...(allowed === undefined ? {} : { tap: allowed }),
    }).durable
    this.#counters.delete(id)
  }

  /** What a browser needs for a tap by which somebody says yes to a statement. @throws SallyportError `conflict`, … */
  async ask(statement: Statement): Promise<PublicKeyCredentialRequestOptionsJSON> {
    const { id } = this.#demandSite()
    const own = this.of(statement.by)
    if (own.length === 0) throw noPasskey()
    return generateAuthenticationOptions({
      rpID: id,
      challenge: Uint8Array.from(Buffer.from(challengeOf(statement, this.#taps.ask(statement)), 'base64url')),
      timeout: challengeLasts,
      userVerification: 'preferred',
      allowCredentials: own.map(descriptorOf),
    })
  }

  /**
   * Checks the tap that was asked for, once.
   * @throws SallyportError `forbidden`
   */
  async tapped(statement: Statement, answer: TapAnswer | undefined): Promise<SignedTap> {
    const site = this.#demandSite()
    if (answer === undefined) throw tapMissing()
    const random = this.#taps.take(statement)
    if (random === undefined) throw refused('it took too long, or was asked for something else')
    const passkey = this.get(answer.id)
    if (passkey?.person !== statement.by) throw refused('it is none of yours')
    const { authenticatorData, clientDataJSON: clientData, signature } = answer.response
    const tap = { passkey: passkey.id, random, authenticatorData, clientData, signature }
    const known = { ...passkey, counter: this.#counters.get(passkey.id) ?? 0 }
    const { counter } = await refusedUnless(checkTap(tap, statement, known, site))
    this.#counters.set(passkey.id, counter)
    return tap
  }

  /** What a browser needs so that somebody signs in with a passkey alone. @throws SallyportError `unsupported` */
  async offerSignIn(): Promise<PublicKeyCredentialRequestOptionsJSON> {
    const { id } = this.#demandSite()
    const challenge = Uint8Array.from(Buffer.from(this.#signIns.issue(), 'base64url'))
    return generateAuthenticationOptions({ rpID: id, challenge, timeout: challengeLasts, userVerification: 'required' })
  }

  /** Whose passkey answers the offer; the device has made sure who holds it. @throws SallyportError `forbidden` */
  async signedIn(answer: AuthenticationResponseJSON): Promise<Passkey> {
    const site = this.#demandSite()
    const passkey = this.get(answer.id)
    if (passkey === undefined) throw refused('it is not known here')
    const handle = answer.response.userHandle
    if (handle !== undefined && handle !== Buffer.from(userHandle(passkey.person)).toString('base64url')) {
      throw refused('it is somebody else’s')
    }
    const { authenticationInfo } = await refusedUnless(
      verifyAuthenticationResponse({
        response: answer,
        expectedChallenge: (challenge) => this.#signIns.use(challenge),
        expectedOrigin: [...site.origins],
        expectedRPID: site.id,
        requireUserVerification: true,
        credential: {
          id: passkey.id,
          publicKey: Uint8Array.from(Buffer.from(passkey.publicKey, 'base64url')),
          counter: this.#counters.get(passkey.id) ?? 0,
        },
      }).then((result) => (result.verified ? result : Promise.reject(new Error('the signature is not right')))),
    )
    this.#counters.set(passkey.id, authenticationInfo.newCounter)
    return passkey
  }

  #demandSite(): PasskeySite {
    if (this.#site !== undefined) return this.#site
    throw new SallyportError('unsupported', 'Browsers have no passkeys for the address of this console.', {
      hint: 'set publicUrl to an https address with a name',
    })
  }
}

/** What is said yes to where a further passkey is added. Which one it will be is not known before it is made. */
export function addition(person: string): Statement {
  return { what: 'passkey.add', by: person, passkey: 'new' }
}

export function removal(person: string, passkey: string): Statement {
  return { what: 'passkey.remove', by: person, passkey }
}

function descriptorOf({ id, transports }: Passkey) {
  return { id, transports: [...transports] }
}

/** Says nothing of the person, as authenticators hand it out (WebAuthn level 3, 14.6.1). */
function userHandle(person: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(createHash('sha256').update(`sallyport person ${person}`).digest())
}

function transportsOf({ response: { transports = [] } }: RegistrationResponseJSON): string[] {
  return transports.filter((one) => /^[a-z-]{1,20}$/.test(one)).slice(0, 10)
}

function refused(why: string): SallyportError {
  return new SallyportError('forbidden', `The passkey is not accepted: ${why}.`, { hint: 'try again' })
}

async function refusedUnless<T>(check: Promise<T>): Promise<T> {
  try {
    return await check
  } catch (error) {
    throw refused(errorMessage(error).replace(/\.$/, ''))
  }
}

function tapMissing(): SallyportError {
  return new SallyportError('forbidden', 'This asks for a tap of your passkey.', { hint: 'do it in the console' })
}

function noPasskey(): SallyportError {
  return new SallyportError('conflict', 'You have no passkey.', { hint: 'add one on the page Settings of the console' })
}
