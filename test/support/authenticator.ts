import { createHash, createSign, generateKeyPairSync, type KeyObject, randomBytes } from 'node:crypto'

type Cbor = number | string | Buffer | ReadonlyMap<Cbor, Cbor>

/** An authenticator in software: ES256, without attestation. It does what it is told, also what it should not. */
export class Authenticator {
  readonly id = randomBytes(16).toString('base64url')
  readonly #keys: { readonly publicKey: KeyObject; readonly privateKey: KeyObject }
  readonly #site: string
  readonly #origin: string
  counter = 0

  constructor(site: string, origin = `https://${site}`) {
    this.#keys = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    this.#site = site
    this.#origin = origin
  }

  /** navigator.credentials.create */
  create({ challenge }: { readonly challenge: string }) {
    const { x = '', y = '' } = this.#keys.publicKey.export({ format: 'jwk' })
    const cose: Cbor = new Map<Cbor, Cbor>([
      [1, 2],
      [3, -7],
      [-1, 1],
      [-2, Buffer.from(x, 'base64url')],
      [-3, Buffer.from(y, 'base64url')],
    ])
    const id = Buffer.from(this.id, 'base64url')
    const length = Buffer.from([id.length >> 8, id.length & 0xff])
    const authData = Buffer.concat([this.#data(0x45), Buffer.alloc(16), length, id, cbor(cose)])
    const attestation = new Map<Cbor, Cbor>([
      ['fmt', 'none'],
      ['attStmt', new Map()],
      ['authData', authData],
    ])
    return {
      id: this.id,
      rawId: this.id,
      type: 'public-key' as const,
      clientExtensionResults: {},
      response: {
        clientDataJSON: this.#client('webauthn.create', challenge).toString('base64url'),
        attestationObject: cbor(attestation).toString('base64url'),
        transports: ['internal' as const],
      },
    }
  }

  /** navigator.credentials.get */
  get({ challenge }: { readonly challenge: string }, { verified = true } = {}) {
    this.counter += 1
    const data = this.#data(verified ? 0x05 : 0x01)
    const client = this.#client('webauthn.get', challenge)
    const signed = Buffer.concat([data, createHash('sha256').update(client).digest()])
    return {
      id: this.id,
      rawId: this.id,
      type: 'public-key' as const,
      clientExtensionResults: {},
      response: {
        authenticatorData: data.toString('base64url'),
        clientDataJSON: client.toString('base64url'),
        signature: createSign('sha256').update(signed).sign(this.#keys.privateKey).toString('base64url'),
      },
    }
  }

  #data(flags: number): Buffer {
    const counter = Buffer.alloc(4)
    counter.writeUInt32BE(this.counter)
    return Buffer.concat([createHash('sha256').update(this.#site).digest(), Buffer.from([flags]), counter])
  }

  #client(type: string, challenge: string): Buffer {
    return Buffer.from(JSON.stringify({ type, challenge, origin: this.#origin, crossOrigin: false }))
  }
}

/** As much of RFC 8949 as authenticators write. */
function cbor(value: Cbor): Buffer {
  if (typeof value === 'number') return value >= 0 ? head(0, value) : head(1, -1 - value)
  if (typeof value === 'string') return Buffer.concat([head(3, Buffer.byteLength(value)), Buffer.from(value)])
  if (Buffer.isBuffer(value)) return Buffer.concat([head(2, value.length), value])
  return Buffer.concat([head(5, value.size), ...[...value].flatMap(([key, of]) => [cbor(key), cbor(of)])])
}

function head(major: number, value: number): Buffer {
  if (value < 24) return Buffer.from([(major << 5) | value])
  if (value < 256) return Buffer.from([(major << 5) | 24, value])
  return Buffer.from([(major << 5) | 25, value >> 8, value & 0xff])
}
