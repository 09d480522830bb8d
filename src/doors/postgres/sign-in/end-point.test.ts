import { Socket } from 'node:net'
import { describe, expect, test } from 'vitest'
import { isPrivate } from './end-point.ts'

describe('a connection that nobody can read along', () => {
  test.each([
    ['127.0.0.1', true],
    ['127.8.9.1', true],
    ['::1', true],
    ['::ffff:127.0.0.1', true],
    ['10.0.0.1', false],
    ['::ffff:10.0.0.1', false],
    ['::127.0.0.1', false],
    ['1127.0.0.1', false],
    ['fe80::1', false],
    [undefined, false],
  ])('from %s: %s', (remoteAddress, expected) => {
    const socket = new Socket()
    Object.defineProperty(socket, 'remoteAddress', { value: remoteAddress })
    expect(isPrivate(socket)).toBe(expected)
  })
})
