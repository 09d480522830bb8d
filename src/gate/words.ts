import type { Action } from '../action/index.ts'
import { type Hold, reviewersOf } from '../holds/index.ts'
import type { Lock } from '../locks/index.ts'
import type { Refusal, Words } from './gate.ts'
import type { Verdict } from './verdict.ts'

/** Where a person can see a hold. */
export function holdLink(publicUrl: string, hold: string): string {
  return `${publicUrl.replace(/\/$/, '')}/holds/${hold}`
}

function ruleSentence(rule: { id: string; about: string } | null, ruleSet: string): string {
  if (rule === null) return `No rule allows it (rule set ${ruleSet}).`
  return `Rule ${rule.id}: ${rule.about.replace(/\.$/, '')} (rule set ${ruleSet}).`
}

function impactSentence(action: Action): string {
  const { rows, exact, bounded, objects } = action.impact
  const counted = rows === null ? 'rows unknown' : `${exact ? '' : 'about '}${rows} row${rows === 1 ? '' : 's'}`
  const what = action.resources.map((resource) => resource.name).slice(0, 3)
  const where = what.length > 0 ? ` on ${what.join(', ')}` : ''
  const touched = rows === null && objects > 0 ? `${objects} object${objects === 1 ? '' : 's'}` : counted
  return `${action.operation}${where}: ${touched}${bounded ? '' : ', nothing limits which'}.`
}

export function heldWords(hold: Hold, publicUrl: string): Words {
  const first = hold.actions[0]
  return {
    message: `Held for review as ${hold.hold}: waiting for ${reviewersOf(hold.review)} until ${hold.expiresAt}.`,
    detail: `${ruleSentence(hold.rule, hold.ruleSet)}${first === undefined ? '' : ` ${impactSentence(first)}`}`,
    hint: `Review it at ${holdLink(publicUrl, hold.hold)} ; cancel the statement (Ctrl-C) to withdraw it.`,
  }
}

export function heldRefusal(hold: Hold, publicUrl: string, why: string): Refusal {
  return {
    code: 'SP001',
    hold: hold.hold,
    message: `Held for review as ${hold.hold}: ${why}`,
    detail: ruleSentence(hold.rule, hold.ruleSet),
    hint: `Ask ${reviewersOf(hold.review)} to look at ${holdLink(publicUrl, hold.hold)} and run the same statement again once it is approved.`,
  }
}

export function blockedRefusal(verdict: Verdict, action: Action, ruleSet: string): Refusal {
  return {
    code: 'SP002',
    message:
      verdict.rule === null ? `Blocked: ${verdict.reason}` : `Blocked by rule ${verdict.rule.rule}: ${verdict.reason}`,
    detail: `${ruleSentence(verdict.rule === null ? null : { id: verdict.rule.rule, about: verdict.rule.about }, ruleSet)} ${impactSentence(action)}`,
    hint: 'Nothing was changed. If this must run, ask whoever keeps the rules to allow it.',
  }
}

export function rejectedRefusal(hold: Hold, publicUrl: string): Refusal {
  const reason = hold.closed?.reason ? `: ${hold.closed.reason}` : '.'
  return {
    code: 'SP003',
    message: `Rejected by ${hold.closed?.by ?? 'a reviewer'}${reason}`,
    detail: `Hold ${hold.hold}. ${ruleSentence(hold.rule, hold.ruleSet)}`,
    hint: `Nothing was changed. Talk to the reviewer; the hold stays readable at ${holdLink(publicUrl, hold.hold)} .`,
  }
}

export function expiredRefusal(hold: Hold, publicUrl: string): Refusal {
  return {
    code: 'SP004',
    message: `Hold ${hold.hold} expired: ${hold.closed?.reason ?? 'nobody decided in time.'}`,
    detail: ruleSentence(hold.rule, hold.ruleSet),
    hint: `Nothing was changed. Run the statement again to ask anew; see ${holdLink(publicUrl, hold.hold)} .`,
  }
}

export function withdrawnRefusal(hold: Hold): Refusal {
  return {
    code: 'SP001',
    message: 'The request was withdrawn.',
    detail: `Hold ${hold.hold}. ${ruleSentence(hold.rule, hold.ruleSet)}`,
    hint: 'Nothing was changed. Run the statement again to ask anew.',
    withdrawn: true,
  }
}

export function unrecordedRefusal(why: string): Refusal {
  return {
    code: 'SP005',
    message: 'Refused: the record cannot be written, and nothing passes that is not on the record.',
    detail: why,
    hint: 'Nothing was changed. Check the disk under the data folder of sallyport, then run the statement again.',
  }
}

export function lockedRefusal({ lock, on, message, until, by }: Lock): Refusal {
  return {
    code: 'SP006',
    message: `Locked: ${message}`,
    detail: `${by} locked ${on.kind} ${on.name} ${until === null ? 'until further notice' : `until ${until}`} (lock ${lock}).`,
    hint: `Nothing was changed. Talk to ${by}.`,
  }
}

export function floodRefusal(why: string): Refusal {
  return {
    code: 'SP007',
    message: `Refused: ${why}`,
    detail: 'Reviewers can look at so much only; what floods them is refused before it reaches them.',
    hint: 'Nothing was changed. Wait until some of it is decided, or withdraw it, then run the statement again.',
  }
}
