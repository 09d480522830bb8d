import type { Command } from 'commander'
import type { ExitCode } from './exit-codes.ts'
import type { CliIo } from './io.ts'

/** What a command is given: input and output, and where to leave its exit code. */
export interface CliContext {
  readonly io: CliIo
  exit(code: ExitCode): void
}

/** Adds a command to the program. */
export type AddCommand = (program: Command, context: CliContext) => void

/** `commander` collects an option given several times. */
export function collect(value: string, before: readonly string[]): string[] {
  return [...before, value]
}

export function withApiOptions(command: Command): Command {
  return command
    .option('--url <address>', 'where Sallyport runs (SALLYPORT_URL; default http://127.0.0.1:7070)')
    .option('--token <token>', 'your token (better: SALLYPORT_TOKEN)')
}
