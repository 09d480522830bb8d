/** Reads the fields of a message body. Every method throws RangeError where the body is too short. */
export class StringReader {
  readonly #data: Buffer
  #at: number

  constructor(data: Buffer, at: number) {
    this.#data = data
    this.#at = at
  }

  /** The bytes up to the next zero byte, which is skipped. */
  bytes(): Buffer {
    const end = this.#data.indexOf(0, this.#at)
    if (end < 0) throw new RangeError('a string has no terminating zero byte')
    const bytes = this.#data.subarray(this.#at, end)
    this.#at = end + 1
    return bytes
  }

  /** A zero-terminated name. Latin-1 keeps every byte apart, whatever the encoding: names are only compared. */
  string(): string {
    const start = this.#at
    // Most names are empty.
    const end = this.#data[start] === 0 ? start : this.#data.indexOf(0, start)
    if (end < 0) throw new RangeError('a string has no terminating zero byte')
    this.#at = end + 1
    return end === start ? '' : this.#data.toString('latin1', start, end)
  }

  uint16(): number {
    const value = this.#data.readUInt16BE(this.#at)
    this.#at += 2
    return value
  }

  uint32(): number {
    const value = this.#data.readUInt32BE(this.#at)
    this.#at += 4
    return value
  }

  /** A value preceded by its length (int32, -1 for NULL). */
  sized(): Buffer | null {
    const length = this.#data.readInt32BE(this.#at)
    this.#at += 4
    if (length === -1) return null
    if (length < 0 || this.#at + length > this.#data.length) throw new RangeError(`a value has the length ${length}`)
    const value = this.#data.subarray(this.#at, this.#at + length)
    this.#at += length
    return value
  }

  /** Everything not read yet, without moving on. */
  rest(): Buffer {
    return this.#data.subarray(this.#at)
  }

  /** Where the next field starts. */
  get at(): number {
    return this.#at
  }

  end(): void {
    if (this.#at !== this.#data.length) throw new RangeError(`${this.#data.length - this.#at} bytes too many`)
  }
}
