import type { Action } from '../action/index.ts'
import { errorMessage } from '../errors/index.ts'
import { type Hold, type Holds, isOver } from '../holds/index.ts'
import type { HeldRows, Ledger } from '../ledger/index.ts'
import type { Lock, Locks } from '../locks/index.ts'
import type { Judge, Moment } from '../rules/index.ts'
import { bindingOf, bindingOfHold } from './binding.ts'
import { judgedBody, settledBody } from './bodies.ts'
import { coveredByChange, isOfChange, withChange } from './by-change.ts'
import type { Canary } from './canary.ts'
import type { Decision, End, Gate, Measured, Refusal, Unit, Words } from './gate.ts'
import { carrierOf, covers, MeasuredUnit } from './measured.ts'
import { deciding, heldBy, lockedVerdict, reviewFor, type Verdict, verdictOf } from './verdict.ts'
import { type Retry, WaitingUnit } from './waiting-unit.ts'
import { blockedRefusal, floodRefusal, heldRefusal, lockedRefusal, unrecordedRefusal } from './words.ts'

export interface GateOptions {
  readonly ledger: Pick<Ledger, 'append' | 'flush'>
  readonly holds: Holds
  /** The rule set in force at this moment. */
  readonly judge: () => Judge
  /** What stops an action before any rule is asked. */
  readonly locks?: Pick<Locks, 'on'>
  /** What a unit is judged by beside its actions. Not given: their own time, and windows with nothing else in them. */
  readonly moment?: (actions: readonly Action[]) => Moment
  /** Told of what was judged and how, for a candidate that judges beside. */
  readonly beside?: Pick<Canary, 'judged'>
  /** Base of links to the console. */
  readonly publicUrl: string
  /** Told when an outcome could not be recorded; the next start records it as unknown. */
  readonly onUnrecorded?: (action: string, error: unknown) => void
}

/** Judged actions of one unit under one rule set. */
interface Judgements {
  readonly ruleSet: string
  readonly verdicts: readonly Verdict[]
  readonly verdict: Verdict
  /** The action that decided. */
  readonly action: Action
  readonly lock?: Lock
}

export class LedgerGate implements Gate {
  readonly #options: GateOptions
  /** Waiting clients by hold: the last one to leave withdraws it. */
  readonly #waiting = new Map<string, number>()
  readonly #waitingListeners = new Set<(hold: string) => void>()
  /** Holds that can still be used, by what they are bound to. */
  readonly #byBinding = new Map<string, string>()
  /** Units that run by an approval. */
  readonly #released = new WeakMap<Unit, Hold>()
  /** What was measured of actions that have not ended yet. */
  readonly #measured = new Map<string, Measured['tables']>()

  constructor(options: GateOptions) {
    this.#options = options
    for (const hold of options.holds.list('all').reverse()) {
      if (!isOver(hold)) this.#byBinding.set(bindingOfHold(hold), hold.hold)
    }
    options.holds.subscribe((hold) => {
      const key = bindingOfHold(hold)
      if (isOver(hold) && this.#byBinding.get(key) === hold.hold) this.#byBinding.delete(key)
    })
  }

  /** Clients waiting on a hold right now. */
  waiting(hold: string): number {
    return this.#waiting.get(hold) ?? 0
  }

  /** Calls the listener with the id of a hold whenever a client starts or stops waiting on it. */
  onWaiting(listener: (hold: string) => void): () => void {
    this.#waitingListeners.add(listener)
    return () => this.#waitingListeners.delete(listener)
  }

  #count(hold: string, change: 1 | -1): number {
    const now = this.waiting(hold) + change
    if (now > 0) this.#waiting.set(hold, now)
    else this.#waiting.delete(hold)
    for (const listener of this.#waitingListeners) listener(hold)
    return now
  }

  submit(unit: Unit, notify: (notice: Words) => void): Decision {
    try {
      const judged = this.#judge(unit, withChange)
      if (judged === undefined) return { kind: 'pass', recorded: this.#options.ledger.flush() }
      const recorded = this.#recordIntents(unit, judged)
      switch (judged.verdict.outcome) {
        case 'allow':
        case 'flag':
          return { kind: 'pass', recorded, ...(isOfChange(unit) ? { byApproval: true } : {}) }
        case 'block':
          return this.#refuse(unit, refusalOf(judged))
        case 'hold':
          return this.#hold(unit, judged, notify)
      }
    } catch (error) {
      return { kind: 'refuse', refusal: unrecordedRefusal(errorMessage(error)) }
    }
  }

  recordFailed(unit: Unit, end: { code: string; message: string }): void {
    for (const action of unit.actions) {
      this.#record(action.id, () => {
        this.#options.ledger.append('action.requested', { action, judged: null })
      })
      this.settle(action.id, { outcome: 'failed', rows: null, ...end })
    }
  }

  confirm(
    unit: Unit,
    measured: Measured,
    { wait, approved }: { readonly wait: number; readonly approved: readonly Unit[] },
    notify: (notice: Words) => void,
  ): Decision {
    try {
      const carrier = carrierOf(unit.actions)
      if (carrier !== undefined && measured.tables.length > 0) this.#measured.set(carrier.id, measured.tables)
      const exact = new MeasuredUnit(unit, measured, wait)
      const judged = this.#judge(exact)
      const outcome = judged?.verdict.outcome
      if (judged === undefined || outcome === 'allow') return { kind: 'pass', recorded: Promise.resolve() }
      const recorded = this.#recordVerdicts(exact, judged)
      if (outcome === 'flag') return { kind: 'pass', recorded }
      if (outcome === 'block') return this.#refuse(exact, refusalOf(judged))
      const review = reviewFor(judged.verdicts)
      const released = [unit, ...approved].flatMap(
        (one) => this.#released.get(one)?.actions ?? coveredByChange(one, review),
      )
      if (released.length > 0 && covers(released, exact.actions)) return { kind: 'pass', recorded }
      return this.#hold(exact, judged, notify)
    } catch (error) {
      return this.#refuse(unit, unrecordedRefusal(errorMessage(error)))
    }
  }

  wantsSamples(hold: string): boolean {
    return this.#options.holds.wantsSamples(hold)
  }

  sampled(hold: string, samples: readonly HeldRows[]): void {
    try {
      this.#options.holds.sampled(hold, samples)
    } catch {
      // Where nothing can be recorded any more, whoever waits hears of it anyway.
    }
  }

  settle(action: string, end: End): void {
    const measured = this.#measured.get(action)
    if (measured !== undefined) this.#measured.delete(action)
    this.#record(action, () => {
      // An ending that is lost is recorded as unknown at the next start: it can wait for company.
      this.#options.ledger.append('action.settled', settledBody(action, end, measured), 'soon')
    })
  }

  #record(action: string, append: () => void): void {
    try {
      append()
    } catch (error) {
      this.#options.onUnrecorded?.(action, error)
    }
  }

  #judge(unit: Unit, and = (verdicts: readonly Verdict[], _: Unit) => verdicts): Judgements | undefined {
    const judge = this.#options.judge()
    const locked = this.#locked(unit, judge.version)
    if (locked !== undefined) return locked
    const moment = this.#options.moment?.(unit.actions)
    const ruled = unit.actions.map((action) => verdictOf(judge, action, unit.unknown, moment))
    this.#options.beside?.judged(unit, ruled, moment)
    const verdicts = and(ruled, unit)
    const decided = deciding(verdicts)
    const action = unit.actions[decided?.index ?? 0]
    if (decided === undefined || action === undefined) return undefined
    return { ruleSet: judge.version, verdicts, verdict: decided.verdict, action }
  }

  /** A lock stops the whole unit, whatever rules say. */
  #locked(unit: Unit, ruleSet: string): Judgements | undefined {
    for (const action of unit.actions) {
      const lock = this.#options.locks?.on(action)
      if (lock === undefined) continue
      const verdict = lockedVerdict(lock)
      return { ruleSet, verdicts: unit.actions.map(() => verdict), verdict, action, lock }
    }
    return undefined
  }

  /** Each action with its verdict, before anything runs. */
  #recordIntents(unit: Unit, judged: Judgements): Promise<void> {
    let recorded = Promise.resolve()
    for (let i = 0; i < unit.actions.length; i++) {
      const action = unit.actions[i]
      if (action === undefined) break
      const body = { action, judged: judgedBody(judged.ruleSet, judged.verdicts[i] ?? judged.verdict) }
      // What does not simply pass is on the disk before anybody hears of it.
      const urgency = judged.verdict.outcome === 'allow' ? unit.record : 'now'
      recorded = this.#options.ledger.append('action.requested', body, urgency).durable
    }
    // One ordered log: when the last entry is durable, so are all before it.
    return recorded
  }

  /** The verdicts of judging again. */
  #recordVerdicts(unit: Unit, judged: Judgements): Promise<void> {
    let recorded = Promise.resolve()
    for (const [i, { id }] of unit.actions.entries()) {
      recorded = this.#options.ledger.append('action.judged', {
        action: id,
        ...judgedBody(judged.ruleSet, judged.verdicts[i] ?? judged.verdict),
      }).durable
    }
    return recorded
  }

  #refuse(unit: Unit, refusal: Refusal): Decision {
    this.#settleAll(unit, refusal)
    return { kind: 'refuse', refusal }
  }

  #settleAll(unit: Unit, refusal: Refusal): void {
    const outcome = refusal.withdrawn === true ? 'withdrawn' : 'refused'
    for (const action of originOf(unit).actions) {
      this.settle(action.id, { outcome, rows: null, code: refusal.code, message: refusal.message })
    }
  }

  #hold(unit: Unit, judged: Judgements, notify: (notice: Words) => void): Decision {
    const binding = bindingOf(unit)
    const approved = this.#options.holds.get(this.#byBinding.get(binding) ?? '')
    const usable = approved?.state === 'approved' && approved.ruleSet === judged.ruleSet
    if (usable && (!(unit instanceof MeasuredUnit) || covers(approved.actions, unit.actions))) {
      const released = this.#release(unit, approved, judged.ruleSet)
      if (released !== undefined) return { kind: 'pass', recorded: released, byApproval: true }
    }
    const joined = this.#join(unit, judged, binding)
    if ('code' in joined) return this.#refuse(unit, joined)
    const { hold, durable } = joined
    durable.catch(() => undefined)
    if (unit.wait === 0) {
      const why =
        unit instanceof MeasuredUnit
          ? 'what it did was measured, and taken back before it was final.'
          : 'this statement cannot wait here.'
      return this.#refuse(unit, heldRefusal(hold, this.#options.publicUrl, why))
    }
    return this.#wait(unit, { hold, durable }, notify)
  }

  /** The pending hold that already asks for exactly this, or a new one; a refusal where there are too many. */
  #join(unit: Unit, judged: Judgements, binding: string): { hold: Hold; durable: Promise<void> } | Refusal {
    const { holds } = this.#options
    const known = this.#byBinding.get(binding) ?? ''
    const opening = holds.opening(known)
    const existing = opening?.hold ?? holds.get(known)
    const same = existing?.state === 'pending' && existing.ruleSet === judged.ruleSet
    if (same && (!(unit instanceof MeasuredUnit) || covers(existing.actions, unit.actions))) {
      return opening ?? { hold: existing, durable: Promise.resolve() }
    }
    const { id, name, owner } = judged.action.actor
    const flood = holds.floodedBy(id)
    if (flood !== undefined) return floodRefusal(flood)
    const { system, environment, database } = judged.action.target
    const { rule, reason } = judged.verdict
    const { within, ...review } = reviewFor(judged.verdicts)
    // The action that is held comes first; the reviewer sees the rest of the unit too, for it runs with it.
    const actions = [judged.action, ...unit.actions.filter((action) => action !== judged.action)]
    const opened = holds.open(
      {
        requester: { id, name, ...(owner === undefined ? {} : { owner }) },
        door: judged.action.door,
        target: { system, environment, ...(database === undefined ? {} : { database }) },
        digest: unit.digest,
        ruleSet: judged.ruleSet,
        rule: heldBy(rule, reason),
        review,
        actions,
      },
      within,
    )
    this.#byBinding.set(binding, opened.hold.hold)
    return opened
  }

  /** Uses an approval for this unit: the same bytes, judged again under the rules that the approval was given under. */
  #release(unit: Unit, hold: Hold, ruleSet: string): Promise<void> | undefined {
    const { actions } = originOf(unit)
    const released = this.#options.holds.release(
      hold.hold,
      actions.map((action) => action.id),
    )
    if (released === undefined) return undefined
    this.#released.set(originOf(unit), hold)
    this.#byBinding.delete(bindingOf(unit))
    let durable = released.durable
    for (const action of actions) {
      durable = this.#options.ledger.append('action.released', { action: action.id, hold: hold.hold, ruleSet }).durable
    }
    return durable
  }

  #wait(unit: Unit, opened: { hold: Hold; durable: Promise<void> }, notify: (notice: Words) => void): Decision {
    const waiting = new WaitingUnit(opened, {
      wait: unit.wait,
      publicUrl: this.#options.publicUrl,
      holds: this.#options.holds,
      notify,
      count: (hold, change) => this.#count(hold, change),
      retry: (hold) => this.#retry(unit, hold),
      ended: (refusal) => this.#settleAll(unit, refusal),
    })
    return {
      kind: 'wait',
      hold: opened.hold.hold,
      decided: waiting.decided,
      withdraw: (reason) => waiting.withdraw(reason),
    }
  }

  /** An approval came for a unit that waits: judge it again, with the rules of this moment. */
  #retry(unit: Unit, hold: Hold): Retry {
    const { holds } = this.#options
    const judged = this.#judge(unit)
    if (judged === undefined) return { kind: 'refuse', refusal: unrecordedRefusal('There is nothing to run.') }
    const { outcome } = judged.verdict
    if (outcome === 'hold' && judged.ruleSet === hold.ruleSet) {
      const recorded = this.#release(unit, hold, judged.ruleSet)
      if (recorded !== undefined) return { kind: 'run', recorded }
    }
    const recorded = this.#recordVerdicts(unit, judged)
    if (outcome === 'block') {
      return { kind: 'refuse', refusal: refusalOf(judged) }
    }
    if (judged.ruleSet !== hold.ruleSet) {
      const reason =
        outcome === 'hold'
          ? `The rules changed to ${judged.ruleSet}: approve again.`
          : 'The rules no longer ask for review.'
      holds.end(hold.hold, 'withdrawn', 'sallyport', reason).catch(() => undefined)
    }
    if (outcome !== 'hold') return { kind: 'run', recorded }
    // Used up by another client with the same statement, or given under other rules: ask anew.
    const opened = this.#join(unit, judged, bindingOf(unit))
    return 'code' in opened ? { kind: 'refuse', refusal: opened } : { kind: 'hold', opened }
  }
}

function originOf(unit: Unit): Unit {
  return unit instanceof MeasuredUnit ? unit.origin : unit
}

function refusalOf({ lock, verdict, action, ruleSet }: Judgements): Refusal {
  return lock === undefined ? blockedRefusal(verdict, action, ruleSet) : lockedRefusal(lock)
}
