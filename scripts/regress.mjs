#!/usr/bin/env node
/**
 * PostgreSQL's own suites through a door: enforcing, commit gate on, rules that allow everything.
 *
 *   npm run test:regress                     the regression suite; fetches the source of PostgreSQL 15 (Debian, needs
 *                                            a compiler) and builds it
 *   npm run test:regress -- --isolation      the isolation suite, where several sessions get in each other's way
 *   npm run test:regress -- --direct         past the door, to compare
 *   PGSOURCE=/path npm run test:regress      uses a source tree in which src/test/regress and src/test/isolation are built
 *
 * Server and psql are the distribution's PostgreSQL 15; the source has to be of the same minor version.
 */
import { spawn, spawnSync } from 'node:child_process'
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { binariesIn } from '../dist/demo/binaries.js'
import { startCluster } from '../dist/demo/index.js'

/** The suites, and their tests whose output differs through the door, and why (docs/postgres-door.md, "Fidelity"). */
const suites = {
  regression: {
    folder: 'src/test/regress',
    database: 'regression',
    program: './pg_regress',
    arguments: ['--schedule=parallel_schedule', '--max-concurrent-tests=20'],
    atLeast: 200,
    known: {
      rules: 'rows that a DO INSTEAD SELECT rule returns for an UPDATE exist in the simple protocol only',
    },
  },
  isolation: {
    folder: 'src/test/isolation',
    // A test names it.
    database: 'isolation_regression',
    program: './pg_isolation_regress',
    arguments: ['--schedule=isolation_schedule', 'prepared-transactions', 'prepared-transactions-cic'],
    atLeast: 110,
    known: {},
  },
}
const { values: given } = parseArgs({ options: { isolation: { type: 'boolean' }, direct: { type: 'boolean' } } })
const suite = suites[given.isolation ? 'isolation' : 'regression']

const bin = '/usr/lib/postgresql/15/bin'
const main = fileURLToPath(new URL('../dist/cli/main.js', import.meta.url))
const work = mkdtempSync(join(tmpdir(), 'sallyport-regress-'))
// PostgreSQL runs as an unprivileged user, and reads the suite's data files.
chmodSync(work, 0o755)

function run(command, args, options = {}) {
  const { status, stdout, stderr } = spawnSync(command, args, { encoding: 'utf8', maxBuffer: 2 ** 28, ...options })
  if (status !== 0) throw new Error(`${command} ${args.join(' ')} failed:\n${(stderr || stdout || '').slice(-2_000)}`)
  return stdout
}

/** Source entries for what the machine's apt is set up with. */
function sourceEntries() {
  const entries = []
  const folder = '/etc/apt/sources.list.d'
  for (const name of readdirSync(folder).filter((file) => file.endsWith('.sources'))) {
    for (const stanza of readFileSync(join(folder, name), 'utf8').split(/\n\s*\n/)) {
      if (/^Types:/m.test(stanza)) entries.push(stanza.replace(/^Types:.*/m, 'Types: deb-src'))
    }
  }
  return entries.filter((stanza) => /debian/i.test(stanza)).join('\n\n')
}

function fetchSource() {
  const version = /\(Debian (\S+)\)/.exec(run(join(bin, 'postgres'), ['--version']))?.[1]
  if (version === undefined) throw new Error(`${bin}/postgres is not Debian's; give a built source tree as PGSOURCE`)
  const lists = join(work, 'lists')
  mkdirSync(join(lists, 'partial'), { recursive: true })
  writeFileSync(join(work, 'src.sources'), sourceEntries())
  const apt = [
    '-o',
    `Dir::Etc::sourcelist=${work}/src.sources`,
    '-o',
    'Dir::Etc::sourceparts=-',
    '-o',
    `Dir::State::lists=${lists}`,
  ]
  run('apt-get', [...apt, 'update'])
  run('apt-get', [...apt, '--download-only', 'source', `postgresql-15=${version}`], { cwd: work })
  const archive = readdirSync(work).find((name) => /\.orig\.tar\./.test(name))
  run('tar', ['xf', archive], { cwd: work })
  const source = join(
    work,
    readdirSync(work).find((name) => /^postgresql-15[\d.]+$/.test(name)),
  )
  console.log(`Building ${source}`)
  run('./configure', ['--without-readline', '--without-zlib', '--without-icu'], { cwd: source })
  run('make', ['-j2', '-C', 'src/test/regress'], { cwd: source })
  run('make', ['-j2', '-C', 'src/test/isolation'], { cwd: source })
  return source
}

async function freePort() {
  const server = createServer().listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  const { port } = server.address()
  await new Promise((resolve) => server.close(resolve))
  return port
}

async function startDoor(upstream) {
  const [api, door] = [await freePort(), await freePort()]
  mkdirSync(join(work, 'rules'))
  writeFileSync(
    join(work, 'rules/all.yaml'),
    "version: 1\nrules:\n  - { id: everything, about: Everything passes, when: 'true', then: allow }\n",
  )
  writeFileSync(
    join(work, 'sallyport.yaml'),
    `listen: 127.0.0.1:${api}
data: ${work}/data
rules: [${work}/rules]
doors:
  - { name: regress, protocol: postgres, listen: '127.0.0.1:${door}', upstream: 'postgres://127.0.0.1:${upstream}', environment: test, unknown: allow }
`,
  )
  const child = spawn(process.execPath, [main, 'serve', '-c', join(work, 'sallyport.yaml')], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  await new Promise((resolve, reject) => {
    child.once('exit', (code) => reject(new Error(`the server ended with exit code ${code}`)))
    child.stdout.on('data', (chunk) => String(chunk).includes('Door regress') && resolve())
  })
  child.removeAllListeners('exit')
  return { port: door, stop: () => new Promise((resolve) => child.once('exit', resolve) && child.kill('SIGTERM')) }
}

const source = process.env.PGSOURCE ?? fetchSource()
const folder = join(source, suite.folder)
run('chmod', ['-R', 'a+rX', source])
mkdirSync(join(folder, 'results'), { recursive: true })
chmodSync(join(folder, 'results'), 0o777)
const dataDir = join(work, 'pg')
mkdirSync(dataDir)
chmodSync(dataDir, 0o711)
const cluster = await startCluster({
  dataDir,
  port: await freePort(),
  binaries: (runAs) => binariesIn(bin, runAs),
  initdbFlags: ['--no-sync', '--locale=C', '--encoding=UTF8'],
  settings: {
    fsync: 'off',
    max_prepared_transactions: '2',
    timezone: 'PST8PDT',
    datestyle: 'Postgres, MDY',
    lc_messages: 'C',
  },
})
let door
try {
  const env = {
    ...process.env,
    PGUSER: cluster.superuser,
    PGPASSWORD: cluster.password,
    PGHOST: '127.0.0.1',
    PGTZ: 'PST8PDT',
    PGDATESTYLE: 'Postgres, MDY',
  }
  const sql = [
    `CREATE DATABASE ${suite.database} TEMPLATE template0 ENCODING 'UTF8' LC_COLLATE 'C' LC_CTYPE 'C'`,
    ...['lc_messages', 'lc_monetary', 'lc_numeric', 'lc_time'].map(
      (name) => `ALTER DATABASE ${suite.database} SET ${name} TO 'C'`,
    ),
    `ALTER DATABASE ${suite.database} SET bytea_output TO 'hex'`,
    `ALTER DATABASE ${suite.database} SET timezone_abbreviations TO 'Default'`,
  ]
  run(
    join(bin, 'psql'),
    ['-qX', '-p', String(cluster.port), '-d', 'postgres', ...sql.flatMap((text) => ['-c', text])],
    { env },
  )
  door = given.direct ? undefined : await startDoor(cluster.port)
  const { stdout } = spawnSync(
    suite.program,
    [
      '--use-existing',
      `--dbname=${suite.database}`,
      `--bindir=${bin}`,
      `--dlpath=${join(source, suites.regression.folder)}`,
      '--inputdir=.',
      '--host=127.0.0.1',
      `--port=${door?.port ?? cluster.port}`,
      `--user=${cluster.superuser}`,
      ...suite.arguments,
    ],
    { cwd: folder, env, encoding: 'utf8', maxBuffer: 2 ** 28 },
  )
  const results = [...stdout.matchAll(/^(?:test)?\s+(\S+)\s+\.\.\. (ok|FAILED)/gm)]
  const failed = results.filter(([, , result]) => result === 'FAILED').map(([, name]) => name)
  const unexpected = failed.filter((name) => given.direct || !(name in suite.known))
  for (const name of failed) {
    const reason = unexpected.includes(name) ? `UNEXPECTED, see ${folder}/regression.diffs` : suite.known[name]
    console.log(`${name}: ${reason}`)
  }
  console.log(
    `${results.length - failed.length} of ${results.length} as expected of a server, ${failed.length - unexpected.length} with a known difference`,
  )
  if (results.length < suite.atLeast || unexpected.length > 0) process.exitCode = 1
} finally {
  await door?.stop()
  await cluster.stop()
  if (process.exitCode !== 1) rmSync(work, { recursive: true, force: true })
}
