import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Batch } from './batch.ts'
import { Chain, genesis } from './chain.ts'
import { encodePayload } from './codec.ts'
import {
  decodeRecord,
  decodeSegmentHeader,
  encodeSegmentHeader,
  segmentFirstIndex,
  segmentName,
  writeRecordHeader,
} from './format.ts'

const index = fc.nat(Number.MAX_SAFE_INTEGER)
const hash = fc.uint8Array({ minLength: 32, maxLength: 32 }).map((bytes) => Buffer.from(bytes))

function record(at: number, payload: Buffer, chained: Buffer): Buffer {
  const bytes = Buffer.concat([Buffer.alloc(52), payload])
  writeRecordHeader(bytes, 0, { index: at, placeInWrite: 7, hash: chained, payloadBytes: payload.length })
  return bytes
}

describe('the bytes of a segment', () => {
  it('gives back every header and record that was put in', () => {
    const payload = fc.uint8Array({ minLength: 1, maxLength: 300 }).map((bytes) => Buffer.from(bytes))
    fc.assert(
      fc.property(index, hash, payload, fc.boolean(), (firstIndex, previous, stored, afterFailure) => {
        const header = { firstIndex, previous, afterFailure }
        expect(decodeSegmentHeader(encodeSegmentHeader(header))).toEqual(header)
        expect(segmentFirstIndex(segmentName(firstIndex))).toBe(firstIndex)
        const bytes = record(firstIndex, stored, previous)
        expect(decodeRecord(bytes, 0, bytes.length, bytes.length)).toEqual({
          type: 'record',
          index: firstIndex,
          placeInWrite: 7,
          hash: previous,
          payload: stored,
          length: bytes.length,
        })
      }),
    )
  })

  it('notices every single flipped bit of a header and of a record', () => {
    const header = encodeSegmentHeader({ firstIndex: 3, previous: genesis, afterFailure: false })
    for (let bit = 0; bit < header.length * 8; bit++) {
      expect(decodeSegmentHeader(flipped(header, bit)), `bit ${bit}`).toBeTypeOf('string')
    }
    const bytes = record(3, Buffer.from('{"a":1}'), genesis)
    for (let bit = 0; bit < bytes.length * 8; bit++) {
      expect(decodeRecord(flipped(bytes, bit), 0, bytes.length, bytes.length).type, `bit ${bit}`).toBe('bad')
    }
  })

  it('asks for more bytes as long as the file has them, and calls a record bad that the file cuts off', () => {
    const bytes = record(3, Buffer.from('{"a":1}'), genesis)
    for (let end = 0; end < bytes.length; end++) {
      expect(decodeRecord(bytes, 0, end, bytes.length).type).toBe('more')
      if (end > 0) expect(decodeRecord(bytes, 0, end, end).type).toBe('bad')
    }
  })

  it('takes nothing but twenty digits and .seg for a segment', () => {
    for (const name of ['next.tmp', '1.seg', '0000000000000000000x.seg', '00000000000000000001.seg.bak']) {
      expect(segmentFirstIndex(name)).toBeUndefined()
    }
  })
})

describe('the hash chain', () => {
  it('is SHA-256 over domain, previous hash, index and the payload as stored', () => {
    const chain = new Chain()
    const batch = new Batch(0)
    let expected: Buffer = Buffer.alloc(32)
    for (const [i, door] of ['a', 'ö☂💥', 'x'.repeat(100_000)].entries()) {
      const text = encodePayload('2026-01-01T00:00:00.000Z', 'door.closed', { door })
      const payload = chain.stage(text)
      const chained = chain.extend(i, payload.length)
      batch.add('door.closed', payload, chained)
      const number = Buffer.alloc(8)
      number.writeBigUInt64LE(BigInt(i))
      const hashed = createHash('sha256').update('\0sallyport/ledger/v1').update(expected).update(number).update(text)
      expected = hashed.digest()
      expect(chained).toEqual(expected)
      expect(batch.entries.map((entry) => batch.hashAt(entry)).at(-1)).toEqual(expected)
    }
    expect(chain.lastHex).toBe(expected.toString('hex'))
  })

  it('gives the same hashes for what is read back', () => {
    const writing = new Chain()
    const reading = new Chain()
    fc.assert(
      fc.property(index, fc.string({ maxLength: 40_000, unit: 'binary' }), (at, text) => {
        const payload = Buffer.from(writing.stage(text))
        expect(payload.toString('utf8')).toBe(text)
        expect(reading.extendWith(at, payload)).toEqual(writing.extend(at, payload.length))
      }),
    )
  })
})

function flipped(bytes: Buffer, bit: number): Buffer {
  const copy = Buffer.from(bytes)
  copy[bit >> 3] = (copy[bit >> 3] ?? 0) ^ (1 << (bit & 7))
  return copy
}
