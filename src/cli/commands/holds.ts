import { impactText } from '../../action/index.ts'
import { type ApiOptions, apiClient } from '../api-client.ts'
import { type AddCommand, withApiOptions } from '../command.ts'
import { holdText, missing } from '../hold-text.ts'
import { readHold, readHolds } from '../hold-view.ts'
import { colorsOf, printJson } from '../io.ts'
import { safeText } from '../safe-text.ts'
import { table } from '../table.ts'

interface Options extends ApiOptions {
  readonly json?: true
}

/** `sallyport holds list|show|approve|reject|confirm|withdraw|break-glass|follow-up`, through the API of a running Sallyport. */
export const addHolds: AddCommand = (program, { io }) => {
  const holds = program
    .command('holds')
    .summary('see and decide what waits for review')
    .description('See and decide what waits for review, through the API of a running Sallyport.')

  withApiOptions(holds.command('list'))
    .summary('what waits for review')
    .description('Lists holds that are pending or approved and not used yet; with --closed those that are over.')
    .option('--closed', 'holds that are over instead')
    .option('--follow-up', 'holds that were forced and that nobody has looked at since instead')
    .option('--json', 'print the answer of the API')
    .action(async (options: Options & { closed?: true; followUp?: true }) => {
      const state = options.followUp ? 'follow-up' : options.closed ? 'closed' : 'pending'
      const answer = await apiClient(options, io).get(`/api/holds?state=${state}`)
      if (options.json) return printJson(io, answer)
      const list = readHolds(answer)
      if (list.length === 0) {
        if (options.followUp) return io.out('Nothing is left to look at.\n')
        return io.out(options.closed ? 'No hold is over yet.\n' : 'Nothing waits for review.\n')
      }
      const rows = list.map((hold) => [
        hold.hold,
        hold.state,
        hold.requester.name,
        hold.door,
        hold.actions.map(({ operation }) => operation).join(', '),
        hold.actions[0] === undefined ? '' : impactText(hold.actions[0].impact),
        hold.rule.id,
        missing(hold),
        hold.expiresAt,
      ])
      const head = ['HOLD', 'STATE', 'ASKED BY', 'DOOR', 'ACTION', 'IMPACT', 'RULE', 'MISSING', 'EXPIRES']
      io.out(table(head, rows, colorsOf(io)))
    })

  withApiOptions(holds.command('show'))
    .argument('<id>', 'the hold')
    .summary('one hold in full')
    .description(
      'Shows one hold in full: every statement with its parameters, the rule, the impact, the votes, and what is missing.',
    )
    .option('--json', 'print the answer of the API')
    .action(async (id: string, options: Options) => {
      const answer = await apiClient(options, io).get(`/api/holds/${encodeURIComponent(id)}`)
      if (options.json) return printJson(io, answer)
      io.out(holdText(readHold(answer), colorsOf(io)))
    })

  const vote = async (id: string, decision: 'approve' | 'reject' | 'confirm', reason: string, options: Options) => {
    const answer = await apiClient(options, io).post(`/api/holds/${encodeURIComponent(id)}/votes`, { decision, reason })
    if (options.json) return printJson(io, answer)
    const hold = readHold(answer)
    const open = hold.state === 'pending' ? `; missing: ${missing(hold)}` : ''
    io.out(`${safeText(`${hold.hold} is ${hold.state}${open}`)}\n`)
  }

  withApiOptions(holds.command('approve'))
    .argument('<id>', 'the hold')
    .summary('approve a hold')
    .description('Approves a hold, bound to exactly the statements and parameters that `holds show` prints.')
    .option('--reason <text>', 'why', '')
    .option('--json', 'print the answer of the API')
    .action((id: string, options: Options & { reason: string }) => vote(id, 'approve', options.reason, options))

  withApiOptions(holds.command('reject'))
    .argument('<id>', 'the hold')
    .summary('reject a hold')
    .description('Rejects a hold: one rejection ends it.')
    .requiredOption('--reason <text>', 'why; the requester is told')
    .option('--json', 'print the answer of the API')
    .action((id: string, options: Options & { reason: string }) => vote(id, 'reject', options.reason, options))

  withApiOptions(holds.command('confirm'))
    .argument('<id>', 'the hold')
    .summary('confirm what you asked for yourself')
    .description('Confirms an action of your own, where the rule leaves it to whoever asked.')
    .option('--reason <text>', 'why', '')
    .option('--json', 'print the answer of the API')
    .action((id: string, options: Options & { reason: string }) => vote(id, 'confirm', options.reason, options))

  withApiOptions(holds.command('withdraw'))
    .argument('<id>', 'the hold')
    .summary('take back what you asked for yourself')
    .description('Withdraws a hold of your own, or of a service or agent that you answer for.')
    .option('--reason <text>', 'why', '')
    .option('--json', 'print the answer of the API')
    .action(async (id: string, options: Options & { reason: string }) => {
      const path = `/api/holds/${encodeURIComponent(id)}/withdrawal`
      const answer = await apiClient(options, io).post(path, { reason: options.reason })
      if (options.json) return printJson(io, answer)
      io.out(`${safeText(readHold(answer).hold)} is withdrawn\n`)
    })

  withApiOptions(holds.command('break-glass'))
    .argument('<id>', 'the hold')
    .summary('let a hold pass in an emergency')
    .description(
      'Lets a hold pass without its review, in an emergency: for people of the groups in breakGlass of the configuration. Everybody concerned is told, and somebody else has to look at it afterwards.',
    )
    .requiredOption('--reason <text>', 'what the emergency is')
    .option('--json', 'print the answer of the API')
    .action(async (id: string, options: Options & { reason: string }) => {
      const path = `/api/holds/${encodeURIComponent(id)}/break-glass`
      const answer = await apiClient(options, io).post(path, { reason: options.reason })
      if (options.json) return printJson(io, answer)
      io.out(`${safeText(readHold(answer).hold)} may run; somebody else has to look at it afterwards\n`)
    })

  withApiOptions(holds.command('follow-up'))
    .argument('<id>', 'the hold')
    .summary('say that you have looked at what was forced')
    .description('Closes the review that stays open after an emergency. Not for whoever asked or forced it.')
    .requiredOption('--note <text>', 'what came of looking at it')
    .option('--json', 'print the answer of the API')
    .action(async (id: string, options: Options & { note: string }) => {
      const path = `/api/holds/${encodeURIComponent(id)}/follow-up`
      const answer = await apiClient(options, io).post(path, { note: options.note })
      if (options.json) return printJson(io, answer)
      io.out(`${safeText(readHold(answer).hold)} is reviewed\n`)
    })
}
