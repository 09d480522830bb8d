import { completeAction, type Outcome } from '../../action/index.ts'
import { type AddCommand, collect } from '../command.ts'
import { type ExitCode, exitCodes } from '../exit-codes.ts'
import { printJson } from '../io.ts'
import { loadRules } from '../load-rules.ts'
import { readAction } from '../read-action.ts'

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
