import { completeAction, type Outcome } from '../action/index.ts'
import type { Diagnostic } from '../errors/index.ts'
import { factsOf } from './prefilter.ts'
import type { Rule, RuleTest } from './rule.ts'
import { ruleContext } from './rule-context.ts'
import { judgeByRule, momentOf } from './rule-set.ts'
import { noMemory, type WindowReader } from './windows/window.ts'

export interface RuleTestResult {
  readonly rule: string
  readonly test: string
  readonly expected: Outcome
  readonly got: Outcome
  readonly passed: boolean
  /** Where the test stands, and what went otherwise if it did. */
  readonly diagnostic: Diagnostic
}

/** Every test action has this id unless it gives its own: a test says the same today and tomorrow. */
const testActionId = '00000000-0000-7000-8000-000000000000'

/**
 * Tries the tests that stand in the rule files. A test is judged by its own rule alone, as if enforced: it expects the
 * rule's outcome (`hold` where the condition cannot be evaluated), or `allow` where the rule must not match. What the
 * whole rule set makes of an action is another question, and would make tests depend on each other's files.
 */
export function runRuleTests({ rules }: { readonly rules: readonly Rule[] }): RuleTestResult[] {
  return rules.flatMap((rule) => rule.tests.map((test) => runTest(rule, test)))
}

function runTest(rule: Rule, test: RuleTest): RuleTestResult {
  const action = completeAction({ id: testActionId, ...test.action })
  const moment = { ...momentOf(action), windows: given(test.window ?? {}) }
  const verdict = rule.mayMatch(factsOf(action)) ? judgeByRule(rule, ruleContext(action), moment) : undefined
  const got = verdict === undefined || verdict.excepted ? 'allow' : verdict.match.outcome
  const passed = got === test.expect
  const because =
    verdict?.problem === undefined ? undefined : `the condition could not be evaluated: ${verdict.problem}`
  return {
    rule: rule.summary.id,
    test: test.name,
    expected: test.expect,
    got,
    passed,
    diagnostic: test.source.diagnostic(
      test.span,
      `test "${test.name}" of rule ${rule.summary.id} ${passed ? 'passes' : `expects ${test.expect} and gets ${got}`}`,
      because,
      passed ? 'warning' : 'error',
    ),
  }
}

/** Windows that hold what a test says they do. */
function given(values: Readonly<Record<string, number>>): WindowReader {
  return { read: (window, ...rest) => values[window.name] ?? noMemory.read(window, ...rest) }
}
