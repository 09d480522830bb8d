import { connect, createServer, type Socket } from 'node:net'
import { expect, test } from 'vitest'
import { farewell } from './farewell.ts'

test('a refused client that closes its side leaves no open socket behind, although nobody read from it', async () => {
  const server = createServer()
  const closed = new Promise<void>((resolve) => {
    server.once('connection', (socket: Socket) => {
      socket.pause()
      socket.once('close', () => resolve())
      farewell(socket, Buffer.from('no'))
    })
  })
  server.listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  const address = server.address()
  const client = connect(address !== null && typeof address === 'object' ? address.port : 0, '127.0.0.1')
  const heard: Buffer[] = []
  client.on('data', (chunk) => heard.push(chunk))
  await closed
  expect(Buffer.concat(heard).toString()).toBe('no')
  await new Promise((resolve) => server.close(resolve))
})
