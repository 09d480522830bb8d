import { formatAddress, loadConfig } from '../../config/index.ts'
import type { AddCommand } from '../command.ts'
import { exitCodes } from '../exit-codes.ts'
import { reloadOnHangup } from '../reload-on-hangup.ts'
import { untilStopped } from '../until-stopped.ts'

/** `sallyport serve`: guards until it is told to stop. */
export const addServe: AddCommand = (program, { io, exit }) => {
  program
    .command('serve')
    .summary('guard')
    .description(
      'Starts the doors, the API and the console as configured. Ctrl-C or SIGTERM stops cleanly; a second one at once.',
    )
    .option('-c, --config <file>', 'configuration file', 'sallyport.yaml')
    .option('--sign-in', 'print a fresh link to set the password of the admin made at the first start')
    .action(async (options: { config: string; signIn?: boolean }) => {
      const config = loadConfig(options.config)
      const { firstAdmin, startServer } = await import('../../server/index.ts')
      // Listening for signals from the start: one that comes while starting stops what was started.
      const starting = startServer(config)
      const stopped = untilStopped(async () => (await starting).close())
      const server = await starting
      const stopReloading = reloadOnHangup(() => server.reload())
      io.out(`Console and API: ${server.url}\n`)
      for (const door of server.doors) {
        const upstream = config.doors.find(({ name }) => name === door.name)?.upstream
        const behind = upstream === undefined ? '' : ` → ${formatAddress(upstream)}`
        io.out(`Door ${door.name}: ${formatAddress(door.address)}${behind}\n`)
      }
      const first = await firstAdmin(server, options.signIn === true)
      // Shown once and kept nowhere: only its digest is on the ledger.
      if (first !== undefined) {
        io.out(`First sign-in: ${first.link}\n  as admin: sets the password, works once, until ${first.expiresAt}\n`)
      }
      const stoppedCleanly = await stopped
      stopReloading()
      if (!stoppedCleanly) exit(exitCodes.failed.code)
    })
}
