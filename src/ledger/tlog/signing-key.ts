import { randomBytes } from 'node:crypto'
import type { FileLayer } from '../file-layer.ts'
import { makeSignerKey, type NoteSigner, parseSignerKey } from './note.ts'
import { TileFiles } from './tile-files.ts'

const keyFile = 'key'

/** The key that signs the checkpoints of a ledger; made, with the log's name, where there is none yet. */
export async function signingKey(files: FileLayer, directory: string, origin?: string): Promise<NoteSigner> {
  const existing = await readSigningKey(files, directory)
  if (existing !== undefined) return existing
  // Unique, so that two logs are never taken for one.
  const key = makeSignerKey(origin ?? `sallyport/${randomBytes(6).toString('hex')}`)
  await new TileFiles(files, directory).write(keyFile, Buffer.from(`${key}\n`, 'utf8'), true)
  return parseSignerKey(key)
}

export async function readSigningKey(files: FileLayer, directory: string): Promise<NoteSigner | undefined> {
  const bytes = await new TileFiles(files, directory).read(keyFile)
  return bytes === undefined ? undefined : parseSignerKey(bytes.toString('utf8'))
}
