import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmod, cp, lstat, mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { embeddedPackage, runnableBinaries } from '../src/demo/binaries.ts'
import { type RunningCluster, startCluster, startEmbeddedPostgres } from '../src/demo/index.ts'
import { isAlive } from '../src/demo/process-identity.ts'
import { freePort } from './support/ports.ts'

const asRoot = process.getuid?.() === 0
const started: RunningCluster[] = []
let folder: string

beforeEach(async () => {
  // mkdtemp makes it mode 0700: as root this is already a folder that PostgreSQL's user cannot walk through.
  folder = await mkdtemp(join(tmpdir(), 'sallyport-embedded-'))
})

afterEach(async () => {
  vi.unstubAllEnvs()
  for (const cluster of started.splice(0)) await cluster.stop()
  await rm(folder, { recursive: true, force: true })
})

async function start(dataDir: string, port: number): Promise<RunningCluster> {
  const cluster = await startEmbeddedPostgres({ dataDir, port })
  started.push(cluster)
  return cluster
}

async function query(url: string, sql: string): Promise<unknown[]> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    return (await client.query(sql)).rows
  } finally {
    await client.end()
  }
}

const superuserUrl = (cluster: RunningCluster) => cluster.url(cluster.superuser, cluster.password, 'postgres')

describe('the embedded PostgreSQL', () => {
  it('starts in a folder nobody else may enter, and keeps its data over a restart', async () => {
    const dataDir = join(folder, 'postgres')
    const first = await start(dataDir, await freePort())
    expect(first.version).toMatch(/^18\./)
    await query(superuserUrl(first), 'CREATE TABLE kept AS SELECT 42 AS answer')
    await first.stop()
    expect(isAlive(first.pid)).toBe(false)

    const second = await start(dataDir, await freePort())
    expect(await query(superuserUrl(second), 'SELECT answer FROM kept')).toEqual([{ answer: 42 }])
    expect(second.password).toBe(first.password)
  })

  it('speaks UTF-8, asks for a SCRAM password, and listens on loopback TCP alone', async () => {
    const cluster = await start(join(folder, 'postgres'), await freePort())
    const [found] = await query(
      superuserUrl(cluster),
      `SELECT current_setting('server_encoding') AS encoding, current_setting('listen_addresses') AS listens,
              current_setting('unix_socket_directories') AS sockets, upper('bäume') AS upper,
              (SELECT rolpassword LIKE 'SCRAM-SHA-256$%' FROM pg_authid WHERE rolname = 'postgres') AS scram`,
    )
    expect(found).toEqual({
      encoding: 'UTF8',
      listens: '127.0.0.1',
      sockets: '',
      upper: 'BÄUME',
      scram: true,
    })
    await expect(query(cluster.url('postgres', 'wrong', 'postgres'), 'SELECT 1')).rejects.toThrow(/password/)
    const { mode } = await stat(join(folder, 'postgres', 'superuser-password'))
    expect(mode & 0o777).toBe(0o600)
  })

  it('names the port when somebody else listens on it, and leaves nothing behind that hinders the next start', async () => {
    const taken = createServer().listen(0, '127.0.0.1')
    await once(taken, 'listening')
    const address = taken.address()
    const port = address !== null && typeof address === 'object' ? address.port : 0
    await expect(start(join(folder, 'postgres'), port)).rejects.toMatchObject({
      code: 'address_in_use',
      message: expect.stringContaining(String(port)),
    })
    taken.close()
    await once(taken, 'close')
    await start(join(folder, 'postgres'), port)
  })

  it('refuses a second start on the same folder while the first runs', async () => {
    const first = await start(join(folder, 'postgres'), await freePort())
    await expect(start(join(folder, 'postgres'), await freePort())).rejects.toMatchObject({ code: 'conflict' })
    expect(await query(superuserUrl(first), 'SELECT 1 AS one')).toEqual([{ one: 1 }])
  })

  it('stops the server that an earlier run, killed outright, has left running on its folder', async () => {
    const dataDir = join(folder, 'postgres')
    const port = await freePort()
    const first = await start(dataDir, port)
    await query(superuserUrl(first), 'CREATE TABLE kept AS SELECT 42 AS answer')
    // As after kill -9 of the parent: the server runs on, and the note names a process that is gone.
    await writeFile(join(dataDir, 'owner.json'), JSON.stringify({ pid: await goneProcess(), birth: 'gone' }))

    const second = await start(dataDir, port)
    await first.exited
    expect(await query(superuserUrl(second), 'SELECT answer FROM kept')).toEqual([{ answer: 42 }])
  })

  it('recovers when the server itself was killed and left its pid file', async () => {
    const dataDir = join(folder, 'postgres')
    const first = await start(dataDir, await freePort())
    await query(superuserUrl(first), 'CREATE TABLE kept AS SELECT 42 AS answer')
    process.kill(first.pid, 'SIGKILL')
    await first.stop()
    expect(await readdir(join(dataDir, 'cluster'))).toContain('postmaster.pid')

    const second = await start(dataDir, await freePort())
    expect(await query(superuserUrl(second), 'SELECT answer FROM kept')).toEqual([{ answer: 42 }])
  })

  it('makes the cluster anew when an earlier start was cut short while making it', async () => {
    const dataDir = join(folder, 'postgres')
    await mkdir(join(dataDir, 'cluster.new'), { recursive: true })
    await writeFile(join(dataDir, 'cluster.new', 'PG_VERSION'), '18\n')
    await writeFile(join(dataDir, 'superuser-password'), 'from the first attempt\n')
    const cluster = await start(dataDir, await freePort())
    expect(await query(superuserUrl(cluster), 'SELECT 1 AS one')).toEqual([{ one: 1 }])
  })
})

describe('the package of PostgreSQL programs', () => {
  /** A package as npm leaves it with --ignore-scripts: no symbolic links. */
  async function packageWithoutLinks(at: string) {
    const real = await embeddedPackage()
    const native = join(at, 'native')
    await cp(real.native, native, {
      recursive: true,
      filter: async (path) => !path.endsWith('.a') && !(await lstat(path)).isSymbolicLink(),
    })
    return { native, version: 'test' }
  }

  it('is completed at run time when its install script was not run', async () => {
    await chmod(folder, 0o755)
    const pack = await packageWithoutLinks(folder)
    const binaries = await runnableBinaries(pack, asRoot ? { uid: 65534, gid: 65534 } : undefined)
    expect(binaries.postgres).toBe(join(pack.native, 'bin', 'postgres'))
    expect(binaries.version).toMatch(/^18\./)
  })

  it.runIf(asRoot)('is copied to the temp folder when only root can reach it, and the copy is used again', async () => {
    const closed = join(folder, 'closed')
    const shared = join(folder, 'shared')
    await mkdir(closed, { mode: 0o700 })
    await mkdir(shared)
    await chmod(folder, 0o755)
    vi.stubEnv('TMPDIR', shared)
    const pack = await packageWithoutLinks(closed)
    const dataDir = join(closed, 'data', 'postgres')
    const cluster = await startCluster({
      dataDir,
      port: await freePort(),
      binaries: (runAs) => runnableBinaries(pack, runAs),
    })
    started.push(cluster)
    expect(await query(superuserUrl(cluster), `SELECT count(*) > 500 AS zones FROM pg_timezone_names`)).toEqual([
      { zones: true },
    ])
    const status = await readFile(`/proc/${cluster.pid}/status`, 'utf8')
    expect(status).not.toMatch(/^Uid:\t0/m)
    expect(status).toMatch(/^Groups:\s*$/m)

    const [copy] = await readdir(shared)
    const made = await stat(join(shared, copy ?? ''))
    expect(made.uid).toBe(0)
    expect(made.mode & 0o777).toBe(0o755)
    await runnableBinaries(pack, { uid: 65534, gid: 65534 })
    expect((await stat(join(shared, copy ?? ''))).ino).toBe(made.ino)

    // A temp cleaner has been there.
    await rm(join(shared, copy ?? '', 'share'), { recursive: true })
    await runnableBinaries(pack, { uid: 65534, gid: 65534 })
    expect(await readdir(join(shared, copy ?? ''))).toContain('share')
    expect(await readdir(shared)).toEqual([copy])
  })

  it.runIf(asRoot)('is never run from a folder somebody else has planted under the name of the copy', async () => {
    const closed = join(folder, 'closed')
    const shared = join(folder, 'shared')
    await mkdir(closed, { mode: 0o700 })
    await mkdir(shared)
    await chmod(folder, 0o755)
    vi.stubEnv('TMPDIR', shared)
    const pack = await packageWithoutLinks(closed)
    const first = await runnableBinaries(pack, { uid: 65534, gid: 65534 })
    const name = (await readdir(shared))[0] ?? ''
    expect(first.postgres).toBe(join(shared, name, 'bin', 'postgres'))
    await cp(join(shared, name), join(shared, 'planted'), { recursive: true, verbatimSymlinks: true })
    await rm(join(shared, name), { recursive: true })
    await symlink(join(shared, 'planted'), join(shared, name))
    const second = await runnableBinaries(pack, { uid: 65534, gid: 65534 })
    expect(second.postgres.startsWith(shared)).toBe(false)
    await rm(join(second.postgres, '..', '..'), { recursive: true })
  })
})

/** The id of a process that has ended. */
async function goneProcess(): Promise<number> {
  const child = spawn(process.execPath, ['-e', ''])
  await once(child, 'exit')
  return child.pid ?? 0
}
