import { actionInputSchema, completeAction, type Outcome } from '../../action/index.ts'
import { errorMessage } from '../../errors/index.ts'
import { type AddCommand, collect } from '../command.ts'
import { type ExitCode, exitCodes } from '../exit-codes.ts'
import type { CliIo } from '../io.ts'
import { printJson, readInput } from '../io.ts'
import { loadRules } from '../load-rules.ts'
import { UsageError } from '../report-error.ts'

interface Options {
  readonly rules: readonly string[]
  readonly action?: string
}

/** `sallyport judge`: what the rules say of one action, without a server and without a record. */
export const addJudge: AddCommand = (program, { io, exit }) => {
  program
    .command('judge')
    .summary('judge one action')
    .description(
      'Reads an action as JSON from standard input (fields left out are neutral; see `sallyport schema action`) and prints what the rules say of it as JSON. Nothing is recorded. The exit code is the verdict.',
    )
    .option('--rules <path>', 'rule file or folder, may be given several times (default: ./rules)', collect, [])
    .action(async (options: Options) => {
      const input = await readAction(io)
      const { judge } = await loadRules(options.rules)
      const judgement = judge.judge(completeAction(input, new Date().toISOString()))
      printJson(io, { ...judgement, ruleSet: judge.version })
      exit(exitCodeOf(judgement.outcome))
    })
}

async function readAction(io: CliIo) {
  let value: unknown
  try {
    value = JSON.parse(await readInput(io))
  } catch (thrown) {
    throw new UsageError(`Standard input is not JSON: ${errorMessage(thrown)}`, hint)
  }
  const parsed = actionInputSchema.safeParse(value)
  if (parsed.success) return parsed.data
  const problems = parsed.error.issues.map(({ path, message }) => `  ${path.join('.') || 'the action'}: ${message}`)
  throw new UsageError(`Standard input is not an action:\n${problems.join('\n')}`, hint)
}

const hint = `Such as: echo '{"effects":["delete"],"impact":{"bounded":false}}' | sallyport judge`

function exitCodeOf(outcome: Outcome): ExitCode {
  switch (outcome) {
    case 'allow':
    case 'flag':
      return exitCodes.done.code
    case 'hold':
      return exitCodes.held.code
    case 'block':
      return exitCodes.blocked.code
  }
}
