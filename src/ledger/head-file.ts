import { join } from 'node:path'
import { errorMessage, SallyportError } from '../errors/index.ts'
import { type FileLayer, readFully, writeFully } from './file-layer.ts'
import type { LedgerHead } from './ledger.ts'

export const emptyHead: LedgerHead = { size: 0, hash: '0'.repeat(64) }

export function headPath(directory: string): string {
  return join(directory, 'head')
}

/**
 * The head file says how long the log was at the least. A hash chain alone does not show that its end was cut off:
 * what is left still verifies.
 * @returns undefined where there is none
 * @throws SallyportError `ledger_corrupt`
 */
export async function readHeadFile(files: FileLayer, directory: string): Promise<LedgerHead | undefined> {
  if (!(await files.list(directory)).includes('head')) return undefined
  const path = headPath(directory)
  const file = await files.open(path, 'read')
  try {
    const bytes = Buffer.alloc(await file.size())
    await readFully(file, bytes, bytes.length, 0)
    const head: unknown = JSON.parse(bytes.toString('utf8'))
    if (isHead(head)) return { size: head.size, hash: head.hash }
    throw new Error('it does not hold {"size", "hash"}')
  } catch (error) {
    throw new SallyportError('ledger_corrupt', `The head file ${path} cannot be read: ${errorMessage(error)}.`, {
      hint: 'Restore the ledger folder from a copy. Without this file nobody can tell whether the log was cut short.',
      cause: error,
    })
  } finally {
    await file.close()
  }
}

function isHead(value: unknown): value is LedgerHead {
  if (typeof value !== 'object' || value === null || !('size' in value) || !('hash' in value)) return false
  const { size, hash } = value
  return Number.isSafeInteger(size) && Number(size) >= 0 && typeof hash === 'string' && /^[0-9a-f]{64}$/.test(hash)
}

/** Replaces the head file in one step: at any moment there is a whole one. */
export async function writeHeadFile(files: FileLayer, directory: string, head: LedgerHead): Promise<void> {
  const temporary = `${headPath(directory)}.tmp`
  await files.remove(temporary)
  const file = await files.open(temporary, 'create')
  try {
    const bytes = Buffer.from(`${JSON.stringify({ size: head.size, hash: head.hash })}\n`)
    await writeFully(file, bytes, bytes.length, 0)
    await file.datasync()
  } finally {
    await file.close()
  }
  await files.rename(temporary, headPath(directory))
  await files.syncDirectory(directory)
}
