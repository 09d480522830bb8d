/** One message of a text/event-stream. */
export interface ServerEvent {
  readonly type: string
  readonly data: string
}

/**
 * Reads a text/event-stream piece by piece (WHATWG HTML, 9.2.6). The browser's own EventSource cannot send an
 * Authorization header, so the stream comes through `fetch`. `id` and `retry` are not used by this API.
 */
export class EventStreamParser {
  #rest = ''
  #type = ''
  #data: string[] = []

  /** The messages that `piece` completes. */
  push(piece: string): ServerEvent[] {
    const out: ServerEvent[] = []
    const lines = (this.#rest + piece).split(/\r\n|\n|\r(?!$)/)
    this.#rest = lines.pop() ?? ''
    for (const line of lines) {
      if (line === '') {
        if (this.#data.length > 0) out.push({ type: this.#type || 'message', data: this.#data.join('\n') })
        this.#type = ''
        this.#data = []
        continue
      }
      const colon = line.indexOf(':')
      if (colon === 0) continue
      const field = colon < 0 ? line : line.slice(0, colon)
      const value = colon < 0 ? '' : line.slice(colon + 1).replace(/^ /, '')
      if (field === 'event') this.#type = value
      if (field === 'data') this.#data.push(value)
    }
    return out
  }
}
