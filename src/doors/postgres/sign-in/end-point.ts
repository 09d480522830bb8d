import { createHash } from 'node:crypto'
import type { Socket } from 'node:net'
import { TLSSocket } from 'node:tls'
import { signatureAlgorithmHashFromCertificate } from 'pg/lib/crypto/cert-signatures.js'

/**
 * The channel binding `tls-server-end-point` (RFC 5929, section 4.1): a hash of the server's certificate (DER) by the
 * hash that signed it, and by SHA-256 where that is MD5 or SHA-1.
 * @throws Error for a certificate signed in a way not known
 */
export function endPointOf(certificate: Buffer): Buffer {
  const signed = signatureAlgorithmHashFromCertificate(certificate)
  const hash = signed === 'MD5' || signed === 'SHA-1' ? 'sha256' : signed.toLowerCase().replace(/^sha-/, 'sha')
  return createHash(hash).update(certificate).digest()
}

/** Nobody between the two ends can read along: encrypted, or inside this machine. */
export function isPrivate(socket: Socket): boolean {
  if (socket instanceof TLSSocket) return true
  const address = socket.remoteAddress ?? ''
  return address === '::1' || /^(::ffff:)?127\./.test(address)
}
