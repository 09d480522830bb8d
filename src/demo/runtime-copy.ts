import { randomBytes } from 'node:crypto'
import { chmod, copyFile, lstat, mkdir, mkdtemp, readdir, realpath, rename, rm, stat, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, dirname, join, relative } from 'node:path'
import { errorMessage, SallyportError } from '../errors/index.ts'

/** A symbolic link to create: where it stands and what it points at, both relative to the native folder. */
export interface LibraryLink {
  readonly path: string
  readonly target: string
}

/**
 * Copies PostgreSQL's files to a folder any user may read and run from, for when the package itself lies where the
 * unprivileged user cannot go (a checkout under /root). The copy is kept for the next start, under a name that carries
 * the version; `accepts` says whether PostgreSQL really runs from there (a temp folder may be mounted noexec).
 */
export async function runtimeCopy(
  native: string,
  name: string,
  links: readonly LibraryLink[],
  accepts: (native: string) => Promise<void>,
): Promise<string> {
  const problems: string[] = []
  for (const parent of new Set([tmpdir(), '/var/tmp', '/tmp'])) {
    try {
      const folder = join(await sharedParent(parent), name)
      if (!(await isIntactCopy(native, folder, links))) await install(native, folder, links)
      await accepts(folder)
      return folder
    } catch (error) {
      problems.push(`${join(parent, name)}: ${errorMessage(error)}`)
    }
  }
  throw new SallyportError('forbidden', `PostgreSQL cannot be copied to where an unprivileged user can run it`, {
    hint: `${problems.join('; ')}. Run as an ordinary user, or set TMPDIR to a folder everybody may enter.`,
  })
}

/** Which files of the package are needed to run the server: no static libraries, headers or build files. */
function isNeeded(path: string): boolean {
  return !path.endsWith('.a') && !/(^|\/)(pkgconfig|pgxs|include)(\/|$)/.test(path)
}

/** The real path of a folder in which other users can reach what we put there and cannot replace it. */
async function sharedParent(parent: string): Promise<string> {
  const real = await realpath(parent)
  for (let folder = real; ; folder = dirname(folder)) {
    const { mode, uid } = await stat(folder)
    if ((mode & 0o001) === 0) throw new Error(`${folder} may not be entered by everybody`)
    // In a folder others may write to, only the sticky bit stops them from renaming what is ours.
    if ((mode & 0o022) !== 0 && (mode & 0o1000) === 0) throw new Error(`${folder} is writable without a sticky bit`)
    if (uid !== 0 && uid !== process.getuid?.()) throw new Error(`${folder} belongs to another user`)
    if (folder === dirname(folder)) return real
  }
}

/**
 * True when the folder holds every file of the package at its full size; false when there is none or it is incomplete
 * (a temp cleaner has been there). Throws when somebody else could have made or changed it.
 */
async function isIntactCopy(native: string, folder: string, links: readonly LibraryLink[]): Promise<boolean> {
  // lstat: a symbolic link planted under this name must not be followed.
  const found = await lstat(folder).catch(() => undefined)
  if (!found) return false
  if (!found.isDirectory() || found.uid !== process.getuid?.() || (found.mode & 0o022) !== 0) {
    throw new Error('exists and is not a folder of our own')
  }
  for (const file of await packageFiles(native)) {
    const [original, copy] = await Promise.all([
      stat(join(native, file)),
      lstat(join(folder, file)).catch(() => undefined),
    ])
    if (!copy?.isFile() || copy.size !== original.size) return false
  }
  for (const link of links) {
    if (!(await lstat(join(folder, link.path)).catch(() => undefined))?.isSymbolicLink()) return false
  }
  return true
}

/** Copies beside the final name and renames into place, so that nobody ever sees half a copy. */
async function install(native: string, folder: string, links: readonly LibraryLink[]): Promise<void> {
  const staging = await mkdtemp(`${folder}.new-`)
  try {
    for (const file of await packageFiles(native)) {
      const to = join(staging, file)
      await makeFolders(staging, dirname(file))
      await copyFile(join(native, file), to)
      // Modes are set, not inherited: the package may have been installed under a strict umask.
      await chmod(to, file.startsWith('bin/') ? 0o755 : 0o644)
    }
    for (const link of links) {
      await symlink(relative(dirname(link.path), link.target), join(staging, link.path))
    }
    await chmod(staging, 0o755)
    await replace(staging, folder)
  } finally {
    await rm(staging, { recursive: true, force: true })
  }
}

async function makeFolders(root: string, path: string): Promise<void> {
  if (path === '.') return
  await makeFolders(root, dirname(path))
  const folder = join(root, path)
  await mkdir(folder).catch((error) => {
    if (error.code !== 'EEXIST') throw error
  })
  await chmod(folder, 0o755)
}

/** Renames staging to folder; a damaged older copy of ours is moved away first. */
async function replace(staging: string, folder: string): Promise<void> {
  const old = join(dirname(folder), `${basename(folder)}.old-${randomBytes(6).toString('hex')}`)
  const moved = await rename(folder, old).then(
    () => true,
    () => false,
  )
  await rename(staging, folder)
  if (moved) await rm(old, { recursive: true, force: true })
}

/** Paths of the regular files the server needs, relative to the native folder; symbolic links are made afresh. */
async function packageFiles(native: string): Promise<string[]> {
  const entries = await readdir(native, { recursive: true, withFileTypes: true })
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => relative(native, join(entry.parentPath, entry.name)))
    .filter((path) => path.includes('/') && isNeeded(path))
}
