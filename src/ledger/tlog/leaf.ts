import { canonicalJson, sha256Hex } from '../../action/index.ts'
import { maxLeafBytes } from './tile.ts'

/**
 * What stands in the public log for a stored payload: the payload itself; for one too long for an entry bundle its
 * length and digest, and the payload goes to a file named by the digest.
 */
export function leafOf(payload: Buffer): { readonly leaf: Buffer; readonly file?: string } {
  if (payload.length <= maxLeafBytes) return { leaf: payload }
  const sha256 = sha256Hex(payload)
  const leaf = Buffer.from(canonicalJson({ payload: { bytes: payload.length, sha256 } }), 'utf8')
  return { leaf, file: payloadPath(sha256) }
}

export function payloadPath(sha256: string): string {
  return `payload/${sha256}`
}
