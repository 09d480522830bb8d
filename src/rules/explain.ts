import type { Action } from '../action/index.ts'
import { evaluationProblem, type RuleContext } from './condition.ts'
import type { Moment } from './judge.ts'
import type { Rule } from './rule.ts'
import { ruleContext } from './rule-context.ts'
import { judgeByRule, momentOf, scheduleValues, windowValues } from './rule-set.ts'

/** Why one rule did or did not fire. */
export interface Explanation {
  readonly rule: string
  /** What it says where it fires. */
  readonly outcome: string
  readonly mode: string
  readonly result: 'fires' | 'does not fire' | 'cannot tell' | 'excepted'
  /** Why it cannot tell, or whose exception it is. */
  readonly because: string | null
  /** The parts joined by `&&`, each with what it says. */
  readonly parts: readonly { readonly text: string; readonly says: boolean | string }[]
  /** Every field that it reads, with its value; what is not there has none. */
  readonly values: Readonly<Record<string, unknown>>
}

/** Asks every rule of an action, and says why it answers as it does. */
export function explain(rules: readonly Rule[], action: Action, moment: Moment = momentOf(action)): Explanation[] {
  const plain = ruleContext(action)
  return rules.map((rule) => {
    const context = { ...plain, ...ofTheMoment(rule, plain, moment) }
    const verdict = judgeByRule(rule, plain, moment)
    const { id, outcome, mode } = rule.summary
    const shared = {
      rule: id,
      outcome,
      mode,
      parts: rule.parts().map(({ text, holds }) => ({ text, says: answer(() => holds(context)) })),
      values: Object.fromEntries([...rule.dependence.reads].flatMap((path) => valueAt(context, path))),
    }
    if (verdict === undefined) return { ...shared, result: 'does not fire', because: null }
    if (verdict.problem !== undefined) return { ...shared, result: 'cannot tell', because: verdict.problem }
    if (verdict.excepted) {
      const { owner, until, why } = verdict.excepted
      return { ...shared, result: 'excepted', because: `${owner} answers for it until ${until}: ${why}` }
    }
    return { ...shared, result: 'fires', because: null }
  })
}

function ofTheMoment(rule: Rule, context: RuleContext, moment: Moment): RuleContext {
  const schedule = scheduleValues(rule.schedules, moment)
  try {
    return { window: windowValues(rule.windows, context, moment), schedule }
  } catch {
    return { schedule }
  }
}

function answer(ask: () => boolean): boolean | string {
  try {
    return ask()
  } catch (thrown) {
    return evaluationProblem(thrown)
  }
}

function valueAt(context: RuleContext, path: string): [string, unknown][] {
  let value: unknown = context
  for (const step of path.split('.')) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, step)) return []
    value = Reflect.get(value, step)
  }
  return [[path, value]]
}
