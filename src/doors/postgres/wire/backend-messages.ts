import { encodeMessage } from './encode.ts'
import { StringReader } from './string-reader.ts'

/** Fields of an ErrorResponse or NoticeResponse by their one-letter code (`C` SQLSTATE, `M` message, …). */
export function readErrorFields(frame: Buffer): ReadonlyMap<string, string> {
  const fields = new Map<string, string>()
  let at = 5
  while (at < frame.length && frame[at] !== 0) {
    const end = frame.indexOf(0, at + 1)
    if (end < 0) break
    fields.set(String.fromCharCode(frame[at] ?? 0), frame.toString('utf8', at + 1, end))
    at = end + 1
  }
  return fields
}

/** ParameterStatus: name and value. */
export function readParameterStatus(frame: Buffer): { name: string; value: string } {
  const reader = new StringReader(frame, 5)
  return { name: reader.string(), value: reader.bytes().toString('utf8') }
}

/**
 * Rows a CommandComplete reports in the last word of its tag (`DELETE 3`, `INSERT 0 5`, `SELECT 2`, `COPY 7`); null for
 * a tag without a count. Source: PostgreSQL documentation, CommandComplete.
 */
export function readCompletedRows(frame: Buffer): number | null {
  let rows = 0
  let unit = 1
  for (let at = frame.length - 2; at >= 5; at--) {
    const byte = frame[at] ?? 0
    if (byte === 0x20) return unit === 1 ? null : rows
    if (byte < 0x30 || byte > 0x39) return null
    rows += (byte - 0x30) * unit
    unit *= 10
  }
  return null
}

/** The first column of a DataRow in text form; null for NULL or no column. */
export function readFirstColumn(frame: Buffer): string | null {
  const reader = new StringReader(frame, 5)
  if (reader.uint16() === 0) return null
  return reader.sized()?.toString('utf8') ?? null
}

/**
 * An ErrorResponse with its position field (`P`, counts characters of the query text from 1) moved back by `by`
 * characters; a position inside the part that was put in front is left out.
 */
export function shiftErrorPosition(frame: Buffer, by: number): Buffer {
  const parts: Buffer[] = []
  for (const [code, value] of readErrorFields(frame)) {
    if (code !== 'P') {
      parts.push(Buffer.from(`${code}${value}\0`, 'utf8'))
      continue
    }
    const position = Number(value) - by
    if (position > 0) parts.push(Buffer.from(`P${position}\0`, 'latin1'))
  }
  return encodeMessage('E', Buffer.concat([...parts, Buffer.alloc(1)]))
}
