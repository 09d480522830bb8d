import { errorMessage } from '../../errors/index.ts'
import type { Decision, Measured, Unit } from '../../gate/index.ts'
import { asSimpleReply, type SimpleWork, simpleWork } from './as-extended.ts'
import { poisonMessages } from './estimate.ts'
import type { StatementFacts } from './grammar/index.ts'
import { KeptReplies } from './kept-replies.ts'
import { measureQuery, type OwnQuery, readMeasured, reportMessages } from './measure.ts'
import { heldNotice } from './messages.ts'
import type { Expected } from './replies.ts'
import type { Step } from './steps.ts'
import { together } from './together.ts'
import { TransactionWork, touches } from './transaction-work.ts'
import { readErrorFields } from './wire/backend-messages.ts'
import { encodeClose, encodeError, flushMessage, syncMessage } from './wire/encode.ts'
import { readParse } from './wire/frontend-messages.ts'
import { frontend } from './wire/message-types.ts'
import type { Ran, RunnerContext, Work } from './work.ts'

/** A unit of work in which something becomes final, ready to be sent in two parts. */
interface GatedWork {
  readonly work: Work
  readonly ids: readonly string[]
  readonly messages: readonly Buffer[]
  /** One for each message. */
  readonly expected: readonly Expected[]
  /** How many messages come before the point at which it becomes final. */
  readonly at: number
  readonly locks: boolean
  /** Actions of what comes after that point. */
  readonly later: readonly string[]
  /** Whether the client may be kept waiting: everything can be taken back, and no transaction stays open meanwhile. */
  readonly mayWait: boolean
  /** For a simple Query, which is sent as extended messages. */
  readonly simple: SimpleWork['simple'] | undefined
}

/** How a decision that is not `pass` is carried out, once everything was taken back. undefined: run the bytes again. */
export type AfterTakenBack = (decision: Exclude<Decision, { kind: 'pass' }>) => Promise<Ran | undefined>

/**
 * Measures what a transaction has done before it becomes final, and has it taken back if the rules object.
 *
 * Nothing is wrapped: the client's own messages run as they are, only the Sync or COMMIT that would make them final is
 * kept back while the server is asked, inside the same transaction, what was touched. A Parse that must fail, then
 * Sync, takes it back.
 */
export class CommitGate {
  readonly #in: RunnerContext
  readonly #transaction = new TransactionWork()
  /** The server keeps the counting query prepared. */
  #prepared = false
  /** Actions that were let through and wait for the measuring: no reply of the server's will tell of their end. */
  #waiting: readonly string[] = []
  /** Takes back a question to reviewers while the work that it is about is being taken back. */
  #withdraw: ((reason: string) => void) | undefined

  constructor(context: RunnerContext) {
    this.#in = context
  }

  /** The session ends. Hands back the actions that have not been sent, which nobody else will end. */
  abandon(): readonly string[] {
    const waiting = this.#waiting
    this.#waiting = []
    this.#withdraw?.('The client disconnected.')
    return waiting
  }

  /** Everything that may have touched rows is measured before it is final. */
  get isOn(): boolean {
    return this.#in.policy.commitGate && this.#in.countsRows()
  }

  /** Statements of the transaction under way that touched something, before this unit. */
  get earlier(): readonly Step[] {
    return this.#in.replies.status === 'I' && !this.#in.replies.unsynced ? [] : this.#transaction.steps
  }

  /** Units that ran by an approval in the transaction under way. */
  get approved(): readonly Unit[] {
    return this.#transaction.approved
  }

  /** The statement of a transaction that was taken back at its end whose rows can still be shown. */
  shown(last: readonly Step[]): Step | undefined {
    return this.#transaction.firstPicking(last)
  }

  /** A Sync that comes now makes something final that was not measured. */
  get isDue(): boolean {
    const { replies } = this.#in
    return this.isOn && replies.unsynced && replies.status === 'I' && this.#transaction.wrote
  }

  /** Rows that an earlier transaction touched would be counted again. */
  mustReport(work: Work): boolean {
    const { replies } = this.#in
    if (!this.isOn || !this.#transaction.unreported || replies.status !== 'I' || replies.unsynced) return false
    return work.steps.some(({ facts }) => facts.transaction === 'begin' || touches(facts))
  }

  async report(): Promise<void> {
    const { server, replies } = this.#in
    const { status } = await server.exchange(Buffer.concat([reportMessages, syncMessage]))
    replies.status = status
    this.#transaction.measured()
  }

  /** To be told of everything that is sent without being measured. */
  sent(work: Work, approved?: Unit): void {
    this.#begin()
    this.#transaction.sent(work.steps)
    if (approved !== undefined) this.#transaction.approve(approved)
  }

  #begin(): void {
    const { replies } = this.#in
    if (replies.status === 'I' && !replies.unsynced) this.#transaction.begin()
  }

  /** Where nothing becomes final that needs measuring: undefined. `unmeasurable`: it cannot be done for this work. */
  plan(work: Work, ids: readonly string[]): GatedWork | 'unmeasurable' | undefined {
    if (!this.isOn) return undefined
    this.#begin()
    const { replies } = this.#in
    const { steps } = work
    const points = this.#transaction.finalPoints(steps, replies.status, work.sync !== undefined || !work.extended)
    const [point, second] = points
    if (point === undefined) return undefined
    const isAlone = steps.length === 1 && !replies.unsynced
    // The rows of a COPY come later, and what was not understood may be several statements.
    const copies = steps.some(({ facts }) => facts.copy === 'in')
    const isOpaque = !work.extended && steps.some(({ text }) => text.understanding.kind === 'unknown')
    if (copies || isOpaque) return isAlone ? undefined : 'unmeasurable'
    if (second !== undefined) return 'unmeasurable'
    const controls = steps.some(({ facts }) => facts.transaction !== null)
    const mayWait = replies.status === 'I' && !replies.unsynced && !controls
    const { locks } = point
    const later = ids.slice(point.before)
    if (!work.extended) return { ...simpleWork(work, ids, point.before), work, ids, locks, later, mayWait }
    return {
      work,
      ids,
      messages: work.messages.slice(0, work.stepEnd),
      expected: work.expect(ids),
      at: work.stepAt[point.before] ?? work.stepEnd,
      locks,
      later,
      mayWait,
      simple: undefined,
    }
  }

  /** Runs work that passed the gate up to the point at which it becomes final, and on if what it did is confirmed. */
  async run(gated: GatedWork, unit: Unit, recorded: Promise<void>, after: AfterTakenBack): Promise<Ran> {
    for (;;) {
      const ran = await this.#once(gated, unit, recorded, after)
      if (ran !== 'again') return ran
    }
  }

  async #once(gated: GatedWork, unit: Unit, recorded: Promise<void>, after: AfterTakenBack): Promise<Ran | 'again'> {
    const { server, client, replies, gate, isClosed } = this.#in
    const { work, at } = gated
    this.#waiting = gated.ids
    if (isClosed()) return this.#withdrawn()
    if (work.steps.some(({ facts }) => facts.transaction !== null)) replies.noteTransactionControl()
    const kept = new KeptReplies((bytes) => client.write(bytes))
    const query = gated.locks ? measureQuery.withLocks : this.#query
    const captured = await server.capture(
      together([...gated.messages.slice(0, at), query.messages, flushMessage]),
      query.closes,
      () => {
        this.#waiting = gated.later
        this.#expect(gated.expected.slice(0, at))
      },
      this.#sink(gated, at, (bytes) => kept.take(bytes)),
    )
    if (isClosed()) return 'refused'
    if (captured.failed) {
      this.#waiting = []
      kept.release()
      this.#transaction.sent(work.steps)
      // The server would skip these.
      this.#expect(gated.expected.slice(at))
      return this.#finish(gated, gated.messages.length)
    }
    this.#transaction.measured()
    const measured = readCounts(captured)
    if (!gated.locks) this.#prepared = true
    if (Buffer.isBuffer(measured)) {
      if (!(await this.#takeBack(syncMessage))) return 'refused'
      // Whether the query is there is not known any more.
      this.#prepared = true
      await this.hide()
      return isClosed() ? 'refused' : this.#unmeasured(work, unit, measured)
    }
    try {
      await recorded
    } catch (error) {
      this.#in.fail(error)
      return 'refused'
    }
    if (isClosed()) return 'refused'
    const wait = gated.mayWait && !kept.hasGone ? unit.wait : 0
    const { approved } = this
    const decision = gate.confirm(unit, measured, { wait, approved }, (notice) => client.write(heldNotice(notice)))
    // What is not let through is ended by the gate.
    this.#waiting = []
    if (decision.kind !== 'pass') {
      this.#withdraw = decision.kind === 'wait' ? decision.withdraw : undefined
      if (!(await this.#takeBack(poisonMessages))) return 'refused'
      await this.#forgetNames(gated)
      if (isClosed()) return 'refused'
      this.#withdraw = undefined
      return (await after(decision)) ?? 'again'
    }
    kept.release()
    this.#transaction.sent(work.steps)
    this.#transaction.measured()
    return this.#finish(gated, at)
  }

  /** What comes after the point, with the Sync that ends it all. */
  async #finish(gated: GatedWork, from: number): Promise<Ran> {
    const { server, client, replies, gate } = this.#in
    const { work } = gated
    if (work.isImplicitCommit) for (const id of gated.ids) gate.settle(id, { outcome: 'completed', rows: null })
    const rest = gated.messages.slice(from)
    const expected = gated.expected.slice(from)
    if (gated.simple === undefined) {
      this.#expect(expected)
      if (work.sync !== undefined) replies.expect({ kind: 'sync' })
      const end = work.sync === undefined ? work.messages.slice(work.stepEnd) : [work.sync]
      for (const bytes of together([...rest, ...end])) server.send(bytes)
      return 'forwarded'
    }
    await server.capture(
      together([...rest, syncMessage]),
      0,
      () => {
        this.#expect(expected)
        replies.expect({ kind: 'sync' })
      },
      this.#sink(gated, gated.messages.length + 1, (bytes) => client.write(bytes)),
    )
    return 'forwarded'
  }

  /** The counting query, prepared where nobody can see that it is. */
  get #query(): OwnQuery {
    return this.#prepared ? measureQuery.again : measureQuery.prepare
  }

  /** Whether the client could see, or take away, what the server keeps prepared for the door. */
  isSeenBy(work: Work): boolean {
    return this.#prepared && work.steps.some(({ facts }) => seesPrepared(facts))
  }

  async hide(): Promise<void> {
    if (!this.#prepared) return
    this.#prepared = false
    await this.#in.server.exchange(Buffer.concat([measureQuery.forget, syncMessage]))
  }

  #expect(expected: readonly Expected[]): void {
    for (const one of expected) this.#in.replies.expect(one)
  }

  /** Takes replies to the messages up to number `end`, in the form in which the client expects them. */
  #sink(gated: GatedWork, end: number, take: (bytes: Buffer) => void): (type: number, frame: Buffer) => void {
    const { simple } = gated
    if (simple === undefined) return (_, frame) => take(frame)
    const { replies } = this.#in
    let message: number | undefined
    return (type, frame) => {
      // An error empties the queue: the message it answers is the one that was first before.
      const characters = simple.characters[simple.stepOf[message ?? 0] ?? 0] ?? 0
      message = end - replies.waiting
      const reply = asSimpleReply(type, frame, characters)
      if (reply !== undefined) take(reply)
    }
  }

  /** Has the server take back everything that is not final. false: the session ended meanwhile. */
  async #takeBack(messages: Buffer): Promise<boolean> {
    const { server, replies, isClosed } = this.#in
    const { status } = await server.exchange(messages)
    if (isClosed()) return false
    replies.status = status
    replies.takeBack()
    return true
  }

  /** The session ended before anything was sent. */
  #withdrawn(): Ran {
    for (const id of this.abandon())
      this.#in.gate.settle(id, { outcome: 'withdrawn', rows: null, message: 'The client left first.' })
    return 'refused'
  }

  /** The server did not say what was done: then nothing of it stays. */
  #unmeasured(work: Work, unit: Unit, error: Buffer): Ran {
    const fields = readErrorFields(error)
    this.#waiting = []
    for (const { id } of unit.actions) {
      this.#in.gate.settle(id, {
        outcome: 'failed',
        rows: null,
        code: fields.get('C') ?? 'XX000',
        message: `Taken back, because what it did could not be measured: ${fields.get('M') ?? ''}`,
      })
    }
    this.#in.client.write(error)
    return work.extended && work.sync === undefined ? 'skipToSync' : 'refused'
  }

  /** A named statement survives the rollback: the client was told of none, and it could not be made again. */
  async #forgetNames({ work, messages }: GatedWork): Promise<void> {
    if (!work.extended) return
    const names = new Set<string>()
    for (const message of messages) {
      if (message[0] === frontend.parse) names.add(readParse(message).statement)
    }
    names.delete('')
    if (names.size === 0) return
    const closes = [...names].map((name) => encodeClose('statement', Buffer.from(`${name}\0`, 'latin1')))
    await this.#in.server.exchange(Buffer.concat([...closes, syncMessage]))
  }
}

/** It lists or drops prepared statements, or may do so out of sight. */
function seesPrepared({ effects, operation, resources, deallocates }: StatementFacts): boolean {
  if (deallocates === 'ALL' || operation.startsWith('DISCARD')) return true
  if (effects.includes('execute') || effects.includes('unknown')) return true
  return resources.some(({ name }) => name.includes('pg_prepared_statement'))
}

/** The counts, or the error that the client gets instead. */
function readCounts(captured: { rows: readonly (string | null)[]; error: Buffer | undefined }): Measured | Buffer {
  if (captured.error !== undefined) return captured.error
  try {
    return readMeasured(captured.rows)
  } catch (error) {
    return encodeError({
      severity: 'ERROR',
      code: 'SP005',
      message: `Refused: what this did could not be measured: ${errorMessage(error)}`,
      hint: 'Nothing was changed.',
    })
  }
}
