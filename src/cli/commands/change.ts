import { readFile } from 'node:fs/promises'
import { InvalidArgumentError } from 'commander'
import { z } from 'zod'
import { SallyportError } from '../../errors/index.ts'
import { type ApiClient, type ApiOptions, apiClient } from '../api-client.ts'
import { changeSchema, changesTable, changeText } from '../change-text.ts'
import { type AddCommand, withApiOptions } from '../command.ts'
import { duration } from '../duration.ts'
import { read } from '../hold-view.ts'
import { type CliIo, colorsOf, printJson } from '../io.ts'
import { safeText } from '../safe-text.ts'
import { workloadToken } from '../workload-token.ts'

interface Options extends ApiOptions {
  readonly json?: true
}

interface OpenOptions extends Options {
  readonly door: string
  readonly database: string
  readonly title: string
  readonly rows: readonly DeclaredRows[]
  readonly expires: number
  readonly audience: string
  readonly wait?: number
}

interface DeclaredRows {
  readonly statement: number
  readonly rows: number
}

const openedSchema = z.object({ change: z.string(), secret: z.string() })
const progressSchema = z.object({ state: z.string(), reason: z.string().nullable() })

/** Seconds that the server is asked to wait in one request. */
const longPoll = 50

/** `sallyport change open|list|show|approve|reject|close`, through the API of a running Sallyport. */
export const addChange: AddCommand = (program, { io }) => {
  const change = program
    .command('change')
    .summary('deployments that are approved beforehand')
    .description(
      'Opens changes from CI, and decides on them: statements that are approved once, and pass once, in their order. Through the API of a running Sallyport.',
    )

  withApiOptions(change.command('open'))
    .argument('<files...>', 'files of SQL, in the order in which they run')
    .summary('open a change, from a CI job')
    .description(
      'Opens a change with the statements of the files, as the CI job that its OIDC token names. Prints what the job sets in its environment (PGOPTIONS) for its database client to be the run of the change.',
    )
    .requiredOption('--door <door>', 'the door that it goes through')
    .requiredOption('--database <database>', 'the database that it changes')
    .requiredOption('--title <text>', 'what it is about, for reviewers')
    .option(
      '--rows <statement=rows>',
      'rows that a statement may change or delete, counted from 1 over all files; may be given several times (default: none)',
      declaredRows,
      [],
    )
    .option('--expires <duration>', 'how long it lasts, review included', duration, 3_600_000)
    .option('--audience <audience>', 'audience of the OIDC token, where GitHub Actions is asked for one', 'sallyport')
    .option('--wait <duration>', 'wait so long for it to be approved, and fail if it is not', duration)
    .option('--json', 'print JSON instead: change, secret')
    .action(async (files: readonly string[], options: OpenOptions) => {
      const { door, database, title, rows, expires, wait } = options
      const sql = await Promise.all(files.map((file) => readFile(file, 'utf8')))
      const token = await workloadToken(io, options.audience)
      const body = { title, door, database, sql, rows, expiresIn: Math.ceil(expires / 1_000) }
      const opened = read(openedSchema, await apiClient({ ...options, token }, io).post('/api/ci/changes', body))
      // A line for the runner, which shows it as stars in everything that follows.
      if (io.env.GITHUB_ACTIONS === 'true') io.err(`::add-mask::${opened.secret}\n`)
      io.err(`Change ${safeText(opened.change)} is open.\n`)
      if (wait !== undefined) await approved(apiClient({ ...options, token: opened.secret }, io), opened.change, wait)
      if (options.json) return printJson(io, opened)
      io.out(environmentOf(opened, io))
    })

  withApiOptions(change.command('list'))
    .summary('changes that are open')
    .description('Lists changes that are pending or approved; with --all those that are over, too.')
    .option('--all', 'those that are over, too')
    .option('--json', 'print the answer of the API')
    .action(async (options: Options & { all?: true }) => {
      const answer = await apiClient(options, io).get(`/api/changes?state=${options.all ? 'all' : 'open'}`)
      if (options.json) return printJson(io, answer)
      const { changes } = read(z.object({ changes: z.array(changeSchema) }), answer)
      io.out(changes.length === 0 ? 'No change is open.\n' : changesTable(changes, colorsOf(io)))
    })

  withApiOptions(change.command('show'))
    .argument('<change>', 'the change')
    .summary('one change in full')
    .description('Shows one change in full: who opened it, and every statement whole, in order.')
    .option('--json', 'print the answer of the API')
    .action(async (id: string, options: Options) => {
      const answer = await apiClient(options, io).get(pathOf(id))
      if (options.json) return printJson(io, answer)
      io.out(changeText(read(changeSchema, answer), colorsOf(io)))
    })

  const told = (answer: unknown, options: Options) => {
    if (options.json) return printJson(io, answer)
    const { change: id, state } = read(changeSchema, answer)
    io.out(`${safeText(`${id} is ${state}`)}\n`)
  }
  const vote = async (id: string, decision: 'approve' | 'reject', reason: string, options: Options) =>
    told(await apiClient(options, io).post(`${pathOf(id)}/votes`, { decision, reason }), options)

  withApiOptions(change.command('approve'))
    .argument('<change>', 'the change')
    .summary('approve a change')
    .description('Approves a change: exactly the statements that `change show` prints, once, in this order.')
    .option('--reason <text>', 'why', '')
    .option('--json', 'print the answer of the API')
    .action((id: string, options: Options & { reason: string }) => vote(id, 'approve', options.reason, options))

  withApiOptions(change.command('reject'))
    .argument('<change>', 'the change')
    .summary('reject a change')
    .description('Rejects a change: one rejection ends it.')
    .requiredOption('--reason <text>', 'why')
    .option('--json', 'print the answer of the API')
    .action((id: string, options: Options & { reason: string }) => vote(id, 'reject', options.reason, options))

  withApiOptions(change.command('close'))
    .argument('<change>', 'the change')
    .summary('close a change')
    .description('Closes a change: nothing more of it passes. What a transaction has run already may still commit.')
    .option('--reason <text>', 'why', '')
    .option('--json', 'print the answer of the API')
    .action(async (id: string, options: Options & { reason: string }) => {
      const query = new URLSearchParams({ reason: options.reason })
      told(await apiClient(options, io).remove(`${pathOf(id)}?${query}`), options)
    })
}

/** @throws SallyportError `conflict` where it was not approved within so many milliseconds */
async function approved(api: ApiClient, change: string, wait: number): Promise<void> {
  const until = Date.now() + wait
  for (;;) {
    const left = Math.max(0, until - Date.now()) / 1_000
    const answer = await api.get(`/api/ci/changes/${change}?wait=${Math.min(longPoll, left)}`)
    const { state, reason } = read(progressSchema, answer)
    if (state === 'approved' || state === 'done') return
    if (state !== 'pending' || Date.now() >= until) {
      throw new SallyportError('conflict', `The change is ${state}${reason ? `: ${safeText(reason)}` : ''}.`)
    }
  }
}

/** Lines for the environment of the job, as `>> "$GITHUB_ENV"` takes them. */
function environmentOf({ change, secret }: z.infer<typeof openedSchema>, { env }: CliIo): string {
  const before = env.PGOPTIONS ? `${env.PGOPTIONS} ` : ''
  return `SALLYPORT_CHANGE=${change}\nPGOPTIONS=${before}-c sallyport.change=${secret}\n`
}

function pathOf(id: string): string {
  return `/api/changes/${encodeURIComponent(id)}`
}

function declaredRows(text: string, before: readonly DeclaredRows[]): DeclaredRows[] {
  const [, statement, rows] = /^(\d{1,6})=(\d{1,12})$/.exec(text) ?? []
  if (statement === undefined) throw new InvalidArgumentError('Write the statement and its rows: 3=500.')
  return [...before, { statement: Number(statement), rows: Number(rows) }]
}
