import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { readCompletedRows, readErrorFields, shiftErrorPosition } from './backend-messages.ts'
import {
  encodeBind,
  encodeClose,
  encodeError,
  encodeExecute,
  encodeMessage,
  encodeParse,
  encodeReady,
  encodeStartup,
} from './encode.ts'
import { FrameSplitter, FramingError } from './frame-splitter.ts'
import { readBind, readExecute, readNamed, readParse, readQuery, readStartup } from './frontend-messages.ts'
import { ReplyScanner } from './reply-scanner.ts'

const message = fc
  .record({ type: fc.constantFrom(...'QPBEDCZTKRSN1t'), body: fc.uint8Array({ maxLength: 40 }) })
  .map(({ type, body }) => encodeMessage(type, Buffer.from(body)))

/** The stream cut at random places. */
function cut(stream: Buffer, cuts: readonly number[]): Buffer[] {
  const places = [...new Set(cuts.map((n) => n % (stream.length + 1)))].sort((a, b) => a - b)
  return [0, ...places].map((start, i) => stream.subarray(start, places[i] ?? stream.length))
}

describe('splitting client messages', () => {
  test('the same messages come out however the bytes arrive', () => {
    fc.assert(
      fc.property(fc.array(message, { maxLength: 8 }), fc.array(fc.nat(), { maxLength: 12 }), (messages, cuts) => {
        const splitter = new FrameSplitter(1_000)
        const frames = cut(Buffer.concat(messages), cuts).flatMap((chunk) => splitter.push(chunk))
        expect(frames.map((frame) => frame.bytes.toString('hex'))).toEqual(
          messages.map((bytes) => bytes.toString('hex')),
        )
        expect(splitter.pendingBytes).toBe(0)
      }),
    )
  })

  test('a message over the limit is refused at its header, before its body arrives', () => {
    const header = Buffer.from([0x51, 0x7f, 0xff, 0xff, 0xff])
    expect(() => new FrameSplitter(1_000).push(header)).toThrow(FramingError)
  })

  test('a length that does not even cover itself is refused', () => {
    expect(() => new FrameSplitter(1_000).push(Buffer.from([0x51, 0, 0, 0, 3]))).toThrow(FramingError)
  })
})

describe('following server messages', () => {
  test('the same messages are seen, with content where it matters, however the bytes arrive', () => {
    fc.assert(
      fc.property(fc.array(message, { maxLength: 8 }), fc.array(fc.nat(), { maxLength: 12 }), (messages, cuts) => {
        const seen: string[] = []
        const scanner = new ReplyScanner((type, frame) => seen.push(`${type}:${frame?.toString('hex') ?? ''}`))
        for (const chunk of cut(Buffer.concat(messages), cuts)) scanner.scan(chunk)
        const steering = new Set([...'RKCESZ'].map((letter) => letter.charCodeAt(0)))
        expect(seen).toEqual(
          messages.map((bytes) => `${bytes[0]}:${steering.has(bytes[0] ?? 0) ? bytes.toString('hex') : ''}`),
        )
        expect(scanner.atBoundary).toBe(true)
      }),
    )
  })
})

describe('messages as data', () => {
  test('what is encoded reads back', () => {
    const types = Buffer.from([0, 1, 0, 0, 0, 23])
    expect(readParse(encodeParse('s1', 'SELECT $1', types))).toMatchObject({ statement: 's1', parameterTypes: [23] })
    const tail = Buffer.concat([
      Buffer.from([0, 1, 0, 1]),
      Buffer.from([0, 2, 0, 0, 0, 1, 7, 255, 255, 255, 255]),
      Buffer.from([0, 0]),
    ])
    expect(readBind(encodeBind('p', 's1', tail))).toMatchObject({
      portal: 'p',
      statement: 's1',
      formats: [1, 1],
      values: [Buffer.from([7]), null],
    })
    expect(readExecute(encodeExecute('p'))).toEqual({ portal: 'p', maxRows: 0 })
    expect(readNamed(encodeClose('portal', 'p'))).toEqual({ of: 'portal', name: 'p' })
    expect(readQuery(encodeMessage('Q', 'SELECT 1')).toString()).toBe('SELECT 1')
    expect(readStartup(encodeStartup([['user', 'alice']]).subarray(4)).parameters.get('user')).toBe('alice')
    expect(encodeReady('T').toString('latin1')).toBe('Z\0\0\0\x05T')
  })

  test.each([
    ['Query without its end', () => readQuery(encodeMessage('Q', Buffer.from('SELECT 1')))],
    ['Query with bytes after its end', () => readQuery(encodeMessage('Q', Buffer.from('SELECT 1\0DELETE\0')))],
    ['Bind cut short', () => readBind(encodeMessage('B', 'p', 's', Buffer.from([0, 0, 0, 9])))],
    [
      'Bind with a value longer than the message',
      () => readBind(encodeMessage('B', 'p', 's', Buffer.from([0, 0, 0, 1, 0, 0, 0, 99, 0, 0]))),
    ],
    ['Describe of neither statement nor portal', () => readNamed(encodeMessage('D', Buffer.from('X'), 'p'))],
    [
      'startup parameter given twice',
      () =>
        readStartup(
          encodeStartup([
            ['user', 'a'],
            ['user', 'b'],
          ]).subarray(4),
        ),
    ],
  ])('%s is an error, not a guess', (_what, read) => {
    expect(read).toThrow(RangeError)
  })

  test('a zero byte in text from outside cannot forge another field of an error', () => {
    const fields = readErrorFields(encodeError({ severity: 'ERROR', code: 'SP002', message: 'a\0Cxxxxx' }))
    expect(fields.get('C')).toBe('SP002')
    expect(fields.get('M')).toBe('a\uFFFDCxxxxx')
  })

  test('the position of an error is moved back to the text the client sent', () => {
    const error = (position: string) =>
      encodeMessage('E', Buffer.from(`SERROR\0C42P01\0Mno such table\0P${position}\0\0`))
    expect(readErrorFields(shiftErrorPosition(error('30'), 20)).get('P')).toBe('10')
    expect(readErrorFields(shiftErrorPosition(error('5'), 20)).has('P')).toBe(false)
  })

  test.each([
    ['DELETE 3', 3],
    ['INSERT 0 5', 5],
    ['SELECT 12', 12],
    ['CREATE TABLE', null],
    ['BEGIN', null],
    ['', null],
    ['SELECT ', null],
  ])('the tag %s reports %s rows', (tag, rows) => {
    expect(readCompletedRows(encodeMessage('C', tag))).toBe(rows)
  })
})
