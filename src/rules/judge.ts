import type { Action, Outcome } from '../action/index.ts'
import type { ExceptionSummary } from './exception.ts'
import type { Dependence } from './reads.ts'
import type { Severity } from './rule-file.ts'
import type { WindowReader } from './windows/window.ts'

/** What a hold asks of reviewers. */
export interface Review {
  /** How many different people must approve; at least 1. */
  readonly approvals: number
  /** Groups a reviewer must belong to (any one of them); empty: any reviewer. */
  readonly from: readonly string[]
  /** Milliseconds until an unanswered hold expires. */
  readonly within: number
  /**
   * In full, where approvals and groups do not say it all: each must be met by itself; the steps of one, in order.
   */
  readonly demands?: readonly (readonly ReviewStep[])[]
  /** Nobody may approve without saying why. */
  readonly reason?: boolean
  /** The person who asked may let it pass by confirming it. */
  readonly confirm?: boolean
  /** Milliseconds an approval may lie unused. */
  readonly use?: number
  /** Who may approve too when nobody decides: after so many milliseconds. */
  readonly escalate?: { readonly after: number; readonly to: readonly string[] }
  /** The highest of the rules that hold it. Left out: one of them does not say. */
  readonly severity?: Severity
}

export interface ReviewStep {
  readonly approvals: number
  readonly from: readonly string[]
  /** At least one person of each group. */
  readonly each?: boolean
}

/** One rule that matched an action. */
export interface RuleMatch {
  readonly rule: string
  readonly outcome: Outcome
  readonly about: string
  /** Where to read why: https addresses. Left out where there are none. */
  readonly references?: readonly string[]
}

/** What the rules say of one action. Says nothing about the door's own default for `unknown`: the gate adds that. */
export interface Judgement {
  /** The strictest outcome of the rules that matched; `allow` where none did. */
  readonly outcome: Outcome
  /** The rule that decided: the first, in file order, with the strictest outcome. null: none matched. */
  readonly rule: RuleMatch | null
  /** One sentence for the person at the other end, from the rule's `message` or `about`. */
  readonly message: string
  /** Every enforced rule that matched, in file order. */
  readonly matched: readonly RuleMatch[]
  /** Rules in `mode: shadow` that would have matched. */
  readonly shadow: readonly RuleMatch[]
  /** Present when outcome is `hold`: all matching holds combined (most approvals, every group asked, least time). */
  readonly review?: Review
  /** Rules that would have matched but for an exception, with who answers for it. Left out where there are none. */
  readonly excepted?: readonly (ExceptionSummary & { readonly rule: string })[]
  /** Rules whose condition could not be evaluated: each counts as a hold (invariant 2). */
  readonly errors: readonly { readonly rule: string; readonly message: string }[]
}

/** What a judgement depends on beside the action. Passed in, so that the same comes of the same. */
export interface Moment {
  /** Milliseconds since 1970, UTC. */
  readonly now: number
  readonly windows: WindowReader
}

/** A rule set in force. Immutable; a change makes a new one. */
export interface Judge {
  /** First 12 hex digits of SHA-256 over the canonical rule files. */
  readonly version: string
  /** `moment` not given: the time of the action, and windows that have nothing in them but it. */
  judge(action: Action, moment?: Moment): Judgement
  /**
   * What the verdict on an action like this one depends on, beside what kind of action it is (effects, protocol,
   * operation, environment, kind of actor, traits). A judge that cannot say has to be asked every time.
   */
  dependence?(action: Action): Dependence
}
