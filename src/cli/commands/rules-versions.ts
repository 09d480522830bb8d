import type { Command } from 'commander'
import { z } from 'zod'
import { type ApiOptions, apiClient } from '../api-client.ts'
import { type CliContext, withApiOptions } from '../command.ts'
import { read } from '../hold-view.ts'
import { type CliIo, colorsOf, printJson } from '../io.ts'
import { loadRules, readRules } from '../load-rules.ts'
import { safeLines, safeText } from '../safe-text.ts'
import { table } from '../table.ts'

interface Options extends ApiOptions {
  readonly json?: true
}

interface ChangeOptions extends Options {
  readonly reason: string
}

const versionsSchema = z.object({
  inForce: z.string(),
  files: z.string(),
  versions: z.array(
    z.object({
      version: z.string(),
      at: z.string(),
      inForceAt: z.string().nullable(),
      inForce: z.boolean(),
      switched: z.object({ by: z.string() }).nullable(),
      commit: z.string().optional(),
      files: z.array(z.object({ file: z.string() })),
    }),
  ),
})

const textsSchema = z.object({ texts: z.array(z.object({ file: z.string(), text: z.string() })) })

const changeSchema = z.object({ state: z.string(), version: z.string(), proposal: z.string().optional() })

/** `sallyport rules versions|show|load|rollback`, through the API of a running Sallyport. */
export function addRuleVersions(rules: Command, { io }: CliContext): void {
  withApiOptions(rules.command('versions'))
    .summary('every version of the rules on the record')
    .description('Lists every version of the rules on the record, newest first.')
    .option('--json', 'print the answer of the API')
    .action(async (options: Options) => {
      const answer = await apiClient(options, io).get('/api/rules/versions')
      if (options.json) return printJson(io, answer)
      const { inForce, files, versions } = read(versionsSchema, answer)
      const rows = versions.map(({ version, at, inForceAt, inForce: now, files: listed, switched, commit = '' }) => {
        const by = switched?.by ?? (inForceAt === null ? '' : 'the files')
        return [version, at, now ? 'now' : (inForceAt ?? 'never'), by, String(listed.length), commit.slice(0, 12)]
      })
      io.out(table(['VERSION', 'ON RECORD', 'IN FORCE', 'BY', 'FILES', 'COMMIT'], rows, colorsOf(io)))
      if (files !== inForce) io.out(`The files hold ${safeText(files)}, which is not in force.\n`)
    })

  withApiOptions(rules.command('show'))
    .argument('<version>', 'the version, 12 hex digits')
    .summary('the files of one version')
    .description('Prints the files of one version, as they stand on the record.')
    .option('--json', 'print the answer of the API')
    .action(async (version: string, options: Options) => {
      const answer = await apiClient(options, io).get(`/api/rules/versions/${encodeURIComponent(version)}`)
      if (options.json) return printJson(io, answer)
      const { dim } = colorsOf(io)
      for (const { file, text } of read(textsSchema, answer).texts) {
        io.out(`${dim(`# ${safeText(file)}`)}\n${safeLines(text)}${text.endsWith('\n') ? '' : '\n'}`)
      }
    })

  withApiOptions(rules.command('load'))
    .argument('<paths...>', 'rule files and folders: the whole set')
    .summary('put other rules in force')
    .description('Puts other rules in force, as a whole, without touching the files. They stay until the files change.')
    .requiredOption('--reason <text>', 'why; it goes on the record')
    .option('--json', 'print the answer of the API')
    .action(async (paths: string[], options: ChangeOptions) => {
      // What is wrong is said here, with its place, before anything is sent.
      await loadRules(paths)
      const files = await readRules(paths)
      printChange(
        await apiClient(options, io).post('/api/rules/versions', { files, reason: options.reason }),
        options,
        io,
      )
    })

  withApiOptions(rules.command('rollback'))
    .argument('<version>', 'the version, 12 hex digits')
    .summary('go back to a version on the record')
    .description(
      'Puts a version in force that is on the record, whatever the files say. It stays, over restarts too, until the files change.',
    )
    .requiredOption('--reason <text>', 'why; it goes on the record')
    .option('--json', 'print the answer of the API')
    .action(async (version: string, options: ChangeOptions) => {
      printChange(
        await apiClient(options, io).post('/api/rules/rollback', { version, reason: options.reason }),
        options,
        io,
      )
    })
}

function printChange(answer: unknown, { json }: Options, io: CliIo): void {
  if (json) return printJson(io, answer)
  const { state, version, proposal } = read(changeSchema, answer)
  if (state === 'in-force') io.out(`${safeText(version)} is in force\n`)
  else
    io.out(`${safeText(version)} is proposed: somebody else runs sallyport rules accept ${safeText(proposal ?? '')}\n`)
}
