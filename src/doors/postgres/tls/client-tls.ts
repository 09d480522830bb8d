import { X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import type { Socket } from 'node:net'
import { createServer, type Server, type TLSSocket } from 'node:tls'
import { errorMessage, SallyportError } from '../../../errors/index.ts'

/** What a door shows its clients, in PEM files. */
export interface ClientTlsFiles {
  readonly cert: string
  readonly key: string
  /** Clients may show a certificate that one of these signed. */
  readonly clientCa?: string | undefined
  /** And must. */
  readonly requireClientCert?: boolean | undefined
}

/** ALPN protocol id of PostgreSQL (IANA registry; a client that starts TLS without asking first has to offer it). */
export const alpn = 'postgresql'

/** A handshake that came to its end. */
export interface SecuredClient {
  readonly socket: TLSSocket
  /** Subject of the client's certificate, where it showed one that the door's CA signed; most general part last. */
  readonly certificate?: string
}

/**
 * TLS towards clients (PostgreSQL documentation, "SSL Session Encryption"). The files are read again by `reload`;
 * connections that are open keep what they began with.
 */
export class ClientTls {
  readonly #files: ClientTlsFiles
  readonly #server: Server
  readonly #handshakes = new Map<string, (socket: TLSSocket) => void>()
  #read: { readonly pem: string; readonly certificate: X509Certificate }

  /**
   * @param timeout milliseconds for a handshake
   * @throws SallyportError `config_invalid` where the files cannot be used
   */
  constructor(files: ClientTlsFiles, timeout: number) {
    this.#files = files
    const { pem, options, certificate } = readFiles(files)
    this.#read = { pem, certificate }
    this.#server = createServer({
      ...options,
      handshakeTimeout: timeout,
      ALPNProtocols: [alpn],
      minVersion: 'TLSv1.2',
      ...(files.clientCa === undefined ? {} : { requestCert: true, rejectUnauthorized: false }),
    })
    this.#server.on('secureConnection', (socket) => this.#handshakes.get(keyOf(socket))?.(socket))
    // A handshake that fails closes its connection, which is heard there.
    this.#server.on('tlsClientError', (_error, socket) => socket.destroy())
  }

  /** The door's own certificate. */
  get certificate(): X509Certificate {
    return this.#read.certificate
  }

  /**
   * Does the handshake. Resolves undefined where it fails or the connection ends.
   * @param isDirect the client did not ask first; it must name the protocol then (ALPN)
   */
  secure(raw: Socket, isDirect: boolean): Promise<SecuredClient | undefined> {
    const key = keyOf(raw)
    return new Promise<SecuredClient | undefined>((resolve) => {
      raw.once('close', () => resolve(undefined))
      this.#handshakes.set(key, (socket) => {
        socket.on('error', () => undefined)
        const certificate = this.#subjectOf(socket)
        if ((isDirect && socket.alpnProtocol !== alpn) || certificate === null) {
          socket.destroy()
          resolve(undefined)
        } else {
          resolve({ socket, ...(certificate === undefined ? {} : { certificate }) })
        }
      })
      this.#server.emit('connection', raw)
    }).finally(() => this.#handshakes.delete(key))
  }

  /** Reads the files again. @returns whether anything changed @throws SallyportError `config_invalid`; nothing changes then */
  reload(): boolean {
    const { pem, options, certificate } = readFiles(this.#files)
    if (pem === this.#read.pem) return false
    this.#server.setSecureContext(options)
    this.#read = { pem, certificate }
    return true
  }

  /** undefined: it showed none. null: one that nobody here trusts, or none where one is asked for. */
  #subjectOf(socket: TLSSocket): string | undefined | null {
    const certificate = this.#files.clientCa === undefined ? undefined : socket.getPeerX509Certificate()
    if (certificate === undefined) return this.#files.requireClientCert === true ? null : undefined
    return socket.authorized ? certificate.subject.split('\n').reverse().join(',') : null
  }
}

/** What tells a connection from every other: the handshake hands back another socket than it was given. */
function keyOf({ localAddress, localPort, remoteAddress, remotePort }: Socket): string {
  return [localAddress, localPort, remoteAddress, remotePort].join(' ')
}

function readFiles({ cert, key, clientCa }: ClientTlsFiles) {
  const options = {
    cert: readPem(cert, 'certificate'),
    key: readPem(key, 'key'),
    ...(clientCa === undefined ? {} : { ca: readPem(clientCa, 'CA of clients') }),
  }
  try {
    const certificate = new X509Certificate(options.cert)
    // Says whether certificate and key belong together, before anybody connects.
    createServer(options)
    return { options, certificate, pem: Object.values(options).join('\n') }
  } catch (error) {
    throw new SallyportError(
      'config_invalid',
      `The TLS certificate ${cert} and key ${key} cannot be used: ${errorMessage(error)}`,
      {
        hint: 'Both must be PEM files that belong together; the certificate first, then those that signed it.',
        cause: error,
      },
    )
  }
}

/** @throws SallyportError `config_invalid` */
export function readPem(path: string, what: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    throw new SallyportError('config_invalid', `The TLS ${what} cannot be read: ${errorMessage(error)}`, {
      hint: 'Sallyport needs to be able to read the file; see doors[].tls and doors[].upstreamTls.',
      cause: error,
    })
  }
}
