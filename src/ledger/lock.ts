import { randomUUID } from 'node:crypto'
import { link, open, readdir, readFile, rename, rm } from 'node:fs/promises'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { SallyportError } from '../errors/index.ts'
import { isCode } from './file-layer.ts'

/** Who holds a ledger. */
interface Holder {
  readonly pid: number
  /** Tells this life of the pid from the next; empty where the system does not say. */
  readonly birth: string
  readonly host: string
  readonly nonce: string
}

/** One lock file: the `n` in `lock.<n>`, and what it says. */
interface LockFile {
  readonly generation: number
  readonly path: string
  /** undefined: it cannot be read as one; null: given up by its holder. */
  readonly holder: Holder | null | undefined
}

/**
 * The right to write to a ledger, held by one process. Node has no flock(2), so it is a file that names the process.
 *
 * Locks have generations: the one with the highest number counts, and it is held while its process lives and has not
 * given it up. To take over is to make the next higher number with link(2), which fails where it exists; nobody
 * removes or replaces somebody else's lock, so of many who see the same dead holder one wins. Numbers never go down:
 * who made a number that was overtaken meanwhile sees the higher one afterwards and steps back.
 *
 * A stopped machine, or a container that was replaced, leaves a lock under another host name: whether that host lives
 * cannot be seen from here, so this one is left to a person.
 */
export class LedgerLock {
  readonly #directory: string
  readonly #path: string
  readonly #nonce: string

  private constructor(directory: string, path: string, nonce: string) {
    this.#directory = directory
    this.#path = path
    this.#nonce = nonce
  }

  /** @throws SallyportError `ledger_locked` */
  static async acquire(directory: string): Promise<LedgerLock> {
    const nonce = randomUUID()
    const holder: Holder = { pid: process.pid, birth: await processBirth(process.pid), host: hostname(), nonce }
    const mine = join(directory, `lock-${nonce}.tmp`)
    await writeSynced(mine, holder)
    try {
      for (;;) {
        const last = await lastLock(directory)
        if (last !== undefined) await expectFree(last)
        const generation = (last?.generation ?? 0) + 1
        const path = join(directory, `lock.${generation}`)
        // A complete file gets the name: nobody reads half a lock.
        if (!(await tryLink(mine, path))) continue
        if ((await lastLock(directory))?.generation === generation) {
          await removeBelow(directory, generation)
          return new LedgerLock(directory, path, nonce)
        }
        await rm(path, { force: true })
      }
    } finally {
      await rm(mine, { force: true })
    }
  }

  /** False after somebody removed or replaced the lock: then this process must not write any more. */
  async isHeld(): Promise<boolean> {
    return (await lastLock(this.#directory))?.holder?.nonce === this.#nonce
  }

  /** The file stays, without a holder, for its number. */
  async release(): Promise<void> {
    if (!(await this.isHeld())) return
    const free = join(this.#directory, `lock-${this.#nonce}.tmp`)
    await writeSynced(free, null)
    await rename(free, this.#path)
  }
}

/** Whether some process may be writing to the ledger now. */
export async function isLedgerInUse(directory: string): Promise<boolean> {
  const holder = (await lastLock(directory))?.holder
  return holder !== undefined && holder !== null && (await standing(holder)) !== 'gone'
}

async function lastLock(directory: string): Promise<LockFile | undefined> {
  for (;;) {
    const generations = await lockGenerations(directory)
    if (generations.length === 0) return undefined
    const generation = Math.max(...generations)
    const path = join(directory, `lock.${generation}`)
    try {
      return { generation, path, holder: parseHolder(await readFile(path, 'utf8')) }
    } catch (error) {
      // Removed since it was listed: there is a higher one now, or it was made by one who stepped back.
      if (!isCode(error, 'ENOENT')) throw error
    }
  }
}

async function lockGenerations(directory: string): Promise<number[]> {
  const names = await readdir(directory)
  return names.filter((name) => /^lock\.\d{1,15}$/.test(name)).map((name) => Number(name.slice('lock.'.length)))
}

async function removeBelow(directory: string, generation: number): Promise<void> {
  for (const lower of await lockGenerations(directory)) {
    if (lower < generation) await rm(join(directory, `lock.${lower}`), { force: true })
  }
}

async function writeSynced(path: string, holder: Holder | null): Promise<void> {
  const file = await open(path, 'wx', 0o600)
  try {
    await file.writeFile(`${JSON.stringify(holder)}\n`)
    // Before it gets its name: after a power cut a lock is whole or not there.
    await file.sync()
  } finally {
    await file.close()
  }
}

async function tryLink(from: string, to: string): Promise<boolean> {
  try {
    await link(from, to)
    return true
  } catch (error) {
    if (isCode(error, 'EEXIST')) return false
    throw error
  }
}

/** @throws SallyportError `ledger_locked` unless the holder is gone */
async function expectFree({ path, holder }: LockFile): Promise<void> {
  if (holder === null) return
  if (holder === undefined) {
    throw new SallyportError('ledger_locked', `The lock file ${path} does not say who holds it.`, {
      hint: 'Remove it if no Sallyport server uses this ledger.',
    })
  }
  const found = await standing(holder)
  if (found === 'elsewhere') {
    const who = `process ${holder.pid} on the host ${holder.host}`
    throw new SallyportError('ledger_locked', `The ledger is held by ${who} (${path}).`, {
      hint: 'If that host or container is gone, remove the lock file and start again.',
    })
  }
  if (found === 'alive') {
    throw new SallyportError('ledger_locked', `The ledger is held by process ${holder.pid} (${path}).`, {
      hint: 'Stop that server first, or give this one another data folder. One ledger has one writer.',
    })
  }
}

async function standing(holder: Holder): Promise<'alive' | 'gone' | 'elsewhere'> {
  if (holder.host !== hostname()) return 'elsewhere'
  if (!isAlive(holder.pid)) return 'gone'
  const birth = await processBirth(holder.pid)
  return birth !== '' && holder.birth !== '' && birth !== holder.birth ? 'gone' : 'alive'
}

function parseHolder(text: string): Holder | null | undefined {
  try {
    const parsed: Partial<Record<string, unknown>> | null = JSON.parse(text)
    if (parsed === null) return null
    const { pid, birth, host, nonce } = parsed
    if (!Number.isSafeInteger(pid) || typeof birth !== 'string') return undefined
    return typeof host === 'string' && typeof nonce === 'string' ? { pid: Number(pid), birth, host, nonce } : undefined
  } catch {
    return undefined
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    // EPERM: it exists and belongs to somebody else.
    return isCode(error, 'EPERM')
  }
}

/** Start time in clock ticks since boot (proc(5), /proc/[pid]/stat field 22) and the boot's own id. */
async function processBirth(pid: number): Promise<string> {
  try {
    const stat = await readFile(`/proc/${pid}/stat`, 'utf8')
    const boot = await readFile('/proc/sys/kernel/random/boot_id', 'utf8')
    // Field 2 is the command in parentheses and may itself hold spaces and parentheses.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    // Dead, only not reaped yet; writes nothing any more.
    if (fields[0] === 'Z') return 'zombie'
    return `${boot.trim()}:${fields[19] ?? ''}`
  } catch {
    return ''
  }
}
