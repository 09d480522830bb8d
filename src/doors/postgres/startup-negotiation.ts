import type { Socket } from 'node:net'
import { farewell } from './farewell.ts'
import { fatalMessage } from './messages.ts'
import {
  type CancelRequest,
  readCancelRequest,
  readStartup,
  requestCodes,
  type StartupMessage,
} from './wire/frontend-messages.ts'

/** What a client that connects wants. */
export type FirstMessage =
  | { readonly kind: 'startup'; readonly startup: StartupMessage; readonly raw: Buffer; readonly rest: Buffer }
  | { readonly kind: 'cancel'; readonly request: CancelRequest }
  /** It begins TLS now; `isDirect`: without having asked. */
  | { readonly kind: 'tls'; readonly isDirect: boolean }

/** What a door offers on this connection. `required`: nothing else but a cancel request is taken in the clear. */
export type Encryption = 'none' | 'offered' | 'required' | 'done'

/** The server allows 10,000 bytes for the first message (PostgreSQL source, MAX_STARTUP_PACKET_LENGTH). */
const startupLimit = 10_000

/** The first byte of a TLS handshake (RFC 8446, section 5.1). */
const handshakeRecord = 0x16

/**
 * Reads the untyped messages a connection begins with, and answers requests for encryption.
 * Resolves undefined where the connection ended, or did not get to its StartupMessage within `timeout` ms.
 */
export function negotiate(socket: Socket, timeout: number, encryption: Encryption): Promise<FirstMessage | undefined> {
  const mayEncrypt = encryption === 'offered' || encryption === 'required'
  return new Promise((resolve) => {
    let data = Buffer.alloc(0)
    let negotiations = 0
    const finish = (message: FirstMessage | undefined) => {
      clearTimeout(timer)
      socket.off('data', onData)
      socket.off('close', onClose)
      socket.off('error', onClose)
      // Whoever takes over hears nothing until it listens.
      socket.pause()
      resolve(message)
    }
    const refuse = (code: string, text: string, hint?: string) => {
      finish(undefined)
      farewell(socket, fatalMessage(code, text, hint))
    }
    const onClose = () => finish(undefined)
    const onData = (chunk: Buffer) => {
      data = Buffer.concat([data, chunk])
      if (mayEncrypt && negotiations === 0 && data[0] === handshakeRecord) {
        socket.pause()
        socket.unshift(data)
        return finish({ kind: 'tls', isDirect: true })
      }
      for (;;) {
        if (data.length < 8) return
        const length = data.readUInt32BE(0)
        if (length < 8 || length > startupLimit) return refuse('08P01', `invalid length of startup packet: ${length}`)
        if (data.length < length) return
        const raw = data.subarray(0, length)
        const rest = data.subarray(length)
        const body = raw.subarray(4)
        const code = body.readUInt32BE(0)
        try {
          if (code === requestCodes.cancel) return finish({ kind: 'cancel', request: readCancelRequest(body) })
          if (code === requestCodes.ssl || code === requestCodes.gssEncryption) {
            negotiations += 1
            if (negotiations > 2) return refuse('08P01', 'too many requests for encryption')
            // Bytes sent along with the request came before the answer: nobody may rely on them (CVE-2021-23214).
            if (rest.length > 0) return refuse('08P01', 'received data before the request for encryption was answered')
            if (encryption === 'done') return refuse('08P01', 'the connection is encrypted already')
            data = Buffer.alloc(0)
            if (code === requestCodes.ssl && mayEncrypt) {
              socket.write('S')
              return finish({ kind: 'tls', isDirect: false })
            }
            socket.write('N')
            return
          }
          const startup = readStartup(body)
          if (startup.major !== 3) {
            return refuse(
              '0A000',
              `unsupported frontend protocol ${startup.major}.${startup.minor}: this door speaks 3.0 to 3.2`,
            )
          }
          if (encryption === 'required') {
            return refuse(
              '28000',
              'this door takes encrypted connections only',
              'Connect with TLS: sslmode=require or, better, verify-full.',
            )
          }
          return finish({ kind: 'startup', startup, raw, rest })
        } catch (error) {
          return refuse('08P01', `invalid startup packet: ${error instanceof Error ? error.message : 'unreadable'}`)
        }
      }
    }
    const timer = setTimeout(() => {
      socket.destroy()
      finish(undefined)
    }, timeout)
    socket.on('data', onData)
    socket.on('close', onClose)
    socket.on('error', onClose)
  })
}
