import type { Expected } from './replies.ts'
import type { Step } from './steps.ts'
import { shiftErrorPosition } from './wire/backend-messages.ts'
import { encodeBind, encodeClose, encodeDescribe, encodeExecute, encodeParse } from './wire/encode.ts'
import { backend } from './wire/message-types.ts'
import type { Work } from './work.ts'

/**
 * The messages of the extended protocol that do what a simple Query does, statement by statement, so that something
 * can be asked between them. The unnamed statement is gone afterwards, as after a simple Query
 * (PostgreSQL source, exec_simple_query). Parameters and results are text in both.
 */
export function asExtended(step: Step, action: string, done: () => void): { messages: Buffer[]; expected: Expected[] } {
  const confirmation = { kind: 'confirmation', done: () => undefined } as const
  return {
    messages: [
      encodeParse('', Buffer.from(step.facts.text, 'utf8')),
      encodeBind('', ''),
      encodeDescribe('portal', ''),
      encodeExecute(''),
      encodeClose('portal', ''),
      encodeClose('statement', ''),
    ],
    expected: [
      confirmation,
      confirmation,
      { kind: 'describe' },
      { kind: 'execute', action, done },
      confirmation,
      confirmation,
    ],
  }
}

const onlyExtended: ReadonlySet<number> = new Set([
  backend.parseComplete,
  backend.bindComplete,
  backend.closeComplete,
  backend.noData,
])

/** A reply as a simple Query would have had it; undefined: it would have had none. */
export function asSimpleReply(type: number, frame: Buffer, characters: number): Buffer | undefined {
  if (onlyExtended.has(type)) return undefined
  return type === backend.errorResponse && characters > 0 ? shiftErrorPosition(frame, -characters) : frame
}

/** How many characters of the text come before each statement, as the server counts them for error positions. */
export function charactersBefore(text: string, steps: readonly Step[]): number[] {
  let from = 0
  let counted = 0
  let characters = 0
  return steps.map(({ facts }) => {
    const at = text.indexOf(facts.text, from)
    if (at < 0) return 0
    from = at + facts.text.length
    // A character outside the basic plane is two units of text; the second of them is not counted.
    for (; counted < at; counted++) if ((text.charCodeAt(counted) & 0xfc00) !== 0xdc00) characters += 1
    return characters
  })
}

/** A simple Query as extended messages. */
export interface SimpleWork {
  readonly messages: readonly Buffer[]
  /** One for each message. */
  readonly expected: readonly Expected[]
  /** How many messages come before the point at which it becomes final. */
  readonly at: number
  /** The step of each message, and where its text starts. */
  readonly simple: { readonly stepOf: readonly number[]; readonly characters: readonly number[] }
}

/** @param before the step before which it becomes final; the number of steps: at its end */
export function simpleWork(work: Work, ids: readonly string[], before: number): SimpleWork {
  const messages: Buffer[] = []
  const expected: Expected[] = []
  const stepOf: number[] = []
  let at: number | undefined
  for (const [i, step] of work.steps.entries()) {
    if (i === before) at = messages.length
    const own = asExtended(step, ids[i] ?? '', () => work.completed(i))
    messages.push(...own.messages)
    expected.push(...own.expected)
    for (const _ of own.messages) stepOf.push(i)
  }
  const characters = charactersBefore(work.steps[0]?.text.sql ?? '', work.steps)
  return { messages, expected, at: at ?? messages.length, simple: { stepOf, characters } }
}
