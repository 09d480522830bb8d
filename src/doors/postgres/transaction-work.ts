import type { Unit } from '../../gate/index.ts'
import type { StatementFacts } from './grammar/index.ts'
import type { Step } from './steps.ts'
import type { TransactionStatus } from './wire/message-types.ts'

/** Where in a unit of work something is about to become final that must be measured first. */
export interface FinalPoint {
  /** Before which step; the number of steps: at the end, before the Sync that ends an implicit transaction. */
  readonly before: number
  /** Code ran that the door cannot see into, and nothing else that locks tables as DROP does. */
  readonly locks: boolean
}

/** Statements of one transaction that are remembered one by one. */
const mostSteps = 1_000

/** What the transaction under way has done so far, as far as its statements tell. */
export class TransactionWork {
  /** Rows may have been touched. */
  #wrote = false
  /** Code ran that the door cannot see into. */
  #executed = false
  /** Structure was changed by statements that say so. */
  #restructured = false
  #steps: Step[] = []
  #approved: Unit[] = []
  /** Nothing but reading and writing. */
  #plain = true
  /** Rows were touched that the server has not reported yet, and would count again. */
  #unreported = false

  /** Statements that touched something; what a COMMIT is about. The oldest are left out of a very long transaction. */
  get steps(): readonly Step[] {
    return this.#steps
  }

  /** Units that ran by an approval. */
  get approved(): readonly Unit[] {
    return this.#approved
  }

  get wrote(): boolean {
    return this.#wrote
  }

  get unreported(): boolean {
    return this.#unreported
  }

  /** A unit starts where no transaction is under way. */
  begin(): void {
    this.#wrote = false
    this.#executed = false
    this.#restructured = false
    this.#plain = true
    if (this.#steps.length > 0) this.#steps = []
    if (this.#approved.length > 0) this.#approved = []
  }

  approve(unit: Unit): void {
    if (this.#approved.length < mostSteps) this.#approved.push(unit)
  }

  /** Steps were sent to the server. */
  sent(steps: readonly Step[]): void {
    for (const step of steps) {
      const { facts } = step
      if (ends(facts)) this.begin()
      this.#plain &&= isPlain(facts)
      if (!touches(facts)) {
        this.#restructured ||= restructures(facts)
        continue
      }
      this.#wrote = true
      this.#unreported = true
      this.#executed ||= isOpaque(facts)
      this.#restructured ||= restructures(facts)
      if (this.#steps.length < mostSteps) this.#steps.push(step)
    }
  }

  /**
   * The first statement that touched rows, if what it picked can be asked for once the transaction was taken back: what
   * came later picked among rows that this one had changed. undefined: the transaction had savepoints, settings or
   * structure of its own, to which the client may want to go back, or by which names meant something else.
   * @param last the steps with which it was to end
   */
  firstPicking(last: readonly Step[]): Step | undefined {
    if (!this.#plain || !last.every(({ facts }) => isPlain(facts))) return undefined
    return [...this.#steps, ...last].find(({ facts }) => touches(facts))
  }

  /** The server was asked for its counts, and reports them when it is next idle. */
  measured(): void {
    this.#unreported = false
  }

  /** Where these steps make something final, if the session is in this state before them. */
  finalPoints(steps: readonly Step[], status: TransactionStatus, endsItself: boolean): FinalPoint[] {
    // In a failed transaction nothing becomes final any more.
    if (status === 'E') return []
    let explicit = status === 'T'
    let wrote = this.#wrote
    let executed = this.#executed
    let restructured = this.#restructured
    const points: FinalPoint[] = []
    for (const [i, { facts }] of steps.entries()) {
      const { transaction } = facts
      if (transaction === 'begin') explicit = true
      if (transaction === 'commit' || transaction === 'prepare') {
        if (wrote) points.push({ before: i, locks: executed && !restructured })
      }
      if (ends(facts)) {
        explicit = false
        wrote = false
        executed = false
        restructured = false
      }
      wrote ||= touches(facts)
      executed ||= touches(facts) && isOpaque(facts)
      restructured ||= restructures(facts)
    }
    if (endsItself && !explicit && wrote) points.push({ before: steps.length, locks: executed && !restructured })
    return points
  }
}

/** Ending the transaction early, and failing another in its place, leaves the session as the client knows it. */
function isPlain({ transaction, settings, effects }: StatementFacts): boolean {
  const plainControl = transaction === null || transaction === 'begin' || transaction === 'commit'
  return plainControl && settings.length === 0 && effects.every((effect) => /^(read|write|delete)$/.test(effect))
}

function ends({ transaction }: StatementFacts): boolean {
  return transaction === 'commit' || transaction === 'prepare' || transaction === 'rollback'
}

/** Whether rows may be touched by it. */
export function touches({ effects }: StatementFacts): boolean {
  return effects.some((effect) => effect === 'write' || effect === 'delete' || isBlind(effect))
}

function isOpaque({ effects }: StatementFacts): boolean {
  return effects.some(isBlind)
}

function isBlind(effect: string): boolean {
  return effect === 'execute' || effect === 'unknown'
}

function restructures({ effects }: StatementFacts): boolean {
  return effects.some((effect) => effect === 'destroy' || effect === 'deploy' || effect === 'disrupt')
}
