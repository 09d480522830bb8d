import type { Refusal, Words } from '../../gate/index.ts'
import { encodeError, encodeNotice } from './wire/encode.ts'

/** A refusal as the server's own kind of error: the statement fails, the session goes on. */
export function refusalMessage({ code, message, detail, hint }: Refusal): Buffer {
  return encodeError({ severity: 'ERROR', code, message, detail, hint })
}

/** The same before the session has begun, or where it cannot go on. */
export function fatalRefusalMessage({ code, message, detail, hint }: Refusal): Buffer {
  return encodeError({ severity: 'FATAL', code, message, detail, hint })
}

/** SQLSTATE 01SP1: a warning class of the door's own, so that drivers hand it on and nobody takes it for an error. */
export function heldNotice({ message, detail, hint }: Words): Buffer {
  return encodeNotice({ severity: 'NOTICE', code: '01SP1', message, detail, hint })
}

/** What the server itself says when a statement is cancelled. */
export const cancelledMessage = encodeError({
  severity: 'ERROR',
  code: '57014',
  message: 'canceling statement due to user request',
  detail: 'The statement was held for review; the request is withdrawn and nothing was changed.',
})

export function fatalMessage(code: string, message: string, hint?: string): Buffer {
  return encodeError({ severity: 'FATAL', code, message, ...(hint === undefined ? {} : { hint }) })
}
