import { BlockList, isIP, isIPv4, isIPv6 } from 'node:net'

/** Where to listen or connect. IPv6 without brackets. */
export interface Address {
  readonly host: string
  readonly port: number
}

/** `127.0.0.1:7070`, `[::1]:7070`, `localhost:7070`; undefined for anything else. Port 0 means: any free one. */
export function parseAddress(text: string): Address | undefined {
  const [, bracketed, plain, digits] = /^(?:\[([^[\]]+)\]|([a-z0-9._-]+)):(\d{1,5})$/i.exec(text) ?? []
  const port = Number(digits)
  const host = bracketed ?? plain
  if (host === undefined || port > 65_535) return undefined
  if (bracketed !== undefined && !isIPv6(bracketed)) return undefined
  // 127.1 or 300.0.0.1: resolvers disagree about what these mean.
  if (plain !== undefined && /^[\d.]+$/.test(plain) && !isIPv4(plain)) return undefined
  return { host, port }
}

export function formatAddress({ host, port }: Address): string {
  return isIPv6(host) ? `[${host}]:${port}` : `${host}:${port}`
}

const loopback = new BlockList()
loopback.addSubnet('127.0.0.0', 8, 'ipv4')
loopback.addAddress('::1', 'ipv6')

/** Whether only this machine reaches it. A name other than localhost may resolve to anything, so it does not count. */
export function isLoopback(host: string): boolean {
  if (host.toLowerCase() === 'localhost') return true
  return isIP(host) !== 0 && loopback.check(host, isIPv6(host) ? 'ipv6' : 'ipv4')
}

/** Whether listening on both would clash: the same port on the same host, or on one that means every host. */
export function clash(a: Address, b: Address): boolean {
  if (a.port !== b.port || a.port === 0) return false
  const [hostA, hostB] = [canonicalHost(a.host), canonicalHost(b.host)]
  return hostA === hostB || isEveryHost(hostA) || isEveryHost(hostB) || isLocalhostPair(hostA, hostB)
}

function canonicalHost(host: string): string {
  return isIPv6(host) ? new URL(`http://[${host}]`).hostname.slice(1, -1) : host.toLowerCase()
}

function isEveryHost(host: string): boolean {
  return host === '0.0.0.0' || host === '::'
}

/** localhost stands for 127.0.0.1 or ::1, which one depends on the machine. */
function isLocalhostPair(a: string, b: string): boolean {
  const other = a === 'localhost' ? b : b === 'localhost' ? a : undefined
  return other === '127.0.0.1' || other === '::1'
}
