import { formatDiagnostic } from '../../errors/index.ts'
import type { AddCommand } from '../command.ts'
import { exitCodes } from '../exit-codes.ts'
import { colorsOf, printJson } from '../io.ts'
import { loadRules } from '../load-rules.ts'
import { fileText } from '../report-error.ts'
import { safeLines, safeText } from '../safe-text.ts'
import { addRulesOnRecord } from './rules-backtest.ts'
import { addRuleCanary } from './rules-canary.ts'
import { addNewRule } from './rules-new.ts'
import { addRuleProposals } from './rules-proposals.ts'
import { addRuleTools } from './rules-tools.ts'
import { addRuleVersions } from './rules-versions.ts'

interface Options {
  readonly json?: true
}

/** `sallyport rules …`. */
export const addRules: AddCommand = (program, context) => {
  const { io, exit } = context
  const rules = program
    .command('rules')
    .summary('check, test and explain rules')
    .description('Check, test, explain and compare rule files; see and change what is in force.')

  rules
    .command('check')
    .argument('[paths...]', 'rule files and folders (default: ./rules)')
    .summary('load rules as the server would')
    .description('Loads rules as the server would, tests included, and prints every error at its place.')
    .option('--json', 'print the rules as JSON')
    .action(async (paths: string[], options: Options) => {
      const { judge, summaries, tests } = await loadRules(paths)
      if (options.json) return printJson(io, { version: judge.version, rules: summaries, tests: tests.length })
      const files = new Set(summaries.map(({ file }) => file)).size
      io.out(
        `${count(summaries.length, 'rule')} in ${count(files, 'file')}, ${count(tests.length, 'test')} passed. Rule set ${judge.version}\n`,
      )
    })

  rules
    .command('test')
    .argument('[paths...]', 'rule files and folders (default: ./rules)')
    .summary('run the tests in rule files')
    .description('Runs the tests that stand in rule files and prints each with its result.')
    .option('--json', 'print the results as JSON')
    .action(async (paths: string[], options: Options) => {
      const { tests } = await loadRules(paths, { allowFailingTests: true })
      const failed = tests.filter(({ passed }) => !passed)
      if (failed.length > 0) exit(exitCodes.rules.code)
      if (options.json) {
        return printJson(
          io,
          tests.map(({ rule, test, expected, got, passed, diagnostic: { file, line, column } }) => {
            return { rule, test, expected, got, passed, file, line, column }
          }),
        )
      }
      const colors = colorsOf(io)
      for (const { rule, test, passed, diagnostic } of tests) {
        const mark = passed ? colors.green('passed') : colors.red('FAILED')
        io.out(`${mark}  ${safeText(rule)}: ${safeText(test)}\n`)
        if (!passed) io.out(`${safeLines(formatDiagnostic(diagnostic, fileText))}\n`)
      }
      io.out(`${count(tests.length - failed.length, 'test')} passed, ${failed.length} failed\n`)
    })

  addNewRule(rules, context)
  addRuleTools(rules, context)
  addRulesOnRecord(rules, context)
  addRuleVersions(rules, context)
  addRuleProposals(rules, context)
  addRuleCanary(rules, context)
}

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`
}
