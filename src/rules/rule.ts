import type { Outcome } from '../action/index.ts'
import type { Span, YamlSource } from '../errors/index.ts'
import type { Condition } from './condition.ts'
import type { Exception, ExceptionSummary } from './exception.ts'
import type { Review, RuleMatch } from './judge.ts'
import type { MessageTemplate } from './message.ts'
import type { Prefilter } from './prefilter.ts'
import type { Dependence } from './reads.ts'
import type { Mode, RuleSource, Severity } from './rule-file.ts'
import type { Period } from './schedule.ts'
import type { Window } from './windows/window.ts'

/** One rule as people see it in lists. */
export interface RuleSummary {
  readonly id: string
  readonly about: string
  /** Where to read why: https addresses. Left out where there are none. */
  readonly references?: readonly string[]
  readonly file: string
  readonly line: number
  readonly mode: Mode
  readonly outcome: Outcome
  readonly severity: Severity | null
  readonly when: string
  /** Present for a hold. */
  readonly review?: Review
  /** What it lets be for a while; left out where there is nothing. */
  readonly except?: readonly ExceptionSummary[]
}

/** One rule, ready to judge. */
export interface Rule {
  readonly summary: RuleSummary
  readonly match: RuleMatch
  readonly condition: Condition
  /** false only where the condition is certainly false. */
  readonly mayMatch: Prefilter['mayMatch']
  /** The condition without what `mayMatch` has decided: the same answer, sooner. */
  readonly rest: Pick<Condition, 'holds'>
  readonly message: MessageTemplate
  /** The schedules of its file that it looks at, by name. */
  readonly schedules: readonly (readonly [name: string, periods: readonly Period[]])[]
  readonly exceptions: readonly Exception[]
  /** The windows of its file that it looks at. */
  readonly windows: readonly Window[]
  /** The parts of its condition that are joined by `&&`, to show which of them keeps it from firing. */
  readonly parts: () => readonly (Pick<Condition, 'holds'> & { readonly text: string })[]
  /** SHA-256 over all that decides what it says, what it refers to included; not over where it stands. */
  readonly digest: string
  /** What its condition and its message read of an action. */
  readonly dependence: Dependence
  readonly tests: readonly RuleTest[]
}

/** A test that stands in a rule file. */
export interface RuleTest {
  readonly name: string
  readonly expect: Outcome
  readonly action: TestSource['action']
  readonly window: TestSource['window']
  readonly source: YamlSource
  readonly span: Span
}

type TestSource = NonNullable<RuleSource['tests']>[number]
