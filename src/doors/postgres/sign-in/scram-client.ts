import {
  fromBase64,
  hmac,
  isSame,
  readAttributes,
  requireAttribute,
  type ScramKeys,
  scram,
  scramPlus,
  sha256,
  xor,
} from './scram.ts'

export interface ScramClientOptions {
  /** Mechanisms that the server offers. */
  readonly offered: readonly string[]
  /** `tls-server-end-point` of the connection (RFC 5929); undefined: it is not encrypted. */
  readonly endPoint: Buffer | undefined
  readonly nonce: string
  readonly keys: (salt: Buffer, iterations: number) => Promise<ScramKeys>
}

/** More would keep this machine busy on a server's word; PostgreSQL's default is 4,096. */
const mostIterations = 1_000_000

/**
 * The client's part of SCRAM-SHA-256 and SCRAM-SHA-256-PLUS (RFC 5802, RFC 7677; the user name is left empty, as in
 * libpq: the StartupMessage named it). It binds to the channel wherever there is one and the server offers it.
 */
export class ScramClient {
  readonly mechanism: typeof scram | typeof scramPlus
  readonly #options: ScramClientOptions
  readonly #header: string
  #expected: Buffer | undefined

  /** @throws RangeError where the server offers neither mechanism, or binding on a channel that cannot be bound */
  constructor(options: ScramClientOptions) {
    const { offered, endPoint } = options
    this.#options = options
    if (endPoint !== undefined && offered.includes(scramPlus)) {
      this.mechanism = scramPlus
      this.#header = 'p=tls-server-end-point,,'
    } else if (offered.includes(scram)) {
      this.mechanism = scram
      // "I could have bound": a server that offered it, and whose offer somebody took away, must refuse then.
      this.#header = endPoint === undefined ? 'n,,' : 'y,,'
    } else {
      throw new RangeError(`it offers no way to sign in that the door knows (${offered.join(', ')})`)
    }
  }

  get first(): string {
    return `${this.#header}${this.#bare}`
  }

  get #bare(): string {
    return `n=,r=${this.#options.nonce}`
  }

  /** The proof that the password is known. @throws RangeError */
  async final(serverFirst: string): Promise<string> {
    const { nonce, endPoint, keys } = this.#options
    const attributes = readAttributes(serverFirst)
    if (attributes.has('m')) throw new RangeError('a SCRAM extension that the door does not know')
    const both = requireAttribute(attributes, 'r')
    if (!both.startsWith(nonce) || both.length === nonce.length) throw new RangeError('a SCRAM nonce that is not ours')
    const written = requireAttribute(attributes, 'i')
    const iterations = /^[1-9]\d{0,9}$/.test(written) ? Number(written) : Number.NaN
    if (!(iterations <= mostIterations)) throw new RangeError(`${written} SCRAM iterations`)
    const salt = fromBase64(requireAttribute(attributes, 's'))

    const bound = this.mechanism === scramPlus ? (endPoint ?? Buffer.alloc(0)) : Buffer.alloc(0)
    const channel = Buffer.concat([Buffer.from(this.#header, 'latin1'), bound]).toString('base64')
    const withoutProof = `c=${channel},r=${both}`
    const message = `${this.#bare},${serverFirst},${withoutProof}`
    const { clientKey, serverKey } = await keys(salt, iterations)
    this.#expected = hmac(serverKey, message)
    return `${withoutProof},p=${xor(clientKey, hmac(sha256(clientKey), message)).toString('base64')}`
  }

  /** Whether the server knows the password, too. */
  verify(serverFinal: string): boolean {
    const signature = /^v=([^,]+)/.exec(serverFinal)?.[1]
    return this.#expected !== undefined && signature !== undefined && isSame(fromBase64(signature), this.#expected)
  }
}
