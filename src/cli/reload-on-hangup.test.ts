import { EventEmitter } from 'node:events'
import { expect, test } from 'vitest'
import { reloadOnHangup } from './reload-on-hangup.ts'

test('reads the rules anew at each SIGHUP, a failure included, until it is told to stop', () => {
  const signals = new EventEmitter()
  let reloads = 0
  const stop = reloadOnHangup(async () => {
    reloads++
    throw new Error('refused')
  }, signals)
  signals.emit('SIGHUP')
  signals.emit('SIGHUP')
  stop()
  signals.emit('SIGHUP')
  expect(reloads).toBe(2)
})
