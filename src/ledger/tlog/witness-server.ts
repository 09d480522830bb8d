import { createServer, type IncomingMessage, type Server } from 'node:http'
import { errorMessage, SallyportError } from '../../errors/index.ts'
import { type FileLayer, nodeFiles } from '../file-layer.ts'
import { LedgerLock } from '../lock.ts'
import { makeSignerKey, type NoteVerifier, parseSignerKey } from './note.ts'
import { TileFiles } from './tile-files.ts'
import { Witness } from './witness.ts'

export interface WitnessServerOptions {
  /** Key and state. */
  readonly directory: string
  /** Of the witness, in its signatures; used when its key is made. */
  readonly name: string
  readonly logs: readonly NoteVerifier[]
  readonly host: string
  /** 0: any free one. */
  readonly port: number
  readonly onProblem: (error: unknown) => void
  readonly files?: FileLayer
}

export interface RunningWitness {
  readonly verifier: NoteVerifier
  readonly port: number
  close(): Promise<void>
}

/** Bytes of a request; 63 hashes and a checkpoint have some 4 KiB. */
const bodyAtMost = 64 * 1024

/**
 * Serves `POST /add-checkpoint`. There is nothing to sign in to: what counts is the signature of the log.
 * @throws SallyportError `ledger_locked`, `address_in_use`, `listen_failed`, `note_invalid`
 */
export async function startWitness(options: WitnessServerOptions): Promise<RunningWitness> {
  const { files: layer = nodeFiles, directory, name, logs } = options
  await layer.makeDirectory(directory)
  // Two that sign with one key could sign a fork between them.
  const lock = await LedgerLock.acquire(directory)
  try {
    const files = new TileFiles(layer, directory)
    const signer = parseSignerKey(await keyText(files, name), 'cosignature')
    const witness = new Witness({ files, signer, logs })
    const server = createServer((request, response) => {
      answer(witness, request).then(
        ({ status, body, type }) => {
          response.writeHead(status, { 'content-type': type ?? 'text/plain; charset=utf-8' }).end(body)
        },
        (error: unknown) => {
          options.onProblem(error)
          response.writeHead(500, { connection: 'close' }).end('Nothing was signed.\n')
        },
      )
    })
    const port = await listen(server, options.host, options.port)
    return {
      verifier: signer.verifier,
      port,
      close: async () => {
        const closed = new Promise<void>((resolve) => server.close(() => resolve()))
        server.closeIdleConnections()
        await closed
        await lock.release()
      },
    }
  } catch (error) {
    await lock.release()
    throw error
  }
}

async function answer(witness: Witness, request: IncomingMessage) {
  if (request.url !== '/add-checkpoint')
    return { status: 404, body: 'There is only /add-checkpoint.\n', type: undefined }
  if (request.method !== 'POST') return { status: 405, body: 'POST is meant.\n', type: undefined }
  const pieces: Buffer[] = []
  let size = 0
  for await (const piece of request) {
    const bytes = Buffer.from(piece)
    size += bytes.length
    if (size > bodyAtMost) return { status: 413, body: 'That is too long.\n', type: undefined }
    pieces.push(bytes)
  }
  return witness.addCheckpoint(Buffer.concat(pieces).toString('utf8'))
}

async function keyText(files: TileFiles, name: string): Promise<string> {
  const existing = await files.read('key')
  if (existing !== undefined) return existing.toString('utf8')
  const key = makeSignerKey(name, undefined, 'cosignature')
  await files.write('key', Buffer.from(`${key}\n`, 'utf8'), true)
  return key
}

function listen(server: Server, host: string, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      const code = error.code === 'EADDRINUSE' ? 'address_in_use' : 'listen_failed'
      const hint = 'set another address with --listen'
      reject(new SallyportError(code, `The witness cannot listen on ${host}:${port}: ${errorMessage(error)}`, { hint }))
    })
    server.listen(port, host, () => {
      const address = server.address()
      resolve(typeof address === 'object' && address !== null ? address.port : port)
    })
  })
}
