import { Command, CommanderError } from 'commander'
import { version } from '../version.ts'
import type { AddCommand, CliContext } from './command.ts'
import { addChange } from './commands/change.ts'
import { addClassify } from './commands/classify.ts'
import { addDemo } from './commands/demo.ts'
import { addHolds } from './commands/holds.ts'
import { addJudge } from './commands/judge.ts'
import { addLedger } from './commands/ledger.ts'
import { addLock } from './commands/lock.ts'
import { addNotify } from './commands/notify.ts'
import { addPeople } from './commands/people.ts'
import { addRules } from './commands/rules.ts'
import { addSchema } from './commands/schema.ts'
import { addServe } from './commands/serve.ts'
import { addSignIn } from './commands/sign-in.ts'
import { addToken } from './commands/token.ts'
import { addTour } from './commands/tour.ts'
import { addWitness } from './commands/witness.ts'
import { type ExitCode, exitCodes } from './exit-codes.ts'
import type { CliIo } from './io.ts'
import { reportError } from './report-error.ts'

const commands: readonly AddCommand[] = [
  addDemo,
  addTour,
  addServe,
  addHolds,
  addChange,
  addRules,
  addJudge,
  addClassify,
  addLedger,
  addWitness,
  addSignIn,
  addPeople,
  addLock,
  addNotify,
  addToken,
  addSchema,
]

/** The command tree, not yet run. */
export function createProgram(context: CliContext): Command {
  const { io } = context
  const program = new Command('sallyport')
    .description('Stops the dangerous action before it goes through, and keeps the record.')
    .version(version())
    .configureOutput({
      writeOut: io.out,
      writeErr: io.err,
      getOutHasColors: () => io.color,
      getErrHasColors: () => io.color,
    })
    .showHelpAfterError('(--help says more)')
    .exitOverride()
  for (const add of commands) add(program, context)
  return program
}

/** Runs one command line (without `node` and the script). @returns the exit code; never throws */
export async function runCli(args: readonly string[], io: CliIo): Promise<ExitCode> {
  let code: ExitCode = exitCodes.done.code
  const program = createProgram({
    io,
    exit: (wanted) => {
      code = wanted
    },
  })
  try {
    await program.parseAsync([...args], { from: 'user' })
    return code
  } catch (thrown) {
    // Commander has said what was wrong; --help and --version end this way, too.
    if (thrown instanceof CommanderError) return thrown.exitCode === 0 ? exitCodes.done.code : exitCodes.usage.code
    return reportError(thrown, io)
  }
}
