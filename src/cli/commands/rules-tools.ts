import { writeFile } from 'node:fs/promises'
import type { Command } from 'commander'
import { completeAction } from '../../action/index.ts'
import { diffRules, type Explanation, explain, formatRules } from '../../rules/index.ts'
import { type CliContext, collect } from '../command.ts'
import { exitCodes } from '../exit-codes.ts'
import { type CliIo, colorsOf, printJson } from '../io.ts'
import { loadRules, readRules } from '../load-rules.ts'
import { readAction } from '../read-action.ts'
import { safeText } from '../safe-text.ts'

/** `sallyport rules explain|diff|fmt`. */
export function addRuleTools(rules: Command, { io, exit }: CliContext): void {
  rules
    .command('explain')
    .summary('why each rule does or does not fire')
    .description(
      'Reads an action as JSON from standard input, as `sallyport judge` does, and prints why each rule does or does not fire, with the values. Windows hold the action alone.',
    )
    .option('--rules <path>', 'rule file or folder, may be given several times (default: ./rules)', collect, [])
    .option('--all', 'rules that the kind of action alone rules out, too')
    .option('--json', 'print it as JSON')
    .action(async (options: { rules: string[]; all?: true; json?: true }) => {
      const action = completeAction(await readAction(io), new Date().toISOString())
      const { rules: loaded } = await loadRules(options.rules)
      const explanations = explain(loaded, action)
      const shown = options.all ? explanations : explanations.filter((one) => isNear(one))
      if (options.json) return printJson(io, shown)
      for (const explanation of shown) io.out(`${words(explanation, io)}\n`)
      const left = explanations.length - shown.length
      if (left > 0)
        io.out(`${left} more ${left === 1 ? 'rule does' : 'rules do'} not fire at their first word (--all)\n`)
    })

  rules
    .command('diff')
    .argument('<before>', 'rule file or folder')
    .argument('<after>', 'rule file or folder')
    .summary('what changes in what rules say')
    .description('Compares two rule sets by what their rules say, lists, macros and windows included.')
    .option('--json', 'print the differences as JSON')
    .action(async (before: string, after: string, options: { json?: true }) => {
      const [old, now] = [await loadRules([before]), await loadRules([after])]
      const differences = diffRules(old.rules, now.rules)
      if (options.json) return printJson(io, { before: old.judge.version, after: now.judge.version, differences })
      const colors = colorsOf(io)
      const paint = { added: colors.green, removed: colors.red, changed: colors.yellow }
      for (const { rule, kind, fields } of differences) {
        io.out(`${paint[kind](kind)} ${safeText(rule)}\n`)
        for (const { field, before, after } of fields) {
          io.out(`  ${field}: ${safeText(inWords(before))} → ${safeText(inWords(after))}\n`)
        }
        if (kind === 'changed' && fields.length === 0) io.out('  in what it refers to or says to people\n')
      }
      if (differences.length === 0) io.out('No rule says anything else.\n')
    })

  rules
    .command('fmt')
    .argument('[paths...]', 'rule files and folders (default: ./rules)')
    .summary('put rule files into the one layout')
    .description('Rewrites rule files in the one layout. Comments stay, and what the files say does not change.')
    .option('--check', 'write nothing, and fail where a file would be rewritten')
    .action(async (paths: string[], options: { check?: true }) => {
      const texts = await readRules(paths)
      const changed = texts.filter(({ text }) => formatRules(text) !== text)
      for (const { file, text } of changed) {
        if (!options.check) await writeFile(file, formatRules(text))
        io.out(`${options.check ? 'would change' : 'changed'}  ${safeText(file)}\n`)
      }
      if (options.check && changed.length > 0) exit(exitCodes.rules.code)
    })
}

/** Worth reading: it fires, cannot tell, or some part of it is true. */
function isNear({ result, parts }: Explanation): boolean {
  return result !== 'does not fire' || (parts.length > 1 && parts[0]?.says !== false)
}

function words({ rule, outcome, mode, result, because, parts, values }: Explanation, io: CliIo): string {
  const colors = colorsOf(io)
  const paint = { fires: colors.red, 'does not fire': colors.dim, 'cannot tell': colors.yellow, excepted: colors.cyan }
  const lines = [`${paint[result](result)}  ${rule} (${outcome}${mode === 'shadow' ? ', shadow' : ''})`]
  if (because !== null) lines.push(`  ${safeText(because)}`)
  for (const { text, says } of parts) lines.push(`  ${said(says)}  ${safeText(text)}`)
  for (const [path, value] of Object.entries(values)) lines.push(`  ${path} = ${safeText(inWords(value))}`)
  return lines.join('\n')
}

function said(says: boolean | string): string {
  return typeof says === 'string' ? `error (${safeText(says)})` : says ? 'true ' : 'false'
}

function inWords(value: unknown): string {
  if (value === Number.POSITIVE_INFINITY) return 'unknown, so any amount'
  const text = JSON.stringify(value) ?? 'nothing'
  return text.length > 300 ? `${text.slice(0, 300)}…` : text
}
