import type { X509Certificate } from 'node:crypto'
import { connect, isIP, type Socket } from 'node:net'
import { type TLSSocket, connect as tlsConnect } from 'node:tls'
import { requestCodes } from '../wire/frontend-messages.ts'
import { alpn, readPem } from './client-tls.ts'

/** How the server behind a door is spoken to. */
export interface UpstreamTls {
  /** As libpq's `sslmode`; it is never fallen back from. */
  readonly mode: 'verify-full' | 'verify-ca' | 'require'
  /** PEM file of the authorities to trust. Not given: those Node trusts. */
  readonly ca?: string | undefined
  /** The door's own certificate and key towards the server. */
  readonly cert?: string | undefined
  readonly key?: string | undefined
  /** What the server's certificate must say. Not given: the host of the address. */
  readonly serverName?: string | undefined
}

export interface Upstream {
  readonly host: string
  readonly port: number
  readonly tls?: UpstreamTls | undefined
}

export interface UpstreamConnection {
  readonly socket: Socket
  /** What the server showed. */
  readonly certificate?: X509Certificate
}

/** Milliseconds until a server that does not answer counts as unreachable. */
const timeout = 15_000

/**
 * Connects to the server; where TLS is asked for, the handshake is done and the server is who it has to be.
 * @throws Error in words for the client and the log
 */
export async function connectUpstream(upstream: Upstream): Promise<UpstreamConnection> {
  const { host, port, tls } = upstream
  const raw = connect({ host, port, noDelay: true, keepAlive: true })
  const late = setTimeout(() => raw.destroy(new Error('it does not answer')), timeout)
  try {
    await until(raw, 'connect')
    if (tls === undefined) return { socket: raw }
    const socket = await encrypt(raw, host, tls)
    const certificate = socket.getPeerX509Certificate()
    return { socket, ...(certificate === undefined ? {} : { certificate }) }
  } catch (error) {
    raw.destroy()
    throw error
  } finally {
    clearTimeout(late)
  }
}

async function encrypt(raw: Socket, host: string, tls: UpstreamTls): Promise<TLSSocket> {
  const request = Buffer.alloc(8)
  request.writeUInt32BE(request.length, 0)
  request.writeUInt32BE(requestCodes.ssl, 4)
  raw.write(request)
  const answer = await firstBytes(raw)
  if (answer[0] !== 0x53) throw new Error('it does not encrypt (TLS), and the door must not speak to it in the clear')
  // Bytes behind the answer came before the handshake: anybody may have put them there (CVE-2021-23222).
  if (answer.length > 1) throw new Error('it sent more than its answer before the TLS handshake')
  const name = tls.serverName ?? host
  const socket = tlsConnect({
    socket: raw,
    ALPNProtocols: [alpn],
    minVersion: 'TLSv1.2',
    ...(isIP(name) === 0 ? { servername: name } : {}),
    ...(tls.ca === undefined ? {} : { ca: readPem(tls.ca, 'CA of the server') }),
    ...(tls.cert === undefined ? {} : { cert: readPem(tls.cert, 'certificate') }),
    ...(tls.key === undefined ? {} : { key: readPem(tls.key, 'key') }),
    // Given an address instead of a name, Node compares the addresses in the certificate.
    ...(tls.mode === 'verify-full' ? { host: name } : { checkServerIdentity: () => undefined }),
    rejectUnauthorized: tls.mode !== 'require',
  })
  await until(socket, 'secureConnect')
  return socket
}

function firstBytes(socket: Socket): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const ended = () => reject(new Error('it ended the connection when asked to encrypt'))
    socket.once('error', reject)
    socket.once('close', ended)
    socket.once('data', (chunk: Buffer) => {
      socket.pause()
      socket.off('error', reject)
      socket.off('close', ended)
      resolve(chunk)
    })
  })
}

function until(socket: Socket, event: 'connect' | 'secureConnect'): Promise<void> {
  return new Promise((resolve, reject) => {
    const ended = () => reject(new Error('it ended the connection'))
    const done = () => {
      socket.off('error', reject)
      socket.off('close', ended)
      resolve()
    }
    socket.once('error', reject)
    socket.once('close', ended)
    socket.once(event, done)
  })
}
