import type { Action } from '../../action/index.ts'
import type { Unit } from '../../gate/index.ts'
import { bindingDigest } from './binding.ts'
import type { Step } from './steps.ts'

/** A unit of one session. Nothing else of the session runs while it waits, so what it is bound to is asked for late. */
export class SessionUnit implements Unit {
  readonly actions: readonly Action[]
  readonly unknown: Unit['unknown']
  readonly record: Unit['record']
  readonly wait: number
  readonly change: Unit['change']
  /** Everything that becomes final with it. */
  readonly steps: readonly Step[]
  readonly #context: () => Readonly<Record<string, string>>

  constructor(
    given: Omit<Unit, 'digest'>,
    steps: readonly Step[],
    /** Settings of the session that decide what names mean. */
    context: () => Readonly<Record<string, string>>,
  ) {
    this.actions = given.actions
    this.unknown = given.unknown
    this.record = given.record
    this.wait = given.wait
    this.change = given.change
    this.steps = steps
    this.#context = context
  }

  get digest(): string {
    return bindingDigest(this.steps, this.#context())
  }
}
