import { createServer, type Server } from 'node:http'
import { getRequestListener } from '@hono/node-server'
import { errorMessage, SallyportError } from '../errors/index.ts'
import type { Api } from './app.ts'

export interface ListeningApi {
  readonly address: { readonly host: string; readonly port: number }
  /** Ends every connection, event streams too. */
  close(): Promise<void>
}

/**
 * Serves the API over HTTP.
 * @param port 0: any free one
 * @throws SallyportError `address_in_use`, `listen_failed`
 */
export async function startApi(options: {
  readonly app: Pick<Api, 'fetch'>
  readonly host: string
  readonly port: number
}): Promise<ListeningApi> {
  const { app, host, port } = options
  const answer = getRequestListener(app.fetch, { overrideGlobalObjects: false })
  const server = createServer((request, response) => void answer(request, response))
  await listen(server, host, port)
  const address = server.address()
  return {
    address: { host, port: typeof address === 'object' && address !== null ? address.port : port },
    close: () => {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()))
      server.closeAllConnections()
      return closed
    },
  }
}

function listen(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      const where = host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`
      reject(
        error.code === 'EADDRINUSE'
          ? new SallyportError('address_in_use', `${where} is taken: the API and console cannot listen there.`, {
              hint: `stop what listens there (\`ss -ltnp\` names it), or set another address with "listen"`,
              cause: error,
            })
          : new SallyportError('listen_failed', `Cannot listen on ${where}: ${errorMessage(error)}`, {
              hint: 'set an address of this machine with "listen"',
              cause: error,
            }),
      )
    })
    server.listen(port, host, resolve)
  })
}
