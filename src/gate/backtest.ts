import type { Action, Outcome } from '../action/index.ts'
import type { Entry } from '../ledger/index.ts'
import { type CompiledRules, factsOf, type Moment, type Rule, WindowFold } from '../rules/index.ts'
import { exampleOf, type JudgedExample } from './example.ts'
import { verdictOf } from './verdict.ts'
import { applyChange, windowChange } from './window-change.ts'

const week = 7 * 86_400_000

/** What one rule, or one actor, has to do with. */
export interface BacktestLine {
  readonly name: string
  /** By the candidate: how many actions it fires for, or how many of theirs are not simply allowed. */
  readonly held: number
  readonly blocked: number
  readonly flagged: number
  /** How many come out otherwise than they did. */
  readonly differently: number
  readonly examples: readonly JudgedExample[]
}

export interface BacktestReport {
  readonly ruleSet: string
  readonly actions: number
  readonly from: string | null
  readonly to: string | null
  /** `allow → hold: 12`; what came out the same is not in it. */
  readonly changes: readonly { readonly was: Outcome; readonly becomes: Outcome; readonly actions: number }[]
  readonly rules: readonly BacktestLine[]
  readonly actors: readonly BacktestLine[]
  /** Different actors held or blocked in a week, on average over the weeks that are covered. */
  readonly interruptedPerWeek: { readonly was: number; readonly becomes: number }
  readonly holdsPerDay: { readonly was: number; readonly becomes: number }
  readonly coverage: {
    readonly neverFired: readonly string[]
    /** Rules that fired and never decided, because others that are as strict always stood before them. */
    readonly neverDecided: readonly string[]
    /** What was done at doors that no rule looks at. */
    readonly unwatched: readonly { readonly door: string; readonly effect: string; readonly actions: number }[]
  }
}

const examplesEach = 3

class Line {
  held = 0
  blocked = 0
  flagged = 0
  differently = 0
  readonly examples: JudgedExample[] = []

  count(outcome: Outcome): void {
    if (outcome === 'hold') this.held++
    else if (outcome === 'block') this.blocked++
    else if (outcome === 'flag') this.flagged++
  }
}

/**
 * What a candidate rule set would have said of what is on the record, next to what was said. Windows hold what really
 * went through then: an action that the candidate would have stopped still counts.
 */
export class Backtest {
  readonly #candidate: CompiledRules
  readonly #folds: ReadonlyMap<string, WindowFold>
  readonly #since: number
  /** What each door does with what it cannot understand. */
  readonly #unknown = new Map<string, Outcome>()
  readonly #changes = new Map<string, number>()
  readonly #rules = new Map<string, Line>()
  readonly #actors = new Map<string, Line>()
  readonly #decided = new Set<string>()
  readonly #unwatched = new Map<string, number>()
  readonly #interrupted = { was: new Set<string>(), becomes: new Set<string>() }
  readonly #holds = { was: 0, becomes: 0 }
  #actions = 0
  #from: string | null = null
  #to: string | null = null

  /** @param since milliseconds since 1970; what is older only fills the windows */
  constructor(candidate: CompiledRules, since: number = Number.NEGATIVE_INFINITY) {
    this.#candidate = candidate
    this.#since = since
    this.#folds = new Map(candidate.windows.map((window) => [window.id, new WindowFold(window)]))
    for (const { summary } of candidate.rules) this.#rules.set(summary.id, new Line())
  }

  /** Entries of a ledger, in order. */
  add(entry: Entry): void {
    const at = Date.parse(entry.at)
    if (entry.kind === 'door.opened') this.#unknown.set(entry.body.door, entry.body.unknown)
    else if (entry.kind === 'action.requested' && entry.body.judged !== null && at >= this.#since) {
      this.#judge(entry.body.action, entry.body.judged.verdict, entry.at, at)
    }
    if (this.#folds.size === 0) return
    const change = windowChange(entry.kind, entry.body, at)
    if (change !== undefined) for (const fold of this.#folds.values()) applyChange(fold, change)
  }

  report(): BacktestReport {
    const spanned = this.#from === null || this.#to === null ? 0 : Date.parse(this.#to) - Date.parse(this.#from)
    const weeks = Math.max(1, spanned / week)
    const days = Math.max(1, spanned / 86_400_000)
    const fired = (line: Line) => line.held + line.blocked + line.flagged
    const { was, becomes } = this.#interrupted
    return {
      ruleSet: this.#candidate.judge.version,
      actions: this.#actions,
      from: this.#from,
      to: this.#to,
      changes: [...this.#changes].map(([key, actions]) => ({ ...change(key), actions })),
      rules: lines(this.#rules, (line) => fired(line) > 0),
      actors: lines(this.#actors, (line) => line.differently > 0 || line.held + line.blocked > 0),
      interruptedPerWeek: { was: round(was.size / weeks), becomes: round(becomes.size / weeks) },
      holdsPerDay: { was: round(this.#holds.was / days), becomes: round(this.#holds.becomes / days) },
      coverage: {
        neverFired: [...this.#rules].flatMap(([name, line]) => (fired(line) === 0 ? [name] : [])),
        neverDecided: this.#candidate.rules.flatMap(({ summary: { id, mode } }) => {
          const line = this.#rules.get(id)
          return mode === 'enforce' && line && fired(line) > 0 && !this.#decided.has(id) ? [id] : []
        }),
        unwatched: [...this.#unwatched].map(([key, actions]) => {
          const [door = '', effect = ''] = key.split('\n')
          return { door, effect, actions }
        }),
      },
    }
  }

  #judge(action: Action, was: Outcome, at: string, now: number): void {
    this.#actions++
    this.#from ??= at
    this.#to = at
    const { judge, rules } = this.#candidate
    const { outcome, rule, matched, shadow } = verdictOf(
      judge,
      action,
      this.#unknown.get(action.door) ?? 'hold',
      this.#moment(action, now),
    )
    const actor = lineOf(this.#actors, action.actor.id)
    actor.count(outcome)
    if (rule !== null) this.#decided.add(rule.rule)
    const differs = outcome !== was
    if (differs) {
      const key = `${was}\n${outcome}`
      this.#changes.set(key, (this.#changes.get(key) ?? 0) + 1)
    }
    const example = () => exampleOf(action, at, was, outcome)
    for (const name of [...matched, ...shadow]) {
      const line = lineOf(this.#rules, name)
      line.count(outcomeOf(rules, name))
      if (differs && rule?.rule === name) line.differently++
      if (line.examples.length < examplesEach) line.examples.push(example())
    }
    if (differs) {
      actor.differently++
      if (actor.examples.length < examplesEach) actor.examples.push(example())
    }
    const number = Math.floor(now / week)
    if (was === 'hold' || was === 'block') this.#interrupted.was.add(`${number}\n${action.actor.id}`)
    if (outcome === 'hold' || outcome === 'block') this.#interrupted.becomes.add(`${number}\n${action.actor.id}`)
    if (was === 'hold') this.#holds.was++
    if (outcome === 'hold') this.#holds.becomes++
    const facts = factsOf(action)
    if (matched.length === 0 && shadow.length === 0 && !rules.some((one) => one.mayMatch(facts))) {
      for (const effect of action.effects) {
        const key = `${action.door}\n${effect}`
        this.#unwatched.set(key, (this.#unwatched.get(key) ?? 0) + 1)
      }
    }
  }

  #moment(action: Action, now: number): Moment {
    const leaving = { actions: [action.id] }
    return {
      now,
      windows: {
        read: (window, key, at, own) => this.#folds.get(window.id)?.read(key, at, own, leaving) ?? own?.amount ?? 0,
      },
    }
  }
}

function outcomeOf(rules: readonly Rule[], id: string): Outcome {
  return rules.find(({ summary }) => summary.id === id)?.summary.outcome ?? 'allow'
}

function lineOf(into: Map<string, Line>, name: string): Line {
  let line = into.get(name)
  if (line === undefined) {
    line = new Line()
    into.set(name, line)
  }
  return line
}

/** The busiest first. */
function lines(of: ReadonlyMap<string, Line>, wanted: (line: Line) => boolean): BacktestLine[] {
  return [...of]
    .filter(([, line]) => wanted(line))
    .map(([name, { held, blocked, flagged, differently, examples }]) => {
      return { name, held, blocked, flagged, differently, examples }
    })
    .sort((a, b) => b.held + b.blocked - (a.held + a.blocked) || b.flagged - a.flagged)
}

function change(key: string): { was: Outcome; becomes: Outcome } {
  const [was, becomes] = key.split('\n')
  return { was: outcomeNamed(was), becomes: outcomeNamed(becomes) }
}

function outcomeNamed(name: string | undefined): Outcome {
  return name === 'flag' || name === 'hold' || name === 'block' ? name : 'allow'
}

function round(number: number): number {
  return Math.round(number * 10) / 10
}
