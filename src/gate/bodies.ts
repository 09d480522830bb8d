import { CanonicalValue, canonicalJson, type Outcome } from '../action/index.ts'
import type { EntryBodies, Judged } from '../ledger/index.ts'
import type { End, Measured } from './gate.ts'
import type { Verdict } from './verdict.ts'

/** How an action ended, as it goes on the record, with what was measured of it. */
export function settledBody(
  action: string,
  { outcome, rows, code, message }: End,
  measured: Measured['tables'] | undefined,
): EntryBodies['action.settled'] {
  return {
    action,
    ...(code === undefined ? {} : { code }),
    ...(measured === undefined ? {} : { measured }),
    ...(message === undefined ? {} : { message }),
    outcome,
    rows,
  }
}

/** The verdict on one action, as it goes on the record. */
export function judgedBody(ruleSet: string, verdict: Verdict): Judged {
  const { outcome, rule, reason, matched, shadow, excepted } = verdict
  const body = { verdict: outcome, ruleSet, rule: rule?.rule ?? null, reason, matched, shadow }
  if (excepted !== undefined) return { ...body, excepted }
  if (rule !== null || matched.length > 0 || shadow.length > 0) return body
  // What no rule says anything of is most of what passes, and all of it alike.
  if (unmatched === undefined || !unmatched.is(body)) unmatched = new Unmatched(body)
  return unmatched
}

/** The judgement on actions of which no rule says anything. */
class Unmatched extends CanonicalValue implements Judged {
  readonly matched: readonly string[] = []
  readonly reason: string
  readonly rule = null
  readonly ruleSet: string
  readonly shadow: readonly string[] = []
  readonly verdict: Outcome

  constructor({ reason, ruleSet, verdict }: Judged) {
    super(canonicalJson({ matched: [], reason, rule: null, ruleSet, shadow: [], verdict }))
    this.reason = reason
    this.ruleSet = ruleSet
    this.verdict = verdict
  }

  is({ reason, ruleSet, verdict }: Judged): boolean {
    return this.reason === reason && this.ruleSet === ruleSet && this.verdict === verdict
  }
}

let unmatched: Unmatched | undefined
