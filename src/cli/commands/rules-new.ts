import { readFile, writeFile } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import type { Command } from 'commander'
import { type Effect, effects } from '../../action/index.ts'
import { errorMessage, SallyportError } from '../../errors/index.ts'
import {
  compileRules,
  draftActors,
  draftOutcomes,
  draftRule,
  modes,
  type RuleText,
  type RuleWish,
  severities,
  withDraft,
} from '../../rules/index.ts'
import type { CliContext } from '../command.ts'
import { answer, oneOf, wordsOr } from '../interview.ts'
import type { CliIo } from '../io.ts'
import { readRules } from '../load-rules.ts'
import { UsageError } from '../report-error.ts'
import { safeText } from '../safe-text.ts'
import { wholeNumber } from '../whole-number.ts'

/** What options say; everything else is asked. */
type Options = Readonly<Partial<Record<keyof typeof optionHelp | 'file', string>>>

const optionHelp = {
  effects: 'what it looks at: effects, with commas between them',
  environments: 'environments of doors, with commas; all: every door',
  tables: 'tables, with commas; without a schema: of every schema; all: whatever there is',
  actors: `whose doing: ${draftActors.join(', ')}`,
  rows: 'more rows than this; any: however many',
  within: 'once: of one statement; or of one actor within a span such as 10m',
  outcome: `what comes of it: ${draftOutcomes.join(', ')}`,
  approvals: 'for a hold: how many must approve',
  from: 'for a hold: groups that may, with commas; any: every reviewer',
  severity: severities.join(', '),
  mode: `${modes.join(', ')}; shadow only records what it would have done`,
  id: 'its name',
  about: 'one line in plain words',
} as const

/** `sallyport rules new`. */
export function addNewRule(rules: Command, { io }: CliContext): void {
  const command = rules
    .command('new')
    .summary('ask a few questions and write a rule')
    .description(
      'Asks what a rule is to do, and writes it with tests for what it stops and what it lets pass. What an option says is not asked; without a terminal nothing is, and what is not given has its default. The rule is printed, or added to a file once the whole folder of the file loads with it.',
    )
  for (const [name, help] of Object.entries(optionHelp)) command.option(`--${name} <answer>`, help)
  command
    .option('--file <path>', 'rule file to add it to; made where there is none')
    .action(async (options: Options) => {
      const { file } = options
      const others = file === undefined ? [] : await rulesBeside(file)
      const wish = await wishOf(io, options, idsIn(others))
      const before = file === undefined ? undefined : await textOf(file)
      const text = drafted(before, wish, file ?? 'the new rule')
      const compiled = compileRules([
        ...others.filter((other) => resolve(other.file) !== resolve(file ?? '')),
        { file: file ?? 'new.yaml', text },
      ])
      if (!compiled.ok) {
        throw new SallyportError('rules_invalid', 'The rules would not load with it; nothing was written.', {
          diagnostics: compiled.diagnostics,
        })
      }
      if (file === undefined) return io.out(text)
      await writeFile(file, text)
      const tests = compiled.tests.filter(({ rule }) => rule === wish.id).length
      io.out(`Added ${safeText(wish.id)} to ${safeText(file)}; its ${tests} tests pass.\n`)
      if (wish.mode === 'shadow')
        io.out('It only records what it would have done, until its line with mode is taken out.\n')
      io.out('Try it on what is on the record: sallyport rules backtest\n')
    })
}

async function wishOf(io: CliIo, options: Options, taken: ReadonlySet<string>): Promise<RuleWish> {
  const ask = <T>(name: keyof typeof optionHelp, asks: string, usual: string, read: (text: string) => T) =>
    answer(io, { option: `--${name}`, asks, default: usual, read }, options[name])

  const looksAt = await ask('effects', `Which effects (${effects.join(', ')})`, 'delete', someEffects)
  const environments = await ask(
    'environments',
    'In which environments (all: every door)',
    'production',
    wordsOr('all'),
  )
  const tables = await ask('tables', 'On which tables (all: whatever there is)', 'all', wordsOr('all'))
  const actors = await ask('actors', `Whose doing (${draftActors.join(', ')})`, 'anyone', oneOf(draftActors))
  const rows = await ask('rows', 'More than how many rows (any: however many)', '1000', rowsOrAny)
  const within =
    rows === undefined
      ? undefined
      : await ask(
          'within',
          'Of one statement (once), or of one actor within how long (10m, 1h, 1d)',
          'once',
          spanOrOnce,
        )
  const outcome = await ask('outcome', `What then (${draftOutcomes.join(', ')})`, 'hold', oneOf(draftOutcomes))
  const isHold = outcome === 'hold'
  const approvals = isHold ? await ask('approvals', 'How many must approve', '1', approvalsOf) : 1
  const from = isHold ? await ask('from', 'Of which groups (any: every reviewer)', 'any', wordsOr('any')) : []
  const severity = await ask('severity', `How severe (${severities.join(', ')})`, 'high', oneOf(severities))
  const mode = await ask('mode', 'In force at once (enforce), or only on the record (shadow)', 'shadow', oneOf(modes))
  const id = await ask('id', 'What to call it', freeId([...looksAt, ...tables], taken), idOf(taken))
  const amount = rows === undefined ? undefined : { rows, ...(within === undefined ? {} : { within }) }
  const about = await ask('about', 'What it is about, in one line', aboutOf(looksAt, tables, amount), (text) => text)
  const review = { approvals, from }
  return {
    ...{ id, about, effects: looksAt, environments, tables, actors, outcome, review, severity, mode },
    ...(amount === undefined ? {} : { amount }),
  }
}

function someEffects(text: string): Effect[] {
  const words = wordsOr('')(text).map(oneOf(effects))
  if (words.length === 0) throw new UsageError('name at least one effect')
  return words
}

function rowsOrAny(text: string): number | undefined {
  return text.toLowerCase() === 'any' ? undefined : wholeNumber('the number of rows', text)
}

function spanOrOnce(text: string): string | undefined {
  if (text.toLowerCase() === 'once') return undefined
  if (!/^[1-9]\d{0,5}[smhd]$/.test(text)) throw new UsageError(`${text} is no span, such as 10m`)
  return text
}

function approvalsOf(text: string): number {
  const approvals = wholeNumber('the number of approvals', text)
  if (approvals < 1 || approvals > 20) throw new UsageError('between 1 and 20 people can be asked to approve')
  return approvals
}

function idOf(taken: ReadonlySet<string>): (text: string) => string {
  return (text) => {
    if (taken.has(text)) throw new UsageError(`there is a rule ${text} already`)
    if (!/^[a-z0-9]+([._-][a-z0-9]+)*$/.test(text) || text.length > 100) {
      throw new UsageError(`${text} is no name for a rule: small letters and digits, with - . _ between them`)
    }
    return text
  }
}

function freeId(words: readonly string[], taken: ReadonlySet<string>): string {
  const plain = words.map((word) =>
    word
      .toLowerCase()
      .replace(/[^a-z0-9]+/g, '-')
      .replace(/^-|-$/g, ''),
  )
  const id = plain
    .filter((word) => word !== '')
    .join('-')
    .slice(0, 80)
    .replace(/-$/, '')
  for (let n = 1; ; n++) {
    const candidate = n === 1 ? id : `${id}-${n}`
    if (!taken.has(candidate)) return candidate
  }
}

function aboutOf(looksAt: readonly Effect[], tables: readonly string[], amount: RuleWish['amount']): string {
  const on = tables.length === 0 ? '' : ` on ${tables.join(', ')}`
  const more = amount === undefined ? '' : `, more than ${amount.rows} rows`
  return `${looksAt.join(' or ')}${on}${more}${amount?.within === undefined ? '' : ` within ${amount.within}`}`
}

function drafted(before: string | undefined, wish: RuleWish, file: string): string {
  try {
    return withDraft(before, draftRule(wish))
  } catch (thrown) {
    throw new UsageError(`${file} cannot take the rule: ${errorMessage(thrown)}.`)
  }
}

async function textOf(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, 'utf8')
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw thrown
  }
}

/** All rule files of the folder that a file is in: what it is loaded with. */
async function rulesBeside(file: string): Promise<readonly RuleText[]> {
  if (!/\.ya?ml$/i.test(file)) throw new UsageError(`${file} is no rule file: its name ends with .yaml`)
  return readRules([dirname(file)])
}

function idsIn(texts: readonly RuleText[]): ReadonlySet<string> {
  const compiled = compileRules(texts, { allowEmpty: true, allowFailingTests: true })
  return new Set(compiled.ok ? compiled.rules.map(({ summary }) => summary.id) : [])
}
