import type { Action } from '../../action/index.ts'
import type { ChangeRun, ChangeUse, FinalUse } from '../../gate/index.ts'
import type { Grammar } from './grammar/index.ts'
import type { ActionEnd } from './replies.ts'
import type { Step } from './steps.ts'
import type { TransactionStatus } from './wire/message-types.ts'

/** A unit of work whose statements are about to become final. */
interface Sent {
  readonly final: FinalUse
  readonly actions: ReadonlySet<string>
  /** Any failure in it means that nothing of it is final. */
  readonly isWhole: boolean
}

/**
 * Tells the run of a change what its session does: which statements are sent, whether they stay in an open transaction
 * or become final, and what became of them. What is about to become final is on the record as used before; it is given
 * back only where the server has certainly taken it back.
 */
export class ChangeFollower {
  readonly #run: ChangeRun
  readonly #grammar: () => Pick<Grammar, 'fingerprint'>
  readonly #context: Readonly<Record<string, string>>
  /** Settings that decide what names mean, as statements of the change have put them. */
  readonly #ownSettings = new Set<string>()
  #uses: readonly ChangeUse[] = []
  #sent: Sent | undefined
  /** Whose end the server has not told. */
  #waiting: Sent[] = []

  /** @param context settings of the session that decide what names mean, as they are now */
  constructor(run: ChangeRun, grammar: () => Pick<Grammar, 'fingerprint'>, context: Readonly<Record<string, string>>) {
    this.#run = run
    this.#grammar = grammar
    this.#context = context
  }

  /** What the statements of the next unit are to the change. Under settings that are not the change's own: nothing. */
  match(steps: readonly Step[], status: TransactionStatus): readonly ChangeUse[] {
    this.#sent = undefined
    const mayMatch = status !== 'E' && Object.keys(this.#context).every((name) => this.#ownSettings.has(name))
    this.#uses = this.#run.match(steps.map((step) => (mayMatch ? this.#digestOf(step) : undefined)))
    return this.#uses
  }

  /** The unit matched last is sent. Hands back what must be durable before anything of it becomes final. */
  sending(steps: readonly Step[], actions: readonly Action[], status: TransactionStatus): Promise<void> | undefined {
    this.#noteSettings(steps)
    const ids = actions.map(({ id }) => id)
    const fate = fateOf(steps, status)
    if (fate === 'undone') return undefined
    if (fate === 'open') {
      this.#run.begin(this.#uses, ids)
      return undefined
    }
    try {
      const final = this.#run.finish(this.#uses, ids)
      if (final === undefined) return undefined
      this.#sent = { final, actions: new Set(ids), isWhole: isWhole(steps, status) }
      this.#waiting.push(this.#sent)
      return final.recorded
    } catch (error) {
      return Promise.reject(error)
    }
  }

  /** The unit sent last was refused before anything of it was final; nothing where none was sent. */
  refused(): void {
    const sent = this.#sent
    this.#sent = undefined
    if (sent === undefined) return
    this.#waiting = this.#waiting.filter((other) => other !== sent)
    sent.final.restore('It was refused before it was final.')
  }

  /** The server told how actions ended. */
  settled(ends: readonly ActionEnd[]): void {
    if (this.#waiting.length === 0) return
    const failed = new Set(ends.filter(({ outcome }) => outcome === 'failed').map(({ action }) => action))
    const ended = new Set(ends.map(({ action }) => action))
    const over = this.#waiting.filter(({ actions }) => [...actions].some((action) => ended.has(action)))
    this.#waiting = this.#waiting.filter((sent) => !over.includes(sent))
    // What was sent last is given back first.
    for (const { final, actions, isWhole } of over.reverse()) {
      if (isWhole && [...actions].some((action) => failed.has(action))) final.restore('The server took it back.')
      else final.done()
    }
  }

  /** No transaction is open any more. */
  idle(): void {
    this.#run.rolledBack()
  }

  leave(): void {
    this.#run.leave()
  }

  /** Only what is fixed by its text can be a statement of a change: no parameters, no rows that come later. */
  #digestOf({ facts, text, bound, behind, reason }: Step): string | undefined {
    if (reason !== undefined || behind !== undefined || text.understanding.kind === 'unknown') return undefined
    if (facts.transaction !== null || facts.copy === 'in' || (bound?.values.length ?? 0) > 0) return undefined
    return this.#grammar().fingerprint(facts.text)
  }

  #noteSettings(steps: readonly Step[]): void {
    for (const [i, { facts }] of steps.entries()) {
      for (const { name } of facts.settings) {
        if (this.#uses[i]?.change.verified === true) this.#ownSettings.add(name)
        else this.#ownSettings.delete(name)
      }
    }
  }
}

/**
 * What comes of statements that are sent now. `open`: they stay in a transaction that goes on. `undone`: nothing of
 * what was open stays. `final`: anything else, and whatever cannot be told.
 */
function fateOf(steps: readonly Step[], status: TransactionStatus): 'open' | 'undone' | 'final' {
  if (status === 'E' || (steps.length === 1 && steps[0]?.facts.transaction === 'rollback')) return 'undone'
  if (steps.some(({ facts }) => endsTransaction(facts) || facts.effects.includes('unknown'))) return 'final'
  return status === 'T' || steps.some(({ facts }) => facts.transaction === 'begin') ? 'open' : 'final'
}

/** Whether statements become final together or not at all: nothing before the last of them makes anything final. */
function isWhole(steps: readonly Step[], status: TransactionStatus): boolean {
  return steps.every(({ facts }, i) => {
    if (endsTransaction(facts)) return i === steps.length - 1 && facts.transaction !== 'rollback'
    if (facts.effects.includes('unknown')) return false
    // These may commit in the middle, unless a transaction is open around them.
    return status === 'T' || (facts.operation !== 'CALL' && facts.operation !== 'DO')
  })
}

function endsTransaction({ transaction }: Step['facts']): boolean {
  return transaction !== null && !['begin', 'savepoint', 'release', 'rollback-to'].includes(transaction)
}
