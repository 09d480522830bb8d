import { join } from 'node:path'
import type { Command } from 'commander'
import { Backtest, type BacktestLine, type BacktestReport } from '../../gate/index.ts'
import { readLedger } from '../../ledger/index.ts'
import { type CliContext, collect } from '../command.ts'
import { type CliIo, printJson } from '../io.ts'
import { loadRules } from '../load-rules.ts'
import { UsageError } from '../report-error.ts'
import { safeText } from '../safe-text.ts'

interface Options {
  readonly rules: readonly string[]
  readonly data: string
  readonly since: string
  readonly json?: true
}

/** `sallyport rules backtest|coverage`: rules tried on what is on the record. */
export function addRulesOnRecord(rules: Command, { io }: CliContext): void {
  const onRecord = (command: Command) =>
    command
      .option('--rules <path>', 'rule file or folder, may be given several times (default: ./rules)', collect, [])
      .option('--data <folder>', 'data folder of the server', './data')
      .option('--since <span>', 'how far back: 30d, 12h; windows are filled from before', '30d')
      .option('--json', 'print the report as JSON')

  onRecord(rules.command('backtest'))
    .summary('what other rules would have said')
    .description(
      'Reads the record and reports what a candidate rule set would have held, blocked or let through differently, by rule and by actor, with examples. Works with or without a server running, and changes nothing.',
    )
    .action(async (options: Options) => {
      const report = await run(options)
      if (options.json) return printJson(io, report)
      printBacktest(report, io)
    })

  onRecord(rules.command('coverage'))
    .summary('rules that do nothing, and what no rule looks at')
    .description(
      'Reads the record and says which rules never fired, which never decided because others stand before them, and which effects at which doors no rule looks at.',
    )
    .action(async (options: Options) => {
      const { coverage, actions, from, to } = await run(options)
      if (options.json) return printJson(io, { actions, from, to, ...coverage })
      io.out(`${actions} actions${from === null ? '' : `, ${from} to ${to}`}\n`)
      printList(io, 'Never fired', coverage.neverFired)
      printList(io, 'Fired, but others always decided', coverage.neverDecided)
      const unwatched = coverage.unwatched.map(({ door, effect, actions }) => `${effect} at ${door} (${actions})`)
      printList(io, 'No rule looks at', unwatched)
    })
}

/** Longest span of a window, which is read before what is judged. */
const dayMs = 86_400_000

async function run({ rules, data, since }: Options): Promise<BacktestReport> {
  const [, amount, unit] = /^([1-9]\d{0,4})([hd])$/.exec(since) ?? []
  if (amount === undefined) throw new UsageError(`--since ${since} is no span.`, 'Such as: --since 30d, --since 12h')
  const compiled = await loadRules(rules)
  const start = Date.now() - Number(amount) * (unit === 'd' ? dayMs : dayMs / 24)
  const before = Math.max(0, ...compiled.windows.map(({ over }) => over))
  const backtest = new Backtest(compiled, start)
  for await (const entry of readLedger(join(data, 'ledger'), { since: start - before })) backtest.add(entry)
  return backtest.report()
}

function printBacktest(report: BacktestReport, io: CliIo): void {
  const { ruleSet, actions, from, to, changes, interruptedPerWeek, holdsPerDay } = report
  io.out(`Rule set ${ruleSet} on ${actions} actions${from === null ? '' : `, ${from} to ${to}`}\n`)
  io.out(`Holds a day: ${holdsPerDay.becomes} (were ${holdsPerDay.was})\n`)
  io.out(`People interrupted a week: ${interruptedPerWeek.becomes} (were ${interruptedPerWeek.was})\n`)
  for (const { was, becomes, actions } of changes) io.out(`${was} → ${becomes}: ${actions}\n`)
  if (changes.length === 0) io.out('Nothing comes out differently.\n')
  printLines(io, 'By rule', report.rules)
  printLines(io, 'By actor', report.actors)
}

function printLines(io: CliIo, title: string, lines: readonly BacktestLine[]): void {
  if (lines.length === 0) return
  io.out(`\n${title}\n`)
  for (const { name, held, blocked, flagged, differently, examples } of lines.slice(0, 50)) {
    io.out(`  ${safeText(name)}: ${held} held, ${blocked} blocked, ${flagged} flagged; ${differently} differently\n`)
    for (const { at, actor, operation, statement, rows, was, becomes } of examples) {
      const what = `${operation}${rows === null ? '' : `, ${rows} rows`}${statement === null ? '' : `: ${statement}`}`
      io.out(`    ${at} ${safeText(actor)} ${was} → ${becomes}  ${safeText(what)}\n`)
    }
  }
}

function printList(io: CliIo, title: string, items: readonly string[]): void {
  io.out(`\n${title}: ${items.length === 0 ? 'nothing' : items.length}\n`)
  for (const item of items) io.out(`  ${safeText(item)}\n`)
}
