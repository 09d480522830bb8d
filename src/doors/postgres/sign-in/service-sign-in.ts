import { createHash, randomBytes } from 'node:crypto'
import type { Socket } from 'node:net'
import { TLSSocket } from 'node:tls'
import { errorMessage } from '../../../errors/index.ts'
import { fatalMessage } from '../messages.ts'
import {
  authentication,
  encodePassword,
  encodeSaslInitial,
  encodeSaslResponse,
  readAuthentication,
  readMechanisms,
} from '../wire/authentication.ts'
import { readErrorFields } from '../wire/backend-messages.ts'
import { backend } from '../wire/message-types.ts'
import { endPointOf, isPrivate } from './end-point.ts'
import { ScramClient } from './scram-client.ts'
import type { ServiceAccount } from './service-account.ts'

export interface ServiceSignInOptions {
  readonly door: string
  readonly server: Socket
  /** What the server showed (DER), where the connection is encrypted. Node hands it out once for each connection. */
  readonly certificate?: Buffer | undefined
  readonly account: ServiceAccount
  /** For operators. Holds no secret. */
  readonly onFailed: (reason: string) => void
  /** Ends the session with an error of the door's. */
  readonly end: (code: string, message: string, hint: string) => void
}

/** A server says nothing longer before it knows whom it talks to. */
const longestMessage = 64 * 1024

/** What the client hears: no more than that it is not its fault. */
function refusal(door: string) {
  return [
    '08004',
    `Door ${door} cannot sign in to the server behind it.`,
    'Tell whoever runs Sallyport: its log says why.',
  ] as const
}

/**
 * Signs in to the server with the door's own account. It answers what the server asks, and what is asked does not
 * reach the client; everything from AuthenticationOk on does.
 */
export class ServiceSignIn {
  readonly #options: ServiceSignInOptions
  #pending: Buffer = Buffer.alloc(0)
  #isOver = false
  #state: 'asked' | 'answered' | 'proved' = 'asked'
  #scram: ScramClient | undefined

  constructor(options: ServiceSignInOptions) {
    this.#options = options
  }

  /** What of the server's bytes goes on to the session. Never throws. */
  fromServer(chunk: Buffer): Buffer {
    if (this.#isOver) return chunk
    const data = this.#pending.length === 0 ? chunk : Buffer.concat([this.#pending, chunk])
    const out: Buffer[] = []
    let at = 0
    while (!this.#isOver && data.length - at >= 5) {
      const length = data.readUInt32BE(at + 1)
      if (length < 4 || length > longestMessage) {
        out.push(this.#fail('it does not speak the protocol'))
        break
      }
      const end = at + 1 + length
      if (data.length < end) break
      out.push(this.#message(data.subarray(at, end)))
      at = end
    }
    // After a failure nothing more of the server is heard.
    if (this.#options.server.destroyed) return Buffer.concat(out)
    this.#pending = this.#isOver ? Buffer.alloc(0) : data.subarray(at)
    return Buffer.concat(this.#isOver ? [...out, data.subarray(at)] : out)
  }

  #message(message: Buffer): Buffer {
    switch (message[0]) {
      case backend.authentication:
        try {
          return this.#authentication(message)
        } catch (error) {
          return this.#fail(errorMessage(error))
        }
      case backend.errorResponse:
        return this.#refused(message)
      case backend.noticeResponse:
      case backend.negotiateProtocolVersion:
        return message
      default:
        return this.#fail('it goes on without having signed anybody in')
    }
  }

  #authentication(message: Buffer): Buffer {
    const { kind, body } = readAuthentication(message)
    const { account, server } = this.#options
    switch (kind) {
      case authentication.ok:
        if (this.#scram !== undefined && this.#state !== 'proved') {
          return this.#fail('it did not prove that it knows the password')
        }
        this.#isOver = true
        return message
      case authentication.cleartextPassword:
        if (!(server instanceof TLSSocket)) {
          return this.#fail('it asks for the password in the clear, and the connection is not encrypted')
        }
        return this.#answerOnce((password) => encodePassword(password))
      case authentication.md5Password: {
        if (!isPrivate(server)) {
          return this.#fail('it asks for an md5 password, and the connection is not encrypted')
        }
        const salt = Buffer.from(body)
        return this.#answerOnce((password) => encodePassword(md5Password(account.user, password, salt)))
      }
      case authentication.sasl: {
        const offered = readMechanisms(body)
        return this.#answerOnce((password) => {
          this.#scram = new ScramClient({
            offered,
            endPoint: this.#endPoint(),
            nonce: randomBytes(18).toString('base64'),
            keys: (salt, iterations) => account.scramKeys(password, salt, iterations),
          })
          return encodeSaslInitial(this.#scram.mechanism, this.#scram.first)
        })
      }
      case authentication.saslContinue: {
        const scram = this.#scram
        if (scram === undefined) return this.#fail('it answers a question that was not asked')
        const serverFirst = body.toString('utf8')
        return this.#send(async () => encodeSaslResponse(await scram.final(serverFirst)))
      }
      case authentication.saslFinal:
        if (this.#scram?.verify(body.toString('utf8')) !== true) {
          return this.#fail('it did not prove that it knows the password')
        }
        this.#state = 'proved'
        return Buffer.alloc(0)
      default:
        return this.#fail(`it asks for a way to sign in that the door does not know (${kind})`)
    }
  }

  /** undefined: there is nothing to bind to. What is encrypted is bound, or not trusted. */
  #endPoint(): Buffer | undefined {
    const { server, certificate } = this.#options
    if (certificate !== undefined) return endPointOf(certificate)
    if (server instanceof TLSSocket) throw new Error('it showed no certificate that the sign-in could be bound to')
    return undefined
  }

  /** A server that asks twice wants to hear the password in more ways than one. */
  #answerOnce(answer: (password: string) => Buffer): Buffer {
    if (this.#state !== 'asked') return this.#fail('it asks for the password twice')
    this.#state = 'answered'
    return this.#send(async () => {
      const password = await this.#options.account.password()
      if (password === undefined) throw new Error('it asks for a password, and the door was given none')
      return answer(password)
    })
  }

  #send(answer: () => Promise<Buffer>): Buffer {
    const { server } = this.#options
    answer().then(
      (bytes) => {
        if (server.writable) server.write(bytes)
      },
      (error: unknown) => {
        this.#fail(errorMessage(error))
        this.#options.end(...refusal(this.#options.door))
      },
    )
    return Buffer.alloc(0)
  }

  /** The server's own words about the door's account are for operators; others (no such database) are the client's. */
  #refused(message: Buffer): Buffer {
    const fields = readErrorFields(message)
    if (fields.get('C')?.startsWith('28') !== true) {
      this.#isOver = true
      return message
    }
    return this.#fail(`${fields.get('C')} ${fields.get('M')}`)
  }

  #fail(reason: string): Buffer {
    this.#isOver = true
    const { door, server, onFailed } = this.#options
    onFailed(reason)
    server.destroy()
    return fatalMessage(...refusal(door))
  }
}

/** `md5` and the hash of the hash (PostgreSQL documentation, "Start-up"). */
function md5Password(user: string, password: string, salt: Buffer): string {
  const md5 = (...parts: (string | Buffer)[]) => {
    const hash = createHash('md5')
    for (const part of parts) hash.update(part)
    return hash.digest('hex')
  }
  return `md5${md5(md5(password, user), salt)}`
}
