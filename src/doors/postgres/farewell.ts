import type { Socket } from 'node:net'

/** Milliseconds that a client has to close its side, too. */
const linger = 5_000

/**
 * The last that a client hears before it has a session. The rest of what it says is thrown away: a socket that nobody
 * reads does not hear that the other side has closed, and would stay open for ever.
 */
export function farewell(client: Socket, message: Buffer): void {
  client.end(message)
  client.resume()
  client.setTimeout(linger, () => client.destroy())
}
