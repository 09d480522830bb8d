import { InvalidArgumentError, Option } from 'commander'
import { z } from 'zod'
import { parseDuration } from '../../config/index.ts'
import { scopes } from '../../people/index.ts'
import { type ApiOptions, apiClient } from '../api-client.ts'
import { type AddCommand, withApiOptions } from '../command.ts'
import { read } from '../hold-view.ts'
import { printJson } from '../io.ts'
import { safeText } from '../safe-text.ts'

interface IssueOptions extends ApiOptions {
  readonly label: string
  readonly expires?: number
  readonly scope?: string
  readonly json?: true
}

/** `sallyport token issue|revoke`, through the API of a running Sallyport. */
export const addToken: AddCommand = (program, { io }) => {
  const token = program
    .command('token')
    .summary('issue and revoke tokens')
    .description('Issues and revokes the bearer tokens people sign in with. Through the API of a running Sallyport.')

  withApiOptions(token.command('issue'))
    .argument('<person>', 'id of the person')
    .summary('issue a token')
    .description('Issues a token and prints it on standard output: it is shown this once, only its hash is kept.')
    .option('--label <text>', 'what it is for', 'command line')
    .option('--expires <duration>', 'how long it stands, such as 12h or 30d (default: until it is revoked)', lifetime)
    .addOption(
      new Option('--scope <scope>', 'the most it may be used for (default: all that its owner may)').choices([
        ...scopes,
      ]),
    )
    .option('--json', 'print the answer of the API')
    .action(async (person: string, options: IssueOptions) => {
      const { label, expires, scope } = options
      const expiresAt = expires === undefined ? null : new Date(Date.now() + expires).toISOString()
      const body = { label, expiresAt, ...(scope === undefined ? {} : { scope }) }
      const answer = await apiClient(options, io).post(`/api/people/${encodeURIComponent(person)}/tokens`, body)
      if (options.json) return printJson(io, answer)
      const issued = read(z.object({ id: z.string(), token: z.string() }), answer)
      // The token alone on standard output, so that a script can take it; the rest is for the reader.
      io.out(`${safeText(issued.token)}\n`)
      const until = expiresAt === null ? 'until it is revoked' : `until ${expiresAt}`
      io.err(`Token ${safeText(issued.id)} of ${safeText(person)}, ${until}. It is not shown again.\n`)
    })

  withApiOptions(token.command('revoke'))
    .argument('<id>', 'id of the token (not the token itself)')
    .summary('revoke a token')
    .description('Revokes a token at once.')
    .action(async (id: string, options: ApiOptions) => {
      await apiClient(options, io).remove(`/api/tokens/${encodeURIComponent(id)}`)
      io.out(`Token ${safeText(id)} is revoked.\n`)
    })
}

function lifetime(text: string): number {
  const duration = parseDuration(text)
  if (duration === undefined || duration === 0) throw new InvalidArgumentError('It is a duration such as 12h or 30d.')
  return duration
}
