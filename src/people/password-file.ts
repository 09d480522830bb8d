import { open, readFile, rename } from 'node:fs/promises'
import { dirname } from 'node:path'
import { sha256Hex } from '../action/index.ts'
import { SallyportError } from '../errors/index.ts'

/** Hashes of passwords by the digest under which the ledger knows them. */
export interface PasswordFile {
  /** The hash with this digest, if it is kept and is what the digest says. */
  get(digest: string): string | undefined
  /** Keeps a hash durably and gives its digest; what is in `needed` stays, everything else goes. */
  keep(hash: string, needed: ReadonlySet<string>): Promise<string>
}

/**
 * One hash a line, in a file that only its owner may read. It stands beside the ledger because everybody who may read
 * the record may read all of it, and a hash can be guessed at. The ledger holds the SHA-256 of each line (of which the
 * salt makes a secret), so a line that somebody puts in its place is not taken.
 * @throws SallyportError `config_invalid` where the file cannot be read
 */
export async function passwordFile(path: string): Promise<PasswordFile> {
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return ''
    throw new SallyportError('config_invalid', `The passwords cannot be read: ${error.message}`, {
      hint: `make ${path} readable for the user Sallyport runs as`,
      cause: error,
    })
  })
  let hashes = byDigest(text.split('\n').filter((line) => line !== ''))
  let last: Promise<unknown> = Promise.resolve()
  return {
    get: (digest) => hashes.get(digest),
    keep: (hash, needed) => {
      const result = last.then(async () => {
        const next = byDigest([...[...hashes].filter(([digest]) => needed.has(digest)).map(([, kept]) => kept), hash])
        await replaceFile(path, [...next.values()].map((line) => `${line}\n`).join(''))
        hashes = next
        return sha256Hex(hash)
      })
      last = result.catch(() => undefined)
      return result
    },
  }
}

function byDigest(lines: readonly string[]): Map<string, string> {
  return new Map(lines.map((line) => [sha256Hex(line), line]))
}

/** All of it or nothing, a crash included. */
async function replaceFile(path: string, text: string): Promise<void> {
  const beside = `${path}.new`
  const file = await open(beside, 'w', 0o600)
  try {
    await file.writeFile(text)
    await file.sync()
  } finally {
    await file.close()
  }
  await rename(beside, path)
  const folder = await open(dirname(path), 'r')
  try {
    await folder.sync()
  } finally {
    await folder.close()
  }
}
