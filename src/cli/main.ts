#!/usr/bin/env node
import process from 'node:process'
import { processIo } from './io.ts'
import { runCli } from './program.ts'

// A reader that has seen enough (`sallyport ledger list | head`) is no error.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(0)
  throw error
})

const code = await runCli(process.argv.slice(2), processIo())
// Not left to the event loop: after a second Ctrl-C, what hangs must not keep the process. First what was printed.
process.stdout.write('', () => process.exit(code))
