import { z } from 'zod'
import { type ApiOptions, apiClient } from '../api-client.ts'
import { type AddCommand, withApiOptions } from '../command.ts'
import { exitCodes } from '../exit-codes.ts'
import { read } from '../hold-view.ts'
import { colorsOf, printJson } from '../io.ts'
import { safeText } from '../safe-text.ts'
import { table } from '../table.ts'

interface Options extends ApiOptions {
  readonly json?: true
}

const channelsSchema = z.object({
  channels: z.array(
    z.object({
      name: z.string(),
      kind: z.string(),
      state: z.string(),
      queued: z.number(),
      sent: z.number(),
      lost: z.number(),
      lastError: z.object({ at: z.string(), message: z.string() }).nullable(),
    }),
  ),
})

const testSchema = z.object({ delivered: z.boolean(), problem: z.string().nullable() })

/** `sallyport notify list|test`, through the API of a running Sallyport. */
export const addNotify: AddCommand = (program, { io, exit }) => {
  const notify = program
    .command('notify')
    .summary('how people are told')
    .description('The channels that people are told through. Through the API of a running Sallyport.')

  withApiOptions(notify.command('list'))
    .summary('the channels, and how it stands with each')
    .description('Lists the channels: what was sent and lost since the start, and the last failure.')
    .option('--json', 'print the answer of the API')
    .action(async (options: Options) => {
      const answer = await apiClient(options, io).get('/api/notify')
      if (options.json) return printJson(io, answer)
      const { channels } = read(channelsSchema, answer)
      if (channels.length === 0) return io.out('No channel is configured (notify in the configuration).\n')
      const rows = channels.map(({ name, kind, state, queued, sent, lost, lastError }) => {
        const failure = lastError === null ? '–' : `${lastError.at} ${lastError.message}`
        return [name, kind, state, String(queued), String(sent), String(lost), failure]
      })
      io.out(table(['CHANNEL', 'KIND', 'STATE', 'QUEUED', 'SENT', 'LOST', 'LAST FAILURE'], rows, colorsOf(io)))
    })

  withApiOptions(notify.command('test'))
    .argument('<channel>', 'name of the channel')
    .summary('send a test message')
    .description('Sends a test message now, once, and says what became of it; exit code 1 where it did not arrive.')
    .option('--json', 'print the answer of the API')
    .action(async (channel: string, options: Options) => {
      const path = `/api/notify/${encodeURIComponent(channel)}/test`
      const answer = await apiClient(options, io).post(path, {})
      const { delivered, problem } = read(testSchema, answer)
      if (!delivered) exit(exitCodes.failed.code)
      if (options.json) return printJson(io, answer)
      const outcome = delivered ? `${channel} took the test message` : `${channel} did not take the test message`
      io.out(`${safeText(outcome)}${problem === null ? '' : `: ${safeText(problem)}`}\n`)
    })
}
