import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { chown, type FileHandle, mkdir, open, readFile, rename, rm } from 'node:fs/promises'
import { platform } from 'node:os'
import { join } from 'node:path'
import { errorMessage, SallyportError } from '../errors/index.ts'
import { childEnvironment, type PostgresBinaries } from './binaries.ts'
import type { ClusterHome } from './cluster-home.ts'
import type { RunAs } from './run-as.ts'

export const superuser = 'postgres'

/**
 * How PostgreSQL is told where its data directory is. Dropping from root, the parents of the folder may be closed to
 * the new user (a checkout under /root, mode 0700). The child is started with its working folder already inside, and
 * `/proc/self/cwd` leads there without passing through the parents: following that link needs no permission on the
 * path (proc(5), "magic links"). PostgreSQL stays in its data directory for life, so the link stays right.
 * Before version 16 PostgreSQL's programs left their working folder while looking for themselves (resolve_symlinks in
 * src/common/exec.c), so those need a folder they can walk to.
 */
export function dataDirectory(folder: string, binaries: PostgresBinaries, runAs: RunAs | undefined): string {
  return runAs && platform() === 'linux' && binaries.major >= 16 ? '/proc/self/cwd' : folder
}

/** The superuser's password of an existing cluster, or of one made now. Never leaves half a cluster behind. */
export async function ensureCluster(
  home: ClusterHome,
  binaries: PostgresBinaries,
  runAs: RunAs | undefined,
  initdbFlags: readonly string[],
  log: (line: string) => void,
): Promise<string> {
  const made = await readFile(join(home.cluster, 'PG_VERSION'), 'utf8').catch(() => undefined)
  if (made === undefined) {
    log(`creating a PostgreSQL ${binaries.version} database in ${home.folder}`)
    return createCluster(home, binaries, runAs, initdbFlags)
  }
  if (Number.parseInt(made, 10) !== binaries.major) {
    throw new SallyportError(
      'unsupported',
      `${home.cluster} was made by PostgreSQL ${made.trim()}, and this is ${binaries.version}`,
      { hint: `Remove ${home.folder} to start afresh: what is stored in that database is lost.` },
    )
  }
  try {
    return (await readFile(home.passwordFile, 'utf8')).trim()
  } catch (cause) {
    throw new SallyportError('not_found', `The superuser's password is missing: ${home.passwordFile}`, {
      hint: `Put the file back, or remove ${home.folder} to start afresh: what is stored in that database is lost.`,
      cause,
    })
  }
}

async function createCluster(
  home: ClusterHome,
  binaries: PostgresBinaries,
  runAs: RunAs | undefined,
  initdbFlags: readonly string[],
): Promise<string> {
  const staging = `${home.cluster}.new`
  await rm(staging, { recursive: true, force: true })
  await mkdir(staging, { mode: 0o700 })
  const password = randomBytes(24).toString('base64url')
  await rm(home.passwordFile, { force: true })
  const file = await open(home.passwordFile, 'wx+', 0o600)
  try {
    await file.writeFile(`${password}\n`)
    if (runAs) {
      await giveTo(staging, runAs)
      await file.chown(runAs.uid, runAs.gid)
    }
    await initdb(home, binaries, runAs, [...localeFlags(binaries.major), ...initdbFlags], staging, file)
    if (runAs) await file.chown(0, 0)
    await file.sync()
  } catch (error) {
    await rm(staging, { recursive: true, force: true })
    throw error
  } finally {
    await file.close()
  }
  await rename(staging, home.cluster)
  return password
}

async function giveTo(folder: string, runAs: RunAs): Promise<void> {
  await chown(folder, runAs.uid, runAs.gid).catch((cause) => {
    throw new SallyportError(
      'forbidden',
      `PostgreSQL cannot run as root, and ${folder} cannot be given to user id ${runAs.uid}`,
      {
        hint: `${errorMessage(cause)}. Run as an ordinary user instead of root.`,
        cause,
      },
    )
  })
}

/** PostgreSQL 17 brought a UTF-8 locale of its own, the same on every platform; before, the C library's is used. */
function localeFlags(major: number): string[] {
  return major >= 17 ? ['--locale=C', '--locale-provider=builtin', '--builtin-locale=C.UTF-8'] : ['--locale=C.UTF-8']
}

async function initdb(
  home: ClusterHome,
  binaries: PostgresBinaries,
  runAs: RunAs | undefined,
  flags: readonly string[],
  folder: string,
  passwordFile: FileHandle,
): Promise<void> {
  const target = dataDirectory(folder, binaries, runAs)
  const args = [
    `--pgdata=${target}`,
    `--username=${superuser}`,
    '--encoding=UTF8',
    '--auth-host=scram-sha-256',
    // No unix socket is opened; should one ever be, nobody gets in through it.
    '--auth-local=reject',
    // Handed over as an open file where the path cannot be walked by the new user, as with the folder.
    `--pwfile=${target === folder ? home.passwordFile : '/proc/self/fd/0'}`,
    ...flags,
  ]
  const child = spawn(binaries.initdb, args, {
    ...runAs,
    cwd: folder,
    env: childEnvironment,
    stdio: [passwordFile.fd, 'pipe', 'pipe'],
  })
  let output = ''
  const collect = (chunk: Buffer) => {
    output = (output + chunk.toString()).slice(-4000)
  }
  child.stdout?.on('data', collect)
  child.stderr?.on('data', collect)
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', resolve)
  })
  if (code === 0) return
  const said = output.split('\n').filter((line) => /error|fatal|hint/i.test(line))
  throw new SallyportError(
    'unsupported',
    `initdb failed with exit code ${code}: ${said.join(' ') || output.trim()}`,
    // Containers are often run under a number nobody has given a name to.
    /could not look up effective user ID/.test(output)
      ? { hint: 'PostgreSQL needs a name for the user it runs as: add a line for that id to /etc/passwd.' }
      : {},
  )
}
