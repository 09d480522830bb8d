import type { TransactionStatus } from './message-types.ts'

/** A message: type letter, length, then the parts (strings get their terminating zero). */
export function encodeMessage(type: string, ...parts: readonly (string | Buffer)[]): Buffer {
  const bodies = parts.map((part) => (typeof part === 'string' ? Buffer.from(`${part}\0`, 'utf8') : part))
  const length = bodies.reduce((sum, body) => sum + body.length, 4)
  const header = Buffer.alloc(5)
  header.write(type, 0, 'latin1')
  header.writeUInt32BE(length, 1)
  return Buffer.concat([header, ...bodies])
}

/** What ErrorResponse and NoticeResponse carry. Source: PostgreSQL documentation, "Error and Notice Message Fields". */
export interface ErrorFields {
  readonly severity: 'ERROR' | 'FATAL' | 'NOTICE' | 'WARNING'
  readonly code: string
  readonly message: string
  readonly detail?: string
  readonly hint?: string
}

function fields({ severity, code, message, detail, hint }: ErrorFields): Buffer {
  // A zero byte would end the field early and let text from outside forge the next one.
  const clean = (text: string) => text.replaceAll('\0', '\uFFFD')
  let text = `S${severity}\0V${severity}\0C${code}\0M${clean(message)}\0`
  if (detail) text += `D${clean(detail)}\0`
  if (hint) text += `H${clean(hint)}\0`
  return Buffer.from(`${text}\0`, 'utf8')
}

export function encodeError(error: ErrorFields): Buffer {
  return encodeMessage('E', fields(error))
}

export function encodeNotice(notice: ErrorFields): Buffer {
  return encodeMessage('N', fields(notice))
}

export function encodeReady(status: TransactionStatus): Buffer {
  return encodeMessage('Z', Buffer.from(status, 'latin1'))
}

export const syncMessage = encodeMessage('S')
export const flushMessage = encodeMessage('H')
export const terminateMessage = encodeMessage('X')

/** int16 zero: no formats, no parameters, no result formats. */
const none = Buffer.alloc(2)

/** @param tail parameter count and types as in a client's own Parse; without it: none given. */
export function encodeParse(statement: string, text: string | Buffer, tail: Buffer = none): Buffer {
  return encodeMessage('P', statement, Buffer.isBuffer(text) ? Buffer.concat([text, Buffer.alloc(1)]) : text, tail)
}

/** @param tail formats, values and result formats as in a client's own Bind; without it: none. */
export function encodeBind(portal: string, statement: string, tail: Buffer = Buffer.alloc(6)): Buffer {
  return encodeMessage('B', portal, statement, tail)
}

export function encodeExecute(portal: string): Buffer {
  return encodeMessage('E', portal, Buffer.alloc(4))
}

export function encodeDescribe(of: 'statement' | 'portal', name: string): Buffer {
  return encodeMessage('D', Buffer.from(of === 'statement' ? 'S' : 'P', 'latin1'), name)
}

/** @param name as bytes: with its terminating zero */
export function encodeClose(of: 'statement' | 'portal', name: string | Buffer): Buffer {
  return encodeMessage('C', Buffer.from(of === 'statement' ? 'S' : 'P', 'latin1'), name)
}

/** A StartupMessage of protocol `version` (default 3.0). It has no type byte. */
export function encodeStartup(parameters: Iterable<readonly [string, string]>, version: number = 0x30000): Buffer {
  let text = ''
  for (const [name, value] of parameters) text += `${name}\0${value}\0`
  const body = Buffer.from(`${text}\0`, 'latin1')
  const head = Buffer.alloc(8)
  head.writeUInt32BE(body.length + 8, 0)
  head.writeUInt32BE(version, 4)
  return Buffer.concat([head, body])
}
