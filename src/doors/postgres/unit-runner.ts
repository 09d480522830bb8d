import { errorMessage } from '../../errors/index.ts'
import { type Decision, type Refusal, type Unit, unrecordedRefusal } from '../../gate/index.ts'
import { charactersBefore } from './as-extended.ts'
import { CommitGate } from './commit-gate.ts'
import { failedMessages, poisonMessages } from './estimate.ts'
import { FactsBefore, type FactsFound } from './facts-before.ts'
import type { TransactionControl } from './grammar/index.ts'
import { cancelledMessage, heldNotice, refusalMessage } from './messages.ts'
import { SessionUnit } from './session-unit.ts'
import { actionOf, type Estimate } from './statement-action.ts'
import { farthest, reachOf, type Step } from './steps.ts'
import { together } from './together.ts'
import { readErrorFields, shiftErrorPosition } from './wire/backend-messages.ts'
import { encodeReady } from './wire/encode.ts'
import type { Ran, RunnerContext, Work } from './work.ts'

/**
 * Takes one unit of work through the gate and on to the server. One at a time, and only when the server has answered
 * everything before: so the transaction status and the names of the session are known for sure.
 */
export class UnitRunner {
  readonly #in: RunnerContext
  readonly #commitGate: CommitGate
  readonly #before: FactsBefore
  #waiting: { withdraw: (reason: string) => void; cancelled: boolean } | undefined
  /** The unit about to be sent, if it runs by an approval. */
  #approved: Unit | undefined
  /** What was refused had begun a transaction before. */
  #refusedBegin = false
  /** The record whose failure ends the session; many units share one. */
  #watched: Promise<void> | undefined

  constructor(context: RunnerContext) {
    this.#in = context
    this.#commitGate = new CommitGate(context)
    this.#before = new FactsBefore(context, () => this.#commitGate.isOn)
  }

  /** A Sync that comes now makes something final that was not measured. */
  get mustMeasure(): boolean {
    return this.#commitGate.isDue
  }

  /** A client is kept waiting for reviewers. */
  get isWaiting(): boolean {
    return this.#waiting !== undefined
  }

  /** The client pressed Ctrl-C. Returns false if nothing is held. */
  cancel(): boolean {
    if (this.#waiting === undefined) return false
    this.#waiting.cancelled = true
    this.#waiting.withdraw('The client cancelled the statement.')
    return true
  }

  /** The client is gone. */
  abandon(): void {
    this.#waiting?.withdraw('The client disconnected.')
    const message = 'The connection ended before this was sent: the server takes back what was not final.'
    for (const id of this.#commitGate.abandon()) this.#in.gate.settle(id, { outcome: 'withdrawn', rows: null, message })
  }

  /** Runs at once where nothing has to be waited for; otherwise hands back a promise. */
  run(work: Work): Ran | Promise<Ran> {
    if (work.steps.length === 0) return this.#forward(work, [])
    if (this.#commitGate.mustReport(work)) return this.#commitGate.report().then(() => this.#unseen(work))
    return this.#unseen(work)
  }

  /** Before a statement that could see what the door keeps prepared, it goes. */
  #unseen(work: Work): Ran | Promise<Ran> {
    if (this.#commitGate.isSeenBy(work)) return this.#commitGate.hide().then(() => this.#understood(work))
    return this.#understood(work)
  }

  #understood(work: Work): Ran | Promise<Ran> {
    const found = this.#before.find(work.steps)
    return found instanceof Promise ? found.then((late) => this.#judge(work, late)) : this.#judge(work, found)
  }

  #judge(asked: Work, { steps, estimates, refused }: FactsFound): Ran | Promise<Ran> {
    const work = steps === asked.steps ? asked : { ...asked, steps }
    return refused === undefined ? this.#submit(work, estimates) : this.#failedBefore(work, refused.step, refused.error)
  }

  /**
   * The server refuses to plan the statement (no such table, no permission, …), so it would refuse to run it: its own
   * error goes to the client, and nothing is forwarded. A transaction has failed by it already, as it would have.
   */
  #failedBefore(work: Work, step: number, error: Buffer): Ran {
    const fields = readErrorFields(error)
    this.#in.gate.recordFailed(this.#unit(work, []), {
      code: fields.get('C') ?? 'XX000',
      message: fields.get('M') ?? '',
    })
    const before = work.extended ? 0 : (charactersBefore(work.steps[0]?.text.sql ?? '', work.steps)[step] ?? 0)
    this.#in.client.write(before === 0 ? error : shiftErrorPosition(error, -before))
    return this.#afterError(work)
  }

  #unit(work: Work, estimates: readonly (Estimate | undefined)[]): SessionUnit {
    const { facts, policy, replies, context } = this.#in
    const now = this.#in.now()
    const uses = this.#in.change?.match(work.steps, replies.status)
    const { earlier } = this.#commitGate
    // In a failed transaction the server runs nothing but its end: such a statement touches no row.
    const inFailed = replies.status === 'E' && work.steps.every((step) => step.facts.transaction === null)
    const found = inFailed ? work.steps.map(() => ({ rows: 0 })) : estimates
    const given = {
      actions: work.steps.map((step, i) => actionOf(step, facts, found[i], now, uses?.[i]?.change)),
      change: uses,
      unknown: policy.unknown,
      record: this.#mayRecordSoon(work) ? 'soon' : 'now',
      // Waiting inside a transaction would pin its locks.
      wait: replies.status === 'I' && !replies.unsynced ? policy.wait : 0,
    } as const
    return new SessionUnit(given, commits(work) ? [...earlier, ...work.steps] : work.steps, context)
  }

  /** Whether nothing takes effect by it, now or before a later record that takes this one along. */
  #mayRecordSoon(work: Work): boolean {
    const { replies, policy } = this.#in
    const reach = farthest(work.steps)
    if (reach === 'harmless') return policy.record === 'batched' || !reads(work)
    return reach === 'rollbackable' && replies.status === 'T'
  }

  #submit(work: Work, estimates: readonly (Estimate | undefined)[]): Ran | Promise<Ran> {
    const { gate, client } = this.#in
    const unit = this.#unit(work, estimates)
    const decision = gate.submit(unit, (notice) => client.write(heldNotice(notice)))
    switch (decision.kind) {
      case 'pass':
        return this.#pass(work, unit, decision.recorded, decision.byApproval)
      case 'refuse':
        return this.#stop(work, unit, decision.refusal)
      case 'wait':
        return this.#wait(work, unit, decision).then((ran) => ran ?? this.#pass(work, unit, Promise.resolve(), true))
    }
  }

  /** undefined: the unit may run now. */
  async #wait(work: Work, unit: SessionUnit, decision: Extract<Decision, { kind: 'wait' }>): Promise<Ran | undefined> {
    const waiting = { withdraw: decision.withdraw, cancelled: false }
    this.#waiting = waiting
    const [refusal] = await Promise.all([decision.decided, this.#show(unit, decision.hold)])
    this.#waiting = undefined
    if (waiting.cancelled) return this.#refuseWith(work, cancelledMessage)
    return refusal === undefined ? undefined : this.#refuse(work, refusal)
  }

  /** Refuses, once reviewers can see what was held (`#show`). */
  #stop(work: Work, unit: SessionUnit, refusal: Refusal, first?: Step): Ran | Promise<Ran> {
    const { hold } = refusal
    if (hold === undefined || !this.#in.gate.wantsSamples(hold)) return this.#refuse(work, refusal)
    return this.#show(unit, hold, first).then(() => this.#refuse(work, refusal))
  }

  /**
   * Shows reviewers some of the rows that a hold is about. What cannot be shown keeps nobody from deciding.
   * @param first of a transaction that was taken back as it was to end: its statement whose rows can be shown
   */
  async #show(unit: SessionUnit, hold: string, first?: Step): Promise<void> {
    const { gate, policy } = this.#in
    if (!gate.wantsSamples(hold)) return
    try {
      const samples =
        first === undefined
          ? await this.#before.samples(unit.steps, policy.sample)
          : await this.#before.samplesAfter(first, policy.sample)
      gate.sampled(hold, samples)
    } catch {
      // The connection is gone; the session finds out by itself.
    }
  }

  /** Lets a unit go as far as it may while its record is being synced. */
  #pass(work: Work, unit: SessionUnit, intents: Promise<void>, byApproval = false): Ran | Promise<Ran> {
    const { replies, client, policy } = this.#in
    const recorded = this.#in.change?.sending(work.steps, unit.actions, replies.status) ?? intents
    const reach = farthest(work.steps)
    const ids = unit.actions.map((action) => action.id)
    const gated = this.#commitGate.plan(work, ids)
    if (gated === 'unmeasurable') return this.#passUnmeasured(work, unit, recorded)
    if (gated !== undefined) {
      const run = () =>
        this.#commitGate.run(gated, unit, recorded, async (decision) => {
          if (decision.kind === 'wait') return this.#wait(work, unit, decision)
          const first = replies.status === 'E' ? this.#commitGate.shown(work.steps) : undefined
          return this.#stop(work, unit, decision.refusal, first)
        })
      // What cannot be taken back by a rollback is not sent before its record is durable.
      if (reach !== 'irrevocable' || isPlainCommit(work)) return run()
      return recorded.then(run, (error: unknown) => this.#refuse(work, unrecordedRefusal(errorMessage(error))))
    }
    if (byApproval) this.#approved = unit
    if (reach === 'harmless') {
      if (policy.record === 'strict' && reads(work)) client.keepUntil(recorded)
      else this.#watch(recorded)
      return this.#forward(work, ids)
    }
    if (reach === 'rollbackable' && replies.status === 'T') {
      // COMMIT is recorded after this in the same ordered log, and waits for its own record.
      this.#watch(recorded)
      return this.#forward(work, ids)
    }
    if (reach === 'rollbackable' && work.sync !== undefined && !replies.unsynced) {
      this.#send(work, ids)
      const { sync } = work
      return recorded.then(
        () => this.#sendSync(sync),
        (error: unknown) => {
          this.#in.fail(error)
          return 'refused' as const
        },
      )
    }
    return recorded.then(
      () => this.#forward(work, ids),
      (error: unknown) => this.#refuse(work, unrecordedRefusal(errorMessage(error))),
    )
  }

  /** Several points at which something becomes final, or rows that come later: there is no one moment to measure at. */
  async #passUnmeasured(work: Work, unit: SessionUnit, recorded: Promise<void>): Promise<Ran> {
    const { gate, client } = this.#in
    try {
      await recorded
    } catch (error) {
      return this.#refuse(work, unrecordedRefusal(errorMessage(error)))
    }
    const measured = { tables: [], locked: [], unknownBecause: unmeasurable }
    const circumstances = { wait: unit.wait, approved: this.#commitGate.approved }
    const decision = gate.confirm(unit, measured, circumstances, (notice) => client.write(heldNotice(notice)))
    const refused =
      decision.kind === 'pass'
        ? undefined
        : decision.kind === 'refuse'
          ? this.#stop(work, unit, decision.refusal)
          : await this.#wait(work, unit, decision)
    return (
      refused ??
      this.#forward(
        work,
        unit.actions.map((action) => action.id),
      )
    )
  }

  #watch(recorded: Promise<void>): void {
    if (this.#watched === recorded) return
    this.#watched = recorded
    recorded.catch((error: unknown) => this.#in.fail(error))
  }

  #forward(work: Work, ids: readonly string[]): Ran {
    if (this.#in.isClosed()) {
      for (const id of ids)
        this.#in.gate.settle(id, { outcome: 'withdrawn', rows: null, message: 'The client left first.' })
      return 'refused'
    }
    this.#send(work, ids, work.sync)
    return 'forwarded'
  }

  #send(work: Work, ids: readonly string[], sync: Buffer | undefined = undefined): void {
    const { replies, server } = this.#in
    this.#noteSent(work)
    if (work.steps.some((step) => step.facts.transaction !== null)) replies.noteTransactionControl()
    for (const expected of work.expect(ids)) replies.expect(expected)
    if (sync !== undefined) replies.expect({ kind: 'sync' })
    for (const message of together(sync === undefined ? work.messages : [...work.messages, sync])) server.send(message)
  }

  #noteSent(work: Work): void {
    this.#commitGate.sent(work, this.#approved)
    this.#approved = undefined
    this.#before.sent(work.steps)
  }

  #sendSync(sync: Buffer): Ran {
    this.#in.replies.expect({ kind: 'sync' })
    this.#in.server.send(sync)
    return 'forwarded'
  }

  #refuse(work: Work, refusal: Refusal): Ran | Promise<Ran> {
    return this.#refuseWith(work, refusalMessage(refusal))
  }

  #refuseWith(work: Work, message: Buffer): Ran | Promise<Ran> {
    this.#in.client.write(message)
    return this.#afterError(work)
  }

  #afterError(work: Work): Ran {
    this.#refusedBegin = beginsFirst(work)
    if (work.extended && work.sync === undefined) return 'skipToSync'
    return 'refused'
  }

  /** Ends a refused unit as the server ends a failed one: ReadyForQuery, with any transaction in the failed state. */
  async finishRefused(): Promise<void> {
    const { replies, server, client } = this.#in
    if (replies.status === 'T' || replies.unsynced) {
      const { status } = await server.exchange(poisonMessages)
      replies.status = status
      replies.unsynced = false
    } else if (replies.status === 'I' && this.#refusedBegin) {
      // Drivers send BEGIN along with the first statement: to their clients a transaction has failed.
      replies.status = (await server.exchange(failedMessages)).status
    }
    this.#refusedBegin = false
    client.write(encodeReady(replies.status))
  }
}

const unmeasurable =
  'It makes several things final in one message, or loads rows beside other statements; send them one by one.'

/** Makes an explicit transaction final. */
function commits(work: Work): boolean {
  return work.isImplicitCommit || work.steps.some(({ facts }) => isCommit(facts.transaction))
}

function isCommit(transaction: TransactionControl | null): boolean {
  return transaction === 'commit' || transaction === 'prepare'
}

/** What is sent before the measuring is rollbackable, COMMIT itself comes after it. */
function isPlainCommit(work: Work): boolean {
  return work.steps.every(({ facts }) => isCommit(facts.transaction) || reachOf(facts) !== 'irrevocable')
}

/** A BEGIN with something behind it that may have been refused. */
function beginsFirst({ steps }: Work): boolean {
  const begin = steps.findIndex(({ facts }) => facts.transaction === 'begin')
  return begin >= 0 && steps.slice(begin + 1).some(({ facts }) => facts.effects.length > 0)
}

function reads(work: Work): boolean {
  return work.steps.some((step) => step.facts.effects.length > 0)
}
