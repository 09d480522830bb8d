import type { Grammar } from './grammar/index.ts'
import type { Bound, Prepared, PreparedNames } from './prepared.ts'
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
  /** Made when the batch is forwarded: one for each message. `actionIds` follow `steps`. */
  readonly expect: (actionIds: readonly string[]) => Expected[]
}

export interface BatchContext {
  readonly names: PreparedNames
  readonly grammar: Grammar
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
  const statements = new Map<string, Prepared | undefined>()
  const portals = new Map<string, Bound | undefined>()
  const steps: Step[] = []
  const expectations: ((actionIds: readonly string[]) => Expected)[] = []
  let settings: LexerSettings | undefined = context.settings

  for (const frame of frames) {
    switch (frame.type) {
      case frontend.parse: {
        const message = readParse(frame.bytes)
        const prepared: Prepared = {
          text: readStatement(message.text, settings, context.grammar),
          parameterTypes: message.parameterTypes,
          parseTail: message.tail,
        }
        statements.set(message.statement, prepared)
        expectations.push(() => confirmed(() => context.names.statements.set(message.statement, prepared)))
        break
      }
      case frontend.bind: {
        const { portal, statement, values, formats, tail } = readBind(frame.bytes)
        const prepared = statements.has(statement) ? statements.get(statement) : context.names.statements.get(statement)
        const bound: Bound = { prepared, values, formats, bindTail: tail }
        portals.set(portal, bound)
        expectations.push(() => confirmed(() => context.names.portals.set(portal, bound)))
        break
      }
      case frontend.execute: {
        const { portal } = readExecute(frame.bytes)
        const found = stepOf(portals.has(portal) ? portals.get(portal) : context.names.portals.get(portal), portal)
        const [step] = found === undefined ? [] : resolveExecutes([found], (name) => context.names.factsOf(name))
        if (step !== undefined) {
          if (mayChangeLexer(step.facts)) settings = undefined
          const index = steps.push(step) - 1
          expectations.push((ids) => ({
            kind: 'execute',
            action: ids[index] ?? '',
            done: () => context.completed(step),
          }))
        } else {
          expectations.push(() => ({ kind: 'execute', action: '', done: () => undefined }))
        }
        break
      }
      case frontend.describe:
        readNamed(frame.bytes)
        expectations.push(() => ({ kind: 'describe' }))
        break
      case frontend.close: {
        const { of, name } = readNamed(frame.bytes)
        if (of === 'statement') statements.set(name, undefined)
        else portals.set(name, undefined)
        const names = of === 'statement' ? context.names.statements : context.names.portals
        expectations.push(() => confirmed(() => names.set(name, undefined)))
        break
      }
    }
  }
  return { steps, expect: (actionIds) => expectations.map((expectation) => expectation(actionIds)) }
}

function confirmed(done: () => void): Expected {
  return { kind: 'confirmation', done }
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
