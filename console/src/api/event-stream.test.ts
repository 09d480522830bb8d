import { describe, expect, it } from 'vitest'
import { EventStreamParser } from './event-stream.ts'

describe('reading a text/event-stream', () => {
  it('gives a message once its blank line has arrived, however the bytes were cut', () => {
    const stream = 'event: hold\ndata: {"hold":"h1"}\n\n: keep-alive\n\nevent: rules\r\ndata: {"version":"a"}\r\n\r\n'
    const whole = [
      { type: 'hold', data: '{"hold":"h1"}' },
      { type: 'rules', data: '{"version":"a"}' },
    ]
    expect(new EventStreamParser().push(stream)).toEqual(whole)
    for (let cut = 1; cut < stream.length; cut++) {
      const parser = new EventStreamParser()
      expect([...parser.push(stream.slice(0, cut)), ...parser.push(stream.slice(cut))], `cut at ${cut}`).toEqual(whole)
    }
  })

  it('joins several data lines with a line feed and leaves the rest of a value alone', () => {
    expect(new EventStreamParser().push('data: a\ndata:  b:c\n\n')).toEqual([{ type: 'message', data: 'a\n b:c' }])
  })

  it('gives nothing for comments and for events without data', () => {
    expect(new EventStreamParser().push(': hello\n\nevent: hold\n\n')).toEqual([])
  })
})
