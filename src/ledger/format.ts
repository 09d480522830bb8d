/**
 * The bytes of a segment file.
 *
 * A segment starts with a header and holds records back to back; the rest, up to the preallocated size, is zero.
 * All numbers are little endian.
 *
 * ```text
 * header, 64 bytes                            record, 52 bytes + payload
 *   0  magic "SPLEDGER"                         0  u32  bytes of the payload, never 0
 *   8  u32  format version, 1                   4  u32  CRC-32 over everything from offset 8 on
 *  12  u32  flags, bit 0: `afterFailure`        8  u64  index
 *  16  u64  index of its first entry           16  u32  place in its write: entries written with it, before it
 *  24       chain hash before that entry       20       chain hash, 32 bytes
 *  56  u32  CRC-32 over bytes 0 to 55          52       payload, UTF-8 JSON {"at", "kind", "body"}
 * ```
 *
 * The place in its write tells a crash from a fault: a write starts only after the one before it was synced, so a
 * record proves that every entry before the start of its own write was on the disk. Sectors of one write may reach
 * the disk in any order (so a hole before a whole record can be an honest power cut); sectors of two writes may not.
 */
import { crc32 } from 'node:zlib'

export const segmentHeaderBytes = 64
export const recordHeaderBytes = 52

const magic = Buffer.from('SPLEDGER', 'latin1')
const version = 1
const afterFailureFlag = 1
const two32 = 2 ** 32

export interface SegmentHeader {
  readonly firstIndex: number
  /** Chain hash before the first entry. */
  readonly previous: Buffer
  /** Set where the segment before may end in what a failed write left behind; this segment takes its place. */
  readonly afterFailure: boolean
}

/** `00000000000000004711.seg`: as many digits as a u64 needs, so that names sort as the log does. */
export function segmentName(firstIndex: number): string {
  return `${String(firstIndex).padStart(20, '0')}.seg`
}

/** The first index a file name stands for; undefined: not a segment. */
export function segmentFirstIndex(name: string): number | undefined {
  return /^\d{20}\.seg$/.test(name) ? Number(name.slice(0, 20)) : undefined
}

export function encodeSegmentHeader(header: SegmentHeader): Buffer {
  const bytes = Buffer.alloc(segmentHeaderBytes)
  magic.copy(bytes, 0)
  bytes.writeUInt32LE(version, 8)
  bytes.writeUInt32LE(header.afterFailure ? afterFailureFlag : 0, 12)
  writeIndex(bytes, header.firstIndex, 16)
  header.previous.copy(bytes, 24)
  bytes.writeUInt32LE(crc32(bytes.subarray(0, 56)), 56)
  return bytes
}

/** The header, or what is wrong with it in words that follow "the segment header". */
export function decodeSegmentHeader(bytes: Buffer): SegmentHeader | string {
  if (bytes.length < segmentHeaderBytes) return 'is cut short'
  if (!bytes.subarray(0, 8).equals(magic)) return 'is not one of a ledger'
  if (bytes.readUInt32LE(56) !== crc32(bytes.subarray(0, 56)) || bytes.readUInt32LE(60) !== 0) {
    return 'does not match its checksum'
  }
  if (bytes.readUInt32LE(8) !== version) return `has the unknown version ${bytes.readUInt32LE(8)}`
  return {
    firstIndex: readIndex(bytes, 16),
    previous: Buffer.from(bytes.subarray(24, 56)),
    afterFailure: (bytes.readUInt32LE(12) & afterFailureFlag) !== 0,
  }
}

/** A record as found; positions are within the buffer that was decoded, which the payload and hash stay part of. */
export interface StoredRecord {
  readonly type: 'record'
  readonly index: number
  readonly placeInWrite: number
  readonly hash: Buffer
  readonly payload: Buffer
  /** Bytes of the whole record. */
  readonly length: number
}

export type Decoded =
  | StoredRecord
  /** Zeros where a record would start: nothing was written here. */
  | { readonly type: 'end' }
  /** As many bytes are needed from `at` on to go on. */
  | { readonly type: 'more'; readonly bytes: number }
  | { readonly type: 'bad'; readonly reason: string }

/**
 * The record at `at`. The buffer is valid up to `end`; the file has `left` bytes from `at` on, so that a damaged
 * length is found out instead of waited for.
 */
export function decodeRecord(buffer: Buffer, at: number, end: number, left: number): Decoded {
  const header = Math.min(recordHeaderBytes, left)
  if (end - at < header) return { type: 'more', bytes: header }
  if (isZero(buffer, at, at + header)) return { type: 'end' }
  if (left < recordHeaderBytes) return { type: 'bad', reason: 'is cut short' }
  const payloadBytes = buffer.readUInt32LE(at)
  const length = recordHeaderBytes + payloadBytes
  if (payloadBytes === 0) return { type: 'bad', reason: 'is empty' }
  if (length > left) return { type: 'bad', reason: 'is longer than what is left of the file' }
  if (end - at < length) return { type: 'more', bytes: length }
  if (crc32(buffer.subarray(at + 8, at + length)) !== buffer.readUInt32LE(at + 4)) {
    return { type: 'bad', reason: 'does not match its checksum' }
  }
  return {
    type: 'record',
    index: readIndex(buffer, at + 8),
    placeInWrite: buffer.readUInt32LE(at + 16),
    hash: buffer.subarray(at + 20, at + recordHeaderBytes),
    payload: buffer.subarray(at + recordHeaderBytes, at + length),
    length,
  }
}

/** Writes the header of the record at `at`, whose payload already stands in its place. */
export function writeRecordHeader(
  buffer: Buffer,
  at: number,
  record: {
    readonly index: number
    readonly placeInWrite: number
    readonly hash: Buffer
    readonly payloadBytes: number
  },
): void {
  buffer.writeUInt32LE(record.payloadBytes, at)
  writeIndex(buffer, record.index, at + 8)
  buffer.writeUInt32LE(record.placeInWrite, at + 16)
  record.hash.copy(buffer, at + 20)
  buffer.writeUInt32LE(crc32(buffer.subarray(at + 8, at + recordHeaderBytes + record.payloadBytes)), at + 4)
}

/** Two 32-bit halves: BigInt costs more than the rest of a header. Exact up to 2^53. */
export function writeIndex(buffer: Buffer, index: number, at: number): void {
  buffer.writeUInt32LE(index % two32, at)
  buffer.writeUInt32LE(Math.floor(index / two32), at + 4)
}

export function readIndex(buffer: Buffer, at: number): number {
  return buffer.readUInt32LE(at) + buffer.readUInt32LE(at + 4) * two32
}

export function isZero(buffer: Buffer, from: number, to: number): boolean {
  for (let i = from; i < to; i++) if (buffer[i] !== 0) return false
  return true
}
