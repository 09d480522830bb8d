import type { Command } from 'commander'
import { z } from 'zod'
import { type ApiOptions, apiClient } from '../api-client.ts'
import { type CliContext, withApiOptions } from '../command.ts'
import { read } from '../hold-view.ts'
import { colorsOf, printJson } from '../io.ts'
import { safeText } from '../safe-text.ts'
import { table } from '../table.ts'

interface Options extends ApiOptions {
  readonly json?: true
}

const proposalSchema = z.object({
  proposal: z.string(),
  version: z.string(),
  origin: z.string(),
  by: z.string().nullable(),
  reason: z.string(),
  at: z.string(),
  state: z.string(),
})

/** `sallyport rules proposals|accept|reject`, through the API of a running Sallyport. */
export function addRuleProposals(rules: Command, { io }: CliContext): void {
  withApiOptions(rules.command('proposals'))
    .summary('changes of the rules that wait for a second person')
    .description('Lists changes of the rules that wait for somebody to accept them, and the last that did.')
    .option('--json', 'print the answer of the API')
    .action(async (options: Options) => {
      const answer = await apiClient(options, io).get('/api/rules/proposals')
      if (options.json) return printJson(io, answer)
      const { proposals } = read(z.object({ proposals: z.array(proposalSchema) }), answer)
      if (proposals.length === 0) return io.out('Nothing was proposed.\n')
      const rows = proposals.map(({ proposal, version, origin, by, reason, at, state }) => {
        return [proposal, state, version, origin, by ?? 'whoever changed the files', at, reason]
      })
      io.out(table(['PROPOSAL', 'STATE', 'VERSION', 'ORIGIN', 'BY', 'SINCE', 'REASON'], rows, colorsOf(io)))
    })

  for (const decision of ['accept', 'reject'] as const) {
    const done = { accept: 'accepted', reject: 'rejected' }[decision]
    withApiOptions(rules.command(decision))
      .argument('<proposal>', 'the proposal')
      .summary(`${decision} a change of the rules`)
      .description(
        decision === 'accept'
          ? 'Accepts a change of the rules that somebody else made; it comes into force once enough people have.'
          : 'Rejects a change of the rules; one no ends it.',
      )
      .option('--reason <text>', 'why; it goes on the record', '')
      .option('--json', 'print the answer of the API')
      .action(async (id: string, options: Options & { reason: string }) => {
        const path = `/api/rules/proposals/${encodeURIComponent(id)}/votes`
        const answer = await apiClient(options, io).post(path, { decision, reason: options.reason })
        if (options.json) return printJson(io, answer)
        const { version, state } = read(proposalSchema, answer)
        io.out(`${safeText(version)}: you ${done} it; the proposal is ${safeText(state)}\n`)
      })
  }
}
