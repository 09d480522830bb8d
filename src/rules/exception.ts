import type { Condition, RuleContext } from './condition.ts'
import { isOver } from './schedule.ts'

/** Who answers for an exception, and until when. */
export interface ExceptionSummary {
  readonly owner: string
  readonly why: string
  /** A date (that day included) or a time, UTC. */
  readonly until: string
}

/** Actions that a rule lets be, for a while. */
export interface Exception extends ExceptionSummary {
  readonly condition: Pick<Condition, 'holds'>
}

/** The exception that covers an action, if any. One that is over, or that cannot be evaluated, covers nothing. */
export function exceptionFor(
  exceptions: readonly Exception[],
  context: RuleContext,
  now: number,
): Exception | undefined {
  return exceptions.find(({ until, condition }) => {
    if (isOver(until, now)) return false
    try {
      return condition.holds(context)
    } catch {
      return false
    }
  })
}
