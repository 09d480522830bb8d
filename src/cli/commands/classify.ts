import { InvalidArgumentError } from 'commander'
import { errorMessage } from '../../errors/index.ts'
import type { AddCommand } from '../command.ts'
import { exitCodes } from '../exit-codes.ts'
import { printJson, readInput } from '../io.ts'
import { UsageError } from '../report-error.ts'

interface Options {
  readonly serverVersion: number
  readonly lines?: true
}

/** `sallyport classify postgres`: what SQL would do, by the server's own grammar; nothing is run. */
export const addClassify: AddCommand = (program, { io, exit }) => {
  program
    .command('classify')
    .summary('say what statements do')
    .description('Says what statements do, without running them.')
    .command('postgres')
    .summary('classify SQL')
    .description(
      'Reads SQL from standard input and prints one action for each statement as a JSON array: its effects, what it touches, whether a WHERE bounds it. Row counts need a server and stay unknown.',
    )
    .option('--server-version <major>', 'PostgreSQL major version whose grammar reads the SQL', majorVersion, 18)
    .option('--lines', 'print JSON lines instead of an array')
    .action(async ({ serverVersion, lines }: Options) => {
      let sql: string
      try {
        sql = await readInput(io)
      } catch (thrown) {
        throw new UsageError(`Standard input cannot be read as text: ${errorMessage(thrown)}`)
      }
      if (sql.trim() === '')
        throw new UsageError('Standard input is empty.', "Such as: echo 'DROP TABLE t' | sallyport classify postgres")
      // Loaded when needed: the parser is several megabytes of WebAssembly.
      const { classifyToActions, loadGrammar } = await import('../../doors/postgres/index.ts')
      const actions = classifyToActions(sql, await loadGrammar(serverVersion))
      if (actions.some(({ effects }) => effects.includes('unknown'))) exit(exitCodes.notUnderstood.code)
      if (lines) for (const action of actions) io.out(`${JSON.stringify(action)}\n`)
      else printJson(io, actions)
    })
}

function majorVersion(text: string): number {
  if (!/^\d{1,2}$/.test(text)) throw new InvalidArgumentError('It is a major version such as 18.')
  return Number(text)
}
