import { StringReader } from './string-reader.ts'

/** First four bytes after the length of the untyped first message. Source: "Message Formats", pqcomm.h. */
export const requestCodes = {
  cancel: 80877102,
  ssl: 80877103,
  gssEncryption: 80877104,
} as const

/** StartupMessage: protocol version and the parameters in the order sent. */
export interface StartupMessage {
  readonly major: number
  readonly minor: number
  readonly parameters: ReadonlyMap<string, string>
}

/** @param body everything after the length word. @throws RangeError for a body that is not well formed. */
export function readStartup(body: Buffer): StartupMessage {
  const version = body.readUInt32BE(0)
  const reader = new StringReader(body, 4)
  const parameters = new Map<string, string>()
  for (;;) {
    const name = reader.string()
    if (name === '') break
    if (parameters.has(name)) throw new RangeError(`startup parameter ${name} is given twice`)
    parameters.set(name, reader.string())
  }
  reader.end()
  return { major: version >>> 16, minor: version & 0xffff, parameters }
}

/** CancelRequest: process id and secret key (4 bytes in protocol 3.0, up to 256 in 3.2). */
export interface CancelRequest {
  readonly processId: number
  readonly secret: Buffer
}

export function readCancelRequest(body: Buffer): CancelRequest {
  if (body.length < 12) throw new RangeError('CancelRequest is too short')
  return { processId: body.readUInt32BE(4), secret: body.subarray(8) }
}

/** Query: the raw bytes of the text, without the terminating zero. */
export function readQuery(frame: Buffer): Buffer {
  const reader = new StringReader(frame, 5)
  const text = reader.bytes()
  reader.end()
  return text
}

export interface ParseMessage {
  readonly statement: string
  readonly text: Buffer
  readonly parameterTypes: readonly number[]
  /** The raw bytes after the text: parameter type count and object ids. */
  readonly tail: Buffer
}

export function readParse(frame: Buffer): ParseMessage {
  const reader = new StringReader(frame, 5)
  const statement = reader.string()
  const text = reader.bytes()
  const tail = reader.rest()
  const count = reader.uint16()
  const parameterTypes: number[] = []
  for (let i = 0; i < count; i++) parameterTypes.push(reader.uint32())
  reader.end()
  return { statement, text, parameterTypes, tail }
}

export interface BindMessage {
  readonly portal: string
  readonly statement: string
  /** One per parameter: 0 text, 1 binary. */
  readonly formats: readonly number[]
  readonly values: readonly (Buffer | null)[]
  /** Where what follows the two names starts in the message: formats, values, result formats. */
  readonly tailAt: number
}

export function readBind(frame: Buffer): BindMessage {
  const reader = new StringReader(frame, 5)
  const portal = reader.string()
  const statement = reader.string()
  const tailAt = reader.at
  const given: number[] = []
  const formatCount = reader.uint16()
  for (let i = 0; i < formatCount; i++) given.push(reader.uint16())
  const count = reader.uint16()
  const values: (Buffer | null)[] = []
  for (let i = 0; i < count; i++) values.push(reader.sized())
  const results = reader.uint16()
  for (let i = 0; i < results; i++) reader.uint16()
  reader.end()
  // No format: all text; one: it applies to all (protocol documentation, Bind).
  const formats = given.length === count ? given : values.map((_, i) => (given.length === 1 ? given[0] : given[i]) ?? 0)
  return { portal, statement, formats, values, tailAt }
}

/** Execute: portal name and the most rows to return (0: all). */
export function readExecute(frame: Buffer): { portal: string; maxRows: number } {
  const reader = new StringReader(frame, 5)
  const portal = reader.string()
  const maxRows = reader.uint32()
  reader.end()
  return { portal, maxRows }
}

/** Describe and Close: what (statement or portal) and its name. */
export function readNamed(frame: Buffer): { of: 'statement' | 'portal'; name: string } {
  const kind = frame[5]
  const reader = new StringReader(frame, 6)
  const name = reader.string()
  reader.end()
  if (kind !== 0x53 && kind !== 0x50) throw new RangeError('neither a statement nor a portal is named')
  return { of: kind === 0x53 ? 'statement' : 'portal', name }
}
