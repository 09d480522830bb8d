import { Option } from 'commander'
import { z } from 'zod'
import { lockKinds } from '../../locks/index.ts'
import { type ApiOptions, apiClient } from '../api-client.ts'
import { type AddCommand, withApiOptions } from '../command.ts'
import { duration } from '../duration.ts'
import { read } from '../hold-view.ts'
import { colorsOf, printJson } from '../io.ts'
import { safeText } from '../safe-text.ts'
import { table } from '../table.ts'

interface Options extends ApiOptions {
  readonly json?: true
}

interface PutOptions extends Options {
  readonly on: string
  readonly message: string
  readonly for?: number
}

const lockSchema = z.object({
  lock: z.string(),
  on: z.object({ kind: z.string(), name: z.string() }),
  message: z.string(),
  until: z.string().nullable(),
  by: z.string(),
})

/** `sallyport lock put|list|lift`, through the API of a running Sallyport. */
export const addLock: AddCommand = (program, { io }) => {
  const lock = program
    .command('lock')
    .summary('stop somebody or something now')
    .description('Stops a person, an actor, a door or a resource now. Through the API of a running Sallyport.')

  withApiOptions(lock.command('put'))
    .argument('<name>', 'id of the person, actor id such as shop-db:alice, name of the door or of the resource')
    .summary('lock somebody or something out')
    .description('Locks from now on: live sessions are cut, and everything is refused with the message.')
    .addOption(new Option('--on <kind>', 'what the name is of').choices([...lockKinds]).default('person'))
    .requiredOption('--message <text>', 'for whoever runs into it')
    .option('--for <duration>', 'how long, such as 30m or 12h (default: until it is lifted)', duration)
    .option('--json', 'print the answer of the API')
    .action(async (name: string, options: PutOptions) => {
      const until = options.for === undefined ? null : new Date(Date.now() + options.for).toISOString()
      const body = { on: { kind: options.on, name }, message: options.message, until }
      const answer = await apiClient(options, io).post('/api/locks', body)
      if (options.json) return printJson(io, answer)
      io.out(`${safeText(read(lockSchema, answer).lock)}\n`)
    })

  withApiOptions(lock.command('list'))
    .summary('the locks in force')
    .description('Lists the locks in force.')
    .option('--json', 'print the answer of the API')
    .action(async (options: Options) => {
      const answer = await apiClient(options, io).get('/api/locks')
      if (options.json) return printJson(io, answer)
      const { locks } = read(z.object({ locks: z.array(lockSchema) }), answer)
      if (locks.length === 0) return io.out('Nothing is locked.\n')
      const rows = locks.map(({ lock: id, on, message, until, by }) => {
        return [id, `${on.kind} ${on.name}`, message, until ?? 'it is lifted', by]
      })
      io.out(table(['LOCK', 'ON', 'MESSAGE', 'UNTIL', 'BY'], rows, colorsOf(io)))
    })

  withApiOptions(lock.command('lift'))
    .argument('<lock>', 'the lock')
    .summary('lift a lock')
    .description('Lifts a lock; who did it, and why, goes on the record.')
    .option('--reason <text>', 'why', '')
    .action(async (id: string, options: Options & { reason: string }) => {
      const query = new URLSearchParams({ reason: options.reason })
      await apiClient(options, io).remove(`/api/locks/${encodeURIComponent(id)}?${query}`)
      io.out(`${safeText(id)} is lifted\n`)
    })
}
