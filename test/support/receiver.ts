import { createServer, type IncomingHttpHeaders, type Server } from 'node:http'
import { vi } from 'vitest'

export interface Received {
  readonly path: string
  readonly headers: IncomingHttpHeaders
  readonly body: string
}

/** How one request is answered; `hang`: never. */
export type Answer = { readonly status: number; readonly headers?: Record<string, string> } | 'hang'

export interface Receiver {
  /** `http://127.0.0.1:…`, without a slash at the end. */
  readonly url: string
  readonly requests: readonly Received[]
  /** The requests so far, once there are so many. */
  arrived(count: number): Promise<readonly Received[]>
  close(): Promise<void>
}

/** An HTTP server that keeps what it gets. @param answer to the request of this number, from 0 */
export async function startReceiver(answer: (index: number) => Answer = () => ({ status: 204 })): Promise<Receiver> {
  const requests: Received[] = []
  const server: Server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const index = requests.length
      requests.push({
        path: request.url ?? '',
        headers: request.headers,
        body: Buffer.concat(chunks).toString('utf8'),
      })
      const given = answer(index)
      if (given !== 'hang') response.writeHead(given.status, given.headers).end()
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no address')
  return {
    url: `http://127.0.0.1:${address.port}`,
    requests,
    arrived: (count) =>
      vi.waitFor(
        () => {
          if (requests.length < count) throw new Error(`${requests.length} of ${count} requests have come`)
          return requests
        },
        { timeout: 15_000, interval: 10 },
      ),
    close: async () => {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
