import type { Socket } from 'node:net'
import { type Actor, type Target, uuidv7 } from '../../../action/index.ts'
import type { Gate } from '../../../gate/index.ts'
import { bindingDigest } from '../binding.ts'
import { farewell } from '../farewell.ts'
import type { Grammar } from '../grammar/index.ts'
import { fatalMessage } from '../messages.ts'
import { startupSteps, startupText } from '../startup.ts'
import type { FirstMessage } from '../startup-negotiation.ts'
import { actionOf, SessionFacts } from '../statement-action.ts'
import { authentication, encodeAuthentication, readPassword } from '../wire/authentication.ts'
import { encodeStartup } from '../wire/encode.ts'
import type { StartupMessage } from '../wire/frontend-messages.ts'
import { Conversation } from './conversation.ts'
import { isPrivate } from './end-point.ts'
import type { ServiceAccount } from './service-account.ts'
import { SignInThrottle } from './sign-in-throttle.ts'

/** Somebody who proved who they are. */
export type Known = Omit<Actor, 'client'>

/** People sign in at the door as themselves, and the door signs in to the server with an account of its own. */
export interface DoorCredentials {
  readonly account: ServiceAccount
  /** Who it is that gives this name and this token; undefined: nobody by both. */
  readonly authenticate: (name: string, token: string) => Known | undefined
}

export interface DoorSignInOptions {
  readonly door: string
  readonly credentials: DoorCredentials
  readonly gate: Gate
  readonly grammar: () => Promise<Pick<Grammar, 'understand'>>
  readonly target: (database: string) => Target
  /** Milliseconds. */
  readonly timeout: number
  readonly now: () => number
}

type Startup = Extract<FirstMessage, { kind: 'startup' }>

/** Whom the door lets in, and with what it goes on to the server. */
export interface Admitted {
  readonly known: Known
  readonly startup: StartupMessage
  readonly raw: Buffer
  /** What the client has sent already; nothing: it had to wait. */
  readonly rest: Buffer
}

/** What stands on the record for whoever did not prove who they are: the name they gave is a claim. */
const nobody = { name: 'not signed in', kind: 'unknown' } as const

/** Asks clients who they are. Who cannot say it is refused the same way, whatever was wrong, and is on the record. */
export class DoorSignIn {
  readonly #options: DoorSignInOptions
  readonly #throttle: SignInThrottle

  constructor(options: DoorSignInOptions) {
    this.#options = options
    this.#throttle = new SignInThrottle(options.now)
  }

  /** Resolves undefined where the client was refused, or left. */
  async admit(client: Socket, first: Startup, certificate: string | undefined): Promise<Admitted | undefined> {
    const { credentials, timeout } = this.#options
    if (!isPrivate(client)) {
      farewell(
        client,
        fatalMessage(
          '28000',
          'this door takes tokens over encrypted connections only',
          'Connect with sslmode=verify-full, or at least sslmode=require.',
        ),
      )
      return undefined
    }
    if (first.rest.length > 0) client.unshift(first.rest)
    const conversation = new Conversation(client, timeout)
    const answer = await conversation.ask(encodeAuthentication(authentication.cleartextPassword))
    if (answer === undefined) return undefined
    const name = startupText(first.startup, 'user')
    const known = credentials.authenticate(name, passwordIn(answer))
    if (known === undefined) {
      await this.#refuse(client, first.startup, name, certificate)
      return undefined
    }
    return { known, ...asService(first.startup, credentials.account.user), rest: Buffer.alloc(0) }
  }

  async #refuse(client: Socket, startup: StartupMessage, name: string, certificate: string | undefined): Promise<void> {
    const answer = this.#throttle.failed(client.remoteAddress ?? '')
    const refusal = fatalMessage('28P01', `password authentication failed for user "${name}"`)
    if (answer.kind === 'now') {
      farewell(client, refusal)
      return
    }
    try {
      await this.#record(client, startup, certificate, answer.more)
      if (answer.after > 0) await closedOrAfter(client, answer.after)
      farewell(client, refusal)
    } finally {
      answer.answered()
    }
  }

  async #record(client: Socket, startup: StartupMessage, certificate: string | undefined, more: number): Promise<void> {
    const { door, gate, grammar, target, now } = this.#options
    const actor: Actor = {
      id: `${door}:?`,
      ...nobody,
      groups: [],
      client: {
        ip: client.remoteAddress ?? '',
        application: startupText(startup, 'application_name'),
        session: uuidv7(),
        ...(certificate === undefined ? {} : { certificate }),
      },
    }
    const database = startupText(startup, 'database') || startupText(startup, 'user')
    const [connect] = startupSteps(startup, await grammar())
    if (connect === undefined) return
    const action = actionOf(connect, new SessionFacts(door, actor, target(database)), undefined, now())
    const message = `The sign-in failed: no such person, or not their token.${
      more === 0 ? '' : ` ${more} more from this address were refused since the last entry.`
    }`
    gate.recordFailed(
      { actions: [action], digest: bindingDigest([connect], {}), unknown: 'hold', record: 'soon', wait: 0 },
      { code: '28P01', message },
    )
  }
}

/** The same startup in the name of the door's account. A client that names no database means one named like its user. */
function asService(startup: StartupMessage, account: string): Pick<Admitted, 'startup' | 'raw'> {
  const user = Buffer.from(account, 'utf8').toString('latin1')
  const parameters = new Map(startup.parameters).set('user', user)
  if ((parameters.get('database') ?? '') === '') parameters.set('database', user)
  const { major, minor } = startup
  return { startup: { major, minor, parameters }, raw: encodeStartup(parameters, (major << 16) | minor) }
}

/** A password that cannot be read is a wrong one. */
function passwordIn(answer: Buffer): string {
  try {
    return readPassword(answer)
  } catch (error) {
    if (error instanceof RangeError) return ''
    throw error
  }
}

function closedOrAfter(client: Socket, milliseconds: number): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer)
      client.off('close', done)
      resolve()
    }
    const timer = setTimeout(done, milliseconds)
    client.on('close', done)
    // What it sends meanwhile is thrown away; that it left is heard only while it is read.
    client.resume()
  })
}
