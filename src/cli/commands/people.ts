import { InvalidArgumentError, Option } from 'commander'
import { z } from 'zod'
import { parseDuration } from '../../config/index.ts'
import { roles } from '../../people/index.ts'
import { type ApiOptions, apiClient } from '../api-client.ts'
import { type AddCommand, collect, withApiOptions } from '../command.ts'
import { read } from '../hold-view.ts'
import { colorsOf, printJson } from '../io.ts'
import { safeText } from '../safe-text.ts'
import { table } from '../table.ts'

interface Options extends ApiOptions {
  readonly json?: true
}

interface AddOptions extends Options {
  readonly name?: string
  readonly kind: string
  readonly group: readonly string[]
  readonly role: readonly string[]
  readonly actor: readonly string[]
  readonly owner?: string
  readonly door: readonly string[]
}

interface AwayOptions extends ApiOptions {
  readonly deputy: string
  readonly until: string
  readonly from?: string
}

const personSchema = z.object({
  id: z.string(),
  name: z.string(),
  kind: z.string(),
  groups: z.array(z.string()),
  roles: z.array(z.string()),
  actors: z.array(z.string()),
  owner: z.string().optional(),
})

/** `sallyport people add|list|password-link|away|back|remove`, through the API of a running Sallyport. */
export const addPeople: AddCommand = (program, { io }) => {
  const people = program
    .command('people')
    .summary('who is who')
    .description(
      'Says who is who: reviewers, and the people behind the actors at doors. Through the API of a running Sallyport.',
    )

  withApiOptions(people.command('add'))
    .argument('<id>', 'id of the person, such as alice')
    .summary('add or change a person')
    .description('Adds a person. For an id that is known, puts the person as given in its place.')
    .option('--name <name>', 'what to call them (default: the id)')
    .addOption(new Option('--kind <kind>', 'what they are').choices(['human', 'service', 'agent']).default('human'))
    .option('--group <group>', 'a group they are in, may be given several times', collect, [])
    .addOption(
      new Option('--role <role>', 'what they may do, may be given several times')
        .choices([...roles])
        .argParser(collectRole)
        .default([]),
    )
    .option(
      '--actor <actor>',
      'an actor id of theirs at a door, such as shop-db:alice; may be given several times',
      collect,
      [],
    )
    .option('--owner <person>', 'for a service or agent: who answers for it')
    .option('--door <door>', 'a door at which they review, may be given several times (default: all)', collect, [])
    .option('--json', 'print the answer of the API')
    .action(async (id: string, options: AddOptions) => {
      const { name = id, kind, group, role, actor, owner, door } = options
      const body = {
        id,
        name,
        kind,
        groups: group,
        roles: role,
        actors: actor,
        ...(owner === undefined ? {} : { owner }),
        ...(door.length === 0 ? {} : { doors: door }),
      }
      const answer = await apiClient(options, io).post('/api/people', body)
      if (options.json) return printJson(io, answer)
      io.out(`${safeText(id)} is on the register.\n`)
    })

  withApiOptions(people.command('list'))
    .summary('everybody who is known')
    .description('Lists everybody who is known.')
    .option('--json', 'print the answer of the API')
    .action(async (options: Options) => {
      const answer = await apiClient(options, io).get('/api/people')
      if (options.json) return printJson(io, answer)
      const list = read(z.object({ people: z.array(personSchema) }), answer).people
      const rows = list.map(({ id, name, kind, roles, groups, actors, owner }) => [
        id,
        name,
        owner === undefined ? kind : `${kind} of ${owner}`,
        roles.join(', '),
        groups.join(', '),
        actors.join(', '),
      ])
      io.out(table(['ID', 'NAME', 'KIND', 'ROLES', 'GROUPS', 'ACTORS'], rows, colorsOf(io)))
    })

  withApiOptions(people.command('password-link'))
    .argument('<id>', 'id of the person')
    .summary('let a person set a password')
    .description(
      'Prints a link by which a person sets a (new) password: it works once, within a day. Give it to them, and to nobody else.',
    )
    .option('--json', 'print the answer of the API')
    .action(async (id: string, options: Options) => {
      const answer = await apiClient(options, io).post(`/api/people/${encodeURIComponent(id)}/password-link`, {})
      if (options.json) return printJson(io, answer)
      const { link, expiresAt } = read(z.object({ link: z.string(), expiresAt: z.string() }), answer)
      // The link alone on standard output, so that a script can take it; the rest is for the reader.
      io.out(`${safeText(link)}\n`)
      io.err(`Works once, until ${safeText(expiresAt)}. It is not shown again.\n`)
    })

  withApiOptions(people.command('away'))
    .argument('<id>', 'id of the person who is away; of others only as an admin')
    .requiredOption('--deputy <person>', 'who stands in for them on holds')
    .requiredOption('--until <time>', 'when they are back: 2031-01-31T08:00:00Z, or in how long: 12h, 14d', timeToCome)
    .option('--from <time>', 'when it begins (default: now)', timeToCome)
    .summary('let somebody stand in for a person')
    .description(
      'Puts somebody in the place of a person who is away: on holds the deputy has their groups, too, and the record says in whose place a vote was given.',
    )
    .action(async (id: string, options: AwayOptions) => {
      const { deputy, until, from } = options
      const body = { deputy, until, ...(from === undefined ? {} : { from }) }
      await apiClient(options, io).post(`/api/people/${encodeURIComponent(id)}/absence`, body)
      io.out(`${safeText(deputy)} stands in for ${safeText(id)} until ${until}.\n`)
    })

  withApiOptions(people.command('back'))
    .argument('<id>', 'id of the person')
    .summary('end an absence')
    .description('Ends an absence: nobody stands in for the person any more.')
    .action(async (id: string, options: ApiOptions) => {
      await apiClient(options, io).remove(`/api/people/${encodeURIComponent(id)}/absence`)
      io.out(`${safeText(id)} is back.\n`)
    })

  withApiOptions(people.command('remove'))
    .argument('<id>', 'id of the person')
    .summary('remove a person')
    .description('Removes a person and, with them, their tokens. What they did stays on the record.')
    .action(async (id: string, options: ApiOptions) => {
      await apiClient(options, io).remove(`/api/people/${encodeURIComponent(id)}`)
      io.out(`${safeText(id)} is removed.\n`)
    })
}

/** A time, or a span from now, as RFC 3339. */
function timeToCome(text: string): string {
  const span = parseDuration(text)
  if (span !== undefined) return new Date(Date.now() + span).toISOString()
  const time = /^\d{4}-\d{2}-\d{2}T/.test(text) ? Date.parse(text) : Number.NaN
  if (Number.isNaN(time)) throw new InvalidArgumentError('Write a time such as 2031-01-31T08:00:00Z, or a span: 14d.')
  return new Date(time).toISOString()
}

function collectRole(value: string, before: readonly string[]): string[] {
  if (!roles.some((role) => role === value)) throw new InvalidArgumentError(`Roles are ${roles.join(', ')}.`)
  return collect(value, before)
}
