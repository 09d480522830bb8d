/**
 * Splits a byte stream into PostgreSQL messages: one type byte, then a length (uint32, counts itself), then the body.
 * Source: PostgreSQL documentation, "Frontend/Backend Protocol", Message Formats.
 */

/** One whole message. `bytes` is the message as it came, header included. */
export interface Frame {
  /** ASCII code of the message type. */
  readonly type: number
  readonly bytes: Buffer
}

/** The stream broke the message format; nothing after this can be understood. */
export class FramingError extends Error {
  override readonly name = 'FramingError'
}

export const headerBytes = 5

/**
 * Collects bytes and hands out whole messages. A message over `limit` bytes is an error as soon as its header is
 * read, before anything of it is kept. Bytes are joined once per message, so a slow sender costs no more than a fast
 * one.
 */
export class FrameSplitter {
  #chunks: Buffer[] = []
  #collected = 0
  /** Bytes that must be there before it is worth looking again. */
  #wanted = headerBytes
  readonly #limit: number

  constructor(limit: number) {
    this.#limit = limit
  }

  /** Bytes kept that do not make a whole message yet. */
  get pendingBytes(): number {
    return this.#collected
  }

  /** @throws FramingError for a length below 4 or over the limit. */
  push(chunk: Buffer): Frame[] {
    this.#collected += chunk.length
    if (this.#collected < this.#wanted) {
      this.#chunks.push(chunk)
      return []
    }
    const data = this.#chunks.length === 0 ? chunk : Buffer.concat([...this.#chunks, chunk])
    const frames: Frame[] = []
    let at = 0
    this.#wanted = headerBytes
    while (data.length - at >= headerBytes) {
      const type = data[at] ?? 0
      const length = data.readUInt32BE(at + 1)
      if (length < 4) throw new FramingError(`message ${printableType(type)} has the impossible length ${length}`)
      if (length > this.#limit) {
        throw new FramingError(
          `message ${printableType(type)} of ${length} bytes is over the limit of ${this.#limit} bytes`,
        )
      }
      const end = at + 1 + length
      if (end > data.length) {
        this.#wanted = 1 + length
        break
      }
      frames.push({ type, bytes: data.subarray(at, end) })
      at = end
    }
    this.#collected = data.length - at
    this.#chunks = this.#collected === 0 ? [] : [data.subarray(at)]
    return frames
  }
}

/** `'Q'`, or `0x07` for what cannot be printed. */
export function printableType(type: number): string {
  return type > 32 && type < 127 ? `'${String.fromCharCode(type)}'` : `0x${type.toString(16).padStart(2, '0')}`
}
