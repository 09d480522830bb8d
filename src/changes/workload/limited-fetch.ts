import { SallyportError } from '../../errors/index.ts'

/** Bytes of a document about an issuer; keys of a large one are a few kilobytes. */
const atMost = 256 * 1024

/** Milliseconds that an issuer may take to answer. */
const timeout = 5_000

/** Whether what comes from an address is what its host sent: encrypted, or inside this machine. */
export function isTrustworthy(address: string): boolean {
  if (!URL.canParse(address)) return false
  const { protocol, hostname } = new URL(address)
  if (protocol === 'https:') return true
  return protocol === 'http:' && /^(localhost|127(\.\d+){3}|\[::1\])$/.test(hostname)
}

/**
 * A JSON document of an issuer. No redirects, limited in size and time.
 * @throws SallyportError `upstream_unreachable`
 */
export async function fetchJson(address: string, fetching: typeof fetch): Promise<unknown> {
  const fail = (why: string, cause?: unknown) =>
    new SallyportError('upstream_unreachable', `${address} cannot be read: ${why}.`, { cause })
  if (!isTrustworthy(address)) throw fail('it is not encrypted')
  try {
    const response = await fetching(address, {
      headers: { accept: 'application/json' },
      redirect: 'error',
      signal: AbortSignal.timeout(timeout),
    })
    if (!response.ok) throw new Error(`it answered ${response.status}`)
    const chunks: Uint8Array[] = []
    let size = 0
    for await (const chunk of response.body ?? []) {
      size += chunk.length
      if (size > atMost) throw new Error(`it is longer than ${atMost} bytes`)
      chunks.push(chunk)
    }
    return JSON.parse(Buffer.concat(chunks).toString('utf8'))
  } catch (error) {
    throw fail(error instanceof Error ? error.message : String(error), error)
  }
}
