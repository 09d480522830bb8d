import { type Action, type Outcome, outcomes } from '../action/index.ts'
import { type Condition, evaluationProblem, type RuleContext } from './condition.ts'
import { type Exception, exceptionFor } from './exception.ts'
import type { Judge, Judgement, Moment, RuleMatch } from './judge.ts'
import type { WindowValues } from './message.ts'
import { type Facts, factsKey, factsOf } from './prefilter.ts'
import { type Dependence, dependence } from './reads.ts'
import { combineReviews, defaultReview, type RuleReview } from './review.ts'
import type { Rule } from './rule.ts'
import { ruleContext } from './rule-context.ts'
import { isDuring } from './schedule.ts'
import { noMemory, type Window } from './windows/window.ts'

const noMatch: Judgement = Object.freeze({
  outcome: 'allow',
  rule: null,
  message: 'No rule objects.',
  matched: Object.freeze([]),
  shadow: Object.freeze([]),
  errors: Object.freeze([]),
})

/** A rule that matched, or that could not be evaluated and therefore holds. */
export interface Verdict {
  readonly rule: Rule
  readonly match: RuleMatch
  readonly problem: string | undefined
  readonly windows: WindowValues | undefined
  /** The exception under which the rule lets the action be. */
  readonly excepted: Exception | undefined
}

/**
 * What one rule says of an action; undefined: it does not match. Its mode plays no part here.
 * `condition`: the rule's whole condition, or its rest where the prefilter has answered for what is before it.
 */
export function judgeByRule(
  rule: Rule,
  action: RuleContext,
  moment: Moment,
  condition: Pick<Condition, 'holds'> = rule.condition,
): Verdict | undefined {
  let windows: WindowValues | undefined
  try {
    let context = action
    if (rule.windows.length > 0 || rule.schedules.length > 0) {
      windows = windowValues(rule.windows, action, moment)
      context = { ...action, window: windows, schedule: scheduleValues(rule.schedules, moment) }
    }
    if (!condition.holds(context)) return undefined
    const excepted = rule.exceptions.length > 0 ? exceptionFor(rule.exceptions, context, moment.now) : undefined
    return { rule, match: rule.match, problem: undefined, windows, excepted }
  } catch (thrown) {
    return {
      rule,
      match: { ...rule.match, outcome: 'hold' },
      problem: evaluationProblem(thrown),
      windows,
      excepted: undefined,
    }
  }
}

export function scheduleValues(schedules: Rule['schedules'], { now }: Moment): Record<string, boolean> {
  return Object.fromEntries(schedules.map(([name, periods]) => [name, isDuring(periods, now)]))
}

/** What windows hold with an action put in, by name. Throws where that cannot be said. */
export function windowValues(windows: readonly Window[], action: RuleContext, { now, windows: reader }: Moment) {
  const values: Record<string, number> = {}
  for (const window of windows) {
    const own = window.share(action)
    values[window.name] = reader.read(window, own?.key ?? window.key(action), now, own)
  }
  return values
}

/** The moment of an action that nothing is known of beside itself. */
export function momentOf(action: Action): Moment {
  return { now: Date.parse(action.at), windows: noMemory }
}

/** Most combinations of facts that a rule set remembers; a running system has some dozens. */
const maxRemembered = 1_000

/** The rules that may match an action, and what their verdict depends on. */
interface Candidates {
  readonly rules: readonly Rule[]
  readonly dependence: Dependence
}

/** Finds the rules that may match. Actions of a system are alike: what was found for one is kept for the next. */
function candidateFinder(rules: readonly Rule[]): (facts: Facts) => Candidates {
  const remembered = new Map<string, Candidates>()
  return (facts) => {
    const key = factsKey(facts)
    const known = key === undefined ? undefined : remembered.get(key)
    if (known) return known
    const candidates = rules.filter((rule) => rule.mayMatch(facts))
    const reads = candidates.flatMap((rule) => [...rule.dependence.reads])
    const found = { rules: candidates, dependence: dependence(reads) }
    if (key !== undefined) {
      if (remembered.size >= maxRemembered) remembered.clear()
      remembered.set(key, found)
    }
    return found
  }
}

/** A judge over rules in the order in which they stand. */
export function createJudge(version: string, rules: readonly Rule[]): Judge {
  const candidatesOf = candidateFinder(rules)
  return {
    version,
    judge(action, moment = momentOf(action)) {
      const facts = factsOf(action)
      const { rules: candidates } = candidatesOf(facts)
      if (candidates.length === 0) return noMatch
      const context = ruleContext(action)
      const enforced: Verdict[] = []
      const shadow: RuleMatch[] = []
      const excepted: Excepted[] = []
      for (const rule of candidates) {
        const verdict = judgeByRule(rule, context, moment, facts.traits === undefined ? rule.condition : rule.rest)
        if (verdict === undefined) continue
        if (verdict.excepted) excepted.push(exceptedBy(verdict, verdict.excepted))
        else if (rule.summary.mode === 'shadow') shadow.push(verdict.match)
        else enforced.push(verdict)
      }
      const judged = enforced.length === 0 ? { ...noMatch, shadow } : judgement(action, enforced, shadow)
      return excepted.length === 0 ? judged : { ...judged, excepted }
    },
    dependence: (action) => candidatesOf(factsOf(action)).dependence,
  }
}

type Excepted = NonNullable<Judgement['excepted']>[number]

function exceptedBy({ rule }: Verdict, { owner, why, until }: Exception): Excepted {
  return { rule: rule.summary.id, owner, why, until }
}

function judgement(action: Action, verdicts: readonly Verdict[], shadow: readonly RuleMatch[]): Judgement {
  const [first, ...others] = verdicts
  if (!first) return { ...noMatch, shadow }
  const deciding = others.reduce(
    (best, next) => (isStricter(next.match.outcome, best.match.outcome) ? next : best),
    first,
  )
  const { outcome } = deciding.match
  return {
    outcome,
    rule: deciding.match,
    message: deciding.problem === undefined ? deciding.rule.message(action, deciding.windows) : undecided(deciding),
    matched: verdicts.map(({ match }) => match),
    shadow,
    ...(outcome === 'hold'
      ? { review: combineReviews(verdicts.filter(({ match }) => match.outcome === 'hold').map(reviewOf)) }
      : {}),
    errors: verdicts.flatMap(({ match: { rule }, problem }) =>
      problem === undefined ? [] : [{ rule, message: problem }],
    ),
  }
}

function isStricter(a: Outcome, b: Outcome): boolean {
  return outcomes.indexOf(a) > outcomes.indexOf(b)
}

function undecided({ match, problem }: Verdict): string {
  return `Rule ${match.rule} cannot tell whether it applies, so a person must look (${problem}).`
}

function reviewOf({ rule: { summary } }: Verdict): RuleReview {
  return { review: summary.review ?? defaultReview, severity: summary.severity }
}
