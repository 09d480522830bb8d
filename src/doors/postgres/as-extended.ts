import type { Expected } from './replies.ts'
import type { Step } from './steps.ts'
import { shiftErrorPosition } from './wire/backend-messages.ts'
import { encodeBind, encodeClose, encodeDescribe, encodeExecute, encodeParse } from './wire/encode.ts'
import { backend } from './wire/message-types.ts'

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
  return steps.map(({ facts }) => {
    const at = text.indexOf(facts.text, from)
    if (at < 0) return 0
    from = at + facts.text.length
    return [...text.slice(0, at)].length
  })
}
