import type { Grammar } from './grammar/index.ts'
import type { Bound, Names, Prepared, PreparedNames } from './prepared.ts'
import type { Expected } from './replies.ts'
import { type LexerSettings, readStatement } from './statement-text.ts'
import { mayChangeLexer, resolveExecutes, type Step, stepsOf, unknownFacts } from './steps.ts'
import type { Frame } from './wire/frame-splitter.ts'
import { readBind, readExecute, readNamed, readParse } from './wire/frontend-messages.ts'
import { frontend } from './wire/message-types.ts'

/** An extended-protocol batch, understood. */
export interface UnderstoodBatch {
  /** In message order; only Execute messages have one. */
  readonly steps: readonly Step[]
  /** Which message runs each step. */
  readonly stepAt: readonly number[]
  /** What will be answered to each message, once the batch is forwarded. `actionIds` follow `steps`. */
  readonly expect: (actionIds: readonly string[]) => readonly Expected[]
}

export interface BatchContext {
  readonly names: PreparedNames
  readonly grammar: Pick<Grammar, 'understand'>
  readonly settings: LexerSettings
  /** Called when an executed statement completed (PREPARE, DEALLOCATE, SET, …). */
  readonly completed: (step: Step) => void
}

/**
 * Understands the messages of one batch (everything up to Sync or Flush): which text each Execute runs, with which
 * parameters. Names made inside the batch stand for themselves: if making one fails, the server skips the rest of
 * the batch. Every reply to earlier messages must be there, so that names from before are known for sure.
 * @throws RangeError for a message that is not well formed
 */
export function understandBatch(frames: readonly Frame[], context: BatchContext): UnderstoodBatch {
  const statements = new NamesInBatch(context.names.statements)
  const portals = new NamesInBatch(context.names.portals)
  const steps: Step[] = []
  const stepAt: number[] = []
  const executes: ExecuteReply[] = []
  const expected: Expected[] = []
  let settings: LexerSettings | undefined = context.settings

  for (const { type, bytes } of frames) {
    switch (type) {
      case frontend.parse: {
        const message = readParse(bytes)
        const prepared: Prepared = {
          text: readStatement(message.text, settings, context.grammar),
          parameterTypes: message.parameterTypes,
          parseTail: message.tail,
        }
        expected.push(statements.set(message.statement, prepared))
        break
      }
      case frontend.bind: {
        const { portal, statement, values, formats, tailAt } = readBind(bytes)
        const bound = new BoundPortal(statements.get(statement), values, formats, bytes, tailAt)
        expected.push(portals.set(portal, bound))
        break
      }
      case frontend.execute: {
        const { portal } = readExecute(bytes)
        const found = stepOf(portals.get(portal), portal)
        const step = found?.facts.executes === undefined ? found : resolved(found, context.names)
        const reply = new ExecuteReply(step, context.completed)
        const at = expected.push(reply) - 1
        if (step === undefined) break
        stepAt.push(at)
        if (mayChangeLexer(step.facts)) settings = undefined
        steps.push(step)
        executes.push(reply)
        break
      }
      case frontend.describe:
        readNamed(bytes)
        expected.push(describeReply)
        break
      case frontend.close: {
        const { of, name } = readNamed(bytes)
        expected.push(of === 'statement' ? statements.set(name, undefined) : portals.set(name, undefined))
        break
      }
    }
  }
  return {
    steps,
    stepAt,
    expect: (actionIds) => {
      for (const [i, execute] of executes.entries()) execute.action = actionIds[i] ?? ''
      return expected
    },
  }
}

const describeReply = { kind: 'describe' } as const

/** The server says that an Execute ended. */
class ExecuteReply {
  readonly kind = 'execute'
  /** Id of the action; empty for a portal of an empty text, which is none. */
  action = ''
  readonly #step: Step | undefined
  readonly #completed: (step: Step) => void

  constructor(step: Step | undefined, completed: (step: Step) => void) {
    this.#step = step
    this.#completed = completed
  }

  done(): void {
    if (this.#step !== undefined) this.#completed(this.#step)
  }
}

/** The server confirms what a name stands for. */
class NameReply<T> {
  readonly kind = 'confirmation'
  readonly #names: Names<T>
  readonly #name: string
  readonly #to: T | undefined

  constructor(names: Names<T>, name: string, to: T | undefined) {
    this.#names = names
    this.#name = name
    this.#to = to
  }

  done(): void {
    this.#names.set(this.#name, this.#to)
  }
}

/** Names as they will be while the batch runs. */
class NamesInBatch<T> {
  readonly #names: Names<T>
  #own: Map<string, T | undefined> | undefined

  constructor(names: Names<T>) {
    this.#names = names
  }

  get(name: string): T | undefined {
    return this.#own?.has(name) === true ? this.#own.get(name) : this.#names.get(name)
  }

  /** Hands back what the server will confirm. */
  set(name: string, to: T | undefined): NameReply<T> {
    this.#own ??= new Map()
    this.#own.set(name, to)
    return new NameReply(this.#names, name, to)
  }
}

class BoundPortal implements Bound {
  readonly prepared: Prepared | undefined
  readonly values: readonly (Buffer | null)[]
  readonly formats: readonly number[]
  readonly #message: Buffer
  readonly #tailAt: number

  constructor(
    prepared: Prepared | undefined,
    values: readonly (Buffer | null)[],
    formats: readonly number[],
    message: Buffer,
    tailAt: number,
  ) {
    this.prepared = prepared
    this.values = values
    this.formats = formats
    this.#message = message
    this.#tailAt = tailAt
  }

  get bindTail(): Buffer {
    return this.#message.subarray(this.#tailAt)
  }
}

function resolved(step: Step, names: PreparedNames): Step | undefined {
  return resolveExecutes([step], (name) => names.factsOf(name))[0]
}

/** What executing a portal does; undefined for a portal of an empty text. */
function stepOf(bound: Bound | undefined, portal: string): Step | undefined {
  if (bound === undefined)
    return opaque(`EXECUTE PORTAL ${portal}`, `The door has not seen what portal "${portal}" runs.`)
  const { prepared } = bound
  if (prepared === undefined)
    return opaque('EXECUTE', 'The door has not seen the text of this prepared statement.', bound)
  if (prepared.inner !== undefined) return { facts: prepared.inner, text: prepared.text, bound }
  const [step, second] = stepsOf(prepared.text, bound)
  if (second !== undefined) return opaque('EXECUTE', 'A prepared statement holds several commands.', bound)
  return step
}

function opaque(operation: string, reason: string, bound?: Bound): Step {
  const text = {
    bytes: Buffer.from(operation, 'latin1'),
    sql: operation,
    understanding: { kind: 'unknown', reason },
  } as const
  return { facts: unknownFacts(operation, operation), text, reason, ...(bound === undefined ? {} : { bound }) }
}
