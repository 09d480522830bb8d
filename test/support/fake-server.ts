import { createServer, type Socket } from 'node:net'
import { FrameSplitter } from '../../src/doors/postgres/wire/frame-splitter.ts'

/** A PostgreSQL server in name only: says what a test tells it to, and keeps what it hears. */
export interface FakeServer {
  readonly port: number
  /** StartupMessages and messages, as they came. */
  readonly heard: Buffer[]
  close(): Promise<void>
}

/** @param answer what to say to the nth message of a connection, its StartupMessage being the 0th; undefined: nothing */
export async function startFakeServer(answer: (n: number, message: Buffer) => Buffer | undefined): Promise<FakeServer> {
  const heard: Buffer[] = []
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    const splitter = new FrameSplitter(1024 * 1024)
    let count = 0
    socket.on('error', () => undefined)
    socket.on('data', (chunk) => {
      const messages = count === 0 ? [chunk] : splitter.push(chunk).map((frame) => frame.bytes)
      for (const message of messages) {
        heard.push(message)
        const bytes = answer(count, message)
        count += 1
        if (bytes !== undefined) socket.write(bytes)
      }
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  return {
    port: address !== null && typeof address === 'object' ? address.port : 0,
    heard,
    close: async () => {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()))
      for (const socket of sockets) socket.destroy()
      await closed
    },
  }
}
