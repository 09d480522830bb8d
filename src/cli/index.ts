/**
 * cli/: the `sallyport` command. `main.ts` runs it; one file per command in `commands/`.
 *
 * Commands read and write through `CliIo`, so that tests run them in their own process. Text that somebody else wrote
 * (statements, names, reasons) goes through `safe-text.ts` before a person sees it.
 * @module
 */
export { type ExitCode, exitCodes } from './exit-codes.ts'
export { type CliIo, processIo } from './io.ts'
export { createProgram, runCli } from './program.ts'
export { actionReference } from './reference/action.ts'
export { cliReference } from './reference/cli.ts'
export { errorsReference } from './reference/errors.ts'
export { rulesReference } from './reference/rules.ts'
export { safeLines, safeText } from './safe-text.ts'
export { untilStopped } from './until-stopped.ts'
