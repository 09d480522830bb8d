import { spawn } from 'node:child_process'
import { accessSync, constants, readdirSync, rmSync } from 'node:fs'
import { chmod, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { binariesIn } from '../../src/demo/binaries.ts'
import { embeddedBinaries, type PostgresBinaries, type RunningCluster, startCluster } from '../../src/demo/index.ts'
import type { RunAs } from '../../src/demo/run-as.ts'
import { freePort } from './ports.ts'
import { runToEnd } from './run-to-end.ts'

/** A PostgreSQL that integration tests can be run against on this machine. */
export interface TestPostgresKind {
  /** `embedded-18` from npm; `system-15` and the like where a distribution installed it. */
  readonly name: string
  readonly binaries: (runAs: RunAs | undefined) => Promise<PostgresBinaries>
}

/** Debian and Ubuntu keep each major version's programs in a folder of its own. */
const systemRoot = '/usr/lib/postgresql'

function systemMajors(): number[] {
  try {
    return readdirSync(systemRoot)
      .map(Number)
      .filter((major) => isExecutable(join(systemRoot, String(major), 'bin', 'postgres')))
      .sort((a, b) => a - b)
  } catch {
    return []
  }
}

/** Every PostgreSQL the tests can run against here. The embedded one is always among them. */
export function availablePostgres(): TestPostgresKind[] {
  return [
    { name: 'embedded-18', binaries: (runAs) => embeddedBinaries(runAs) },
    ...systemMajors().map((major) => ({
      name: `system-${major}`,
      binaries: (runAs: RunAs | undefined) => binariesIn(join(systemRoot, String(major), 'bin'), runAs),
    })),
  ]
}

/** What could not be run, by name and reason, so that a test run can say it aloud. */
export function unavailablePostgres(): { name: string; reason: string }[] {
  if (systemMajors().length > 0) return []
  return [{ name: 'system-15', reason: `no PostgreSQL server in ${systemRoot}/<version>/bin` }]
}

export interface TestPostgres extends RunningCluster {
  /** Connection string of the superuser to database `postgres`. */
  readonly superuserUrl: string
}

/** Clusters as initdb makes them, by kind: copying one takes a tenth of the time. They go with the process. */
const templates = new Map<string, Promise<string>>()

function template(kind: TestPostgresKind): Promise<string> {
  const made = templates.get(kind.name) ?? makeTemplate(kind)
  templates.set(kind.name, made)
  return made
}

async function makeTemplate(kind: TestPostgresKind): Promise<string> {
  const folder = await newFolder()
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }))
  await (await startIn(folder, kind, {})).stop()
  return folder
}

async function newFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'sallyport-test-pg-'))
  // Run by root, versions before 16 have to walk to their files as an unprivileged user.
  await chmod(folder, 0o711)
  return folder
}

async function startIn(
  dataDir: string,
  { binaries }: TestPostgresKind,
  settings: Readonly<Record<string, string>>,
): Promise<RunningCluster> {
  return startCluster({
    dataDir,
    port: await freePort(),
    binaries,
    initdbFlags: ['--no-sync'],
    settings: {
      fsync: 'off',
      synchronous_commit: 'off',
      full_page_writes: 'off',
      shared_buffers: '32MB',
      ...settings,
    },
  })
}

/** A throw-away server on a free port: no fsync, its files gone after `stop()`. */
export async function startTestPostgres(
  kind: TestPostgresKind | string = 'embedded-18',
  settings: Readonly<Record<string, string>> = {},
): Promise<TestPostgres> {
  const chosen = typeof kind === 'string' ? availablePostgres().find(({ name }) => name === kind) : kind
  if (!chosen) throw new Error(`no ${String(kind)} on this machine`)
  const from = await template(chosen)
  const dataDir = await newFolder()
  try {
    // Not by Node's own copying, which forgets whom the files belong to.
    const copied = await runToEnd('cp', ['-a', `${from}/.`, dataDir])
    if (copied.code !== 0) throw new Error(`the cluster could not be copied: ${copied.err}`)
    const running = await startIn(dataDir, chosen, settings)
    return {
      ...running,
      superuserUrl: running.url(running.superuser, running.password, 'postgres'),
      stop: async () => {
        await running.stop()
        await rm(dataDir, { recursive: true, force: true })
      },
    }
  } catch (error) {
    await rm(dataDir, { recursive: true, force: true })
    throw error
  }
}

/** Where psql is, or undefined; a test that needs it says so by name. */
export function psqlPath(): string | undefined {
  return (process.env.PATH ?? '')
    .split(delimiter)
    .map((folder) => join(folder, 'psql'))
    .find(isExecutable)
}

export interface PsqlResult {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  readonly stdout: string
  readonly stderr: string
}

export interface PsqlOptions {
  readonly stdin?: string
  readonly env?: Readonly<Record<string, string>>
  /** Milliseconds after which psql is killed; 20,000 unless told. */
  readonly timeout?: number
}

/** Runs the real psql, without anybody's .psqlrc, and gives what it printed. */
export async function psql(args: readonly string[], options: PsqlOptions = {}): Promise<PsqlResult> {
  const path = psqlPath()
  if (!path) throw new Error('psql is not in PATH (Debian: apt-get install postgresql-client)')
  const child = spawn(path, ['-X', ...args], {
    env: { PATH: process.env.PATH ?? '', HOME: '/nonexistent', LC_ALL: 'C', ...options.env },
    stdio: ['pipe', 'pipe', 'pipe'],
    timeout: options.timeout ?? 20_000,
    killSignal: 'SIGKILL',
  })
  let stdout = ''
  let stderr = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text
  })
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text
  })
  // psql may end before it has read everything: that is no failure of the helper's.
  child.stdin.on('error', () => {})
  child.stdin.end(options.stdin ?? '')
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code, signal) => resolve({ code, signal, stdout, stderr }))
  })
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}
