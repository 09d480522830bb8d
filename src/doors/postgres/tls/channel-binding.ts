import { backend } from '../wire/message-types.ts'

/** AuthenticationSASL and AuthenticationOk (PostgreSQL documentation, "Message Formats"). */
const sasl = 10
const ok = 0

/**
 * What is left of SASL where client and server each speak TLS with the door. Channel binding proves that both ends of
 * one TLS connection are the same, and here are two: SCRAM-SHA-256-PLUS is not offered to the client. A client that
 * could do it then says so, and a server that can takes that for an attack (RFC 5802, section 6: the flag `y`), as it
 * must. So such a client is told what to do before the server sees its answer.
 */
export class WithoutChannelBinding {
  #pending: Buffer = Buffer.alloc(0)
  #isOffered = false
  #isOver = false

  /** What of the server's bytes the client gets, and when: whole messages until it is signed in. */
  fromServer(chunk: Buffer): Buffer {
    if (this.#isOver) return chunk
    const data = this.#pending.length === 0 ? chunk : Buffer.concat([this.#pending, chunk])
    const out: Buffer[] = []
    let at = 0
    while (!this.#isOver && data.length - at >= 5) {
      const end = at + 1 + data.readUInt32BE(at + 1)
      if (data.length < end) break
      out.push(this.#message(data.subarray(at, end)))
      at = end
    }
    const rest = data.subarray(at)
    this.#pending = this.#isOver ? Buffer.alloc(0) : rest
    return Buffer.concat(this.#isOver ? [...out, rest] : out)
  }

  /** Whether a client's answer claims that the server cannot bind, which it can. */
  isMistaken(message: Buffer): boolean {
    if (!this.#isOffered) return false
    const end = message.indexOf(0, 5)
    // Mechanism, length of the response, and the response, which begins with the flag.
    return end > 0 && message[end + 5] === 0x79
  }

  #message(message: Buffer): Buffer {
    if (message[0] === backend.errorResponse) this.#isOver = true
    if (message[0] !== backend.authentication || message.length < 9) return message
    const kind = message.readUInt32BE(5)
    if (kind === ok) this.#isOver = true
    if (kind !== sasl) return message
    const mechanisms = message.toString('latin1', 9).split('\0').filter(Boolean)
    const left = mechanisms.filter((mechanism) => !mechanism.endsWith('-PLUS'))
    if (left.length === mechanisms.length || left.length === 0) return message
    this.#isOffered = true
    const body = Buffer.from(`${left.map((mechanism) => `${mechanism}\0`).join('')}\0`, 'latin1')
    const header = Buffer.from(message.subarray(0, 9))
    header.writeUInt32BE(8 + body.length, 1)
    return Buffer.concat([header, body])
  }
}
