/** Where passkeys are made for: what authenticators are told, and what they must tell back. */
export interface PasskeySite {
  /** The RP ID: a passkey works under this name and names below it (WebAuthn level 3, 5.1.2). */
  readonly id: string
  /** Origins of the pages that may use one. */
  readonly origins: readonly string[]
}

/**
 * The site of an address. undefined: browsers have no passkeys for it, which want a name and, off this machine, TLS.
 * For an address of this machine it is `localhost`: an IP address has no passkeys.
 * @param publicUrl how people reach the console
 * @param name a name above the host, so that passkeys work under its other names too
 */
export function passkeySite(publicUrl: string, name?: string): PasskeySite | undefined {
  const { protocol, hostname, port, origin } = new URL(publicUrl)
  if (hostname === 'localhost' || hostname === '[::1]' || /^127\./.test(hostname)) {
    return { id: 'localhost', origins: [`${protocol}//localhost${port === '' ? '' : `:${port}`}`] }
  }
  const isAddress = hostname.startsWith('[') || /^[\d.]+$/.test(hostname)
  if (protocol !== 'https:' || isAddress) return undefined
  const id = name ?? hostname
  return hostname === id || hostname.endsWith(`.${id}`) ? { id, origins: [origin] } : undefined
}
