import { mkdir, readFile, realpath, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { SallyportError } from '../errors/index.ts'
import { isAlive, processBirth } from './process-identity.ts'

/** The folder that holds one PostgreSQL and what belongs to it. */
export interface ClusterHome {
  readonly folder: string
  /** PostgreSQL's own data directory; belongs to the user PostgreSQL runs as. */
  readonly cluster: string
  readonly passwordFile: string
  readonly log: string
}

/** Makes the folder and gives its real path: PostgreSQL's working folder is compared with it later. */
export async function openHome(path: string): Promise<ClusterHome> {
  await mkdir(path, { recursive: true, mode: 0o700 })
  const folder = await realpath(path)
  return {
    folder,
    cluster: join(folder, 'cluster'),
    passwordFile: join(folder, 'superuser-password'),
    log: join(folder, 'server.log'),
  }
}

/**
 * Takes the folder for this process, so that a second start does not stop the first one's database. The note names
 * pid and start time; one left by a process that is gone is replaced. Returns what gives the folder back.
 */
export async function claimHome(home: ClusterHome): Promise<() => Promise<void>> {
  const note = join(home.folder, 'owner.json')
  const mine = JSON.stringify({ pid: process.pid, birth: await processBirth(process.pid) })
  for (let attempt = 0; attempt < 3; attempt++) {
    try {
      await writeFile(note, mine, { flag: 'wx', mode: 0o600 })
      return () => rm(note, { force: true })
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error
    }
    const pid = await livingOwner(note)
    if (pid !== undefined) {
      throw new SallyportError('conflict', `The database in ${home.folder} is in use by process ${pid}`, {
        hint: 'Stop that one first, or choose another data folder.',
      })
    }
    await rm(note, { force: true })
  }
  throw new SallyportError('conflict', `The database in ${home.folder} is being started by another process`)
}

async function livingOwner(note: string): Promise<number | undefined> {
  try {
    const owner: unknown = JSON.parse(await readFile(note, 'utf8'))
    if (typeof owner !== 'object' || owner === null || !('pid' in owner) || !('birth' in owner)) return undefined
    const pid = Number(owner.pid)
    return isAlive(pid) && (await processBirth(pid)) === owner.birth ? pid : undefined
  } catch {
    // Torn by a crash while being written: nobody can be living behind it.
    return undefined
  }
}
