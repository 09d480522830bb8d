import { EventEmitter } from 'node:events'
import { describe, expect, it } from 'vitest'
import { untilStopped } from './until-stopped.ts'

describe('a process that guards', () => {
  it.each(['SIGINT', 'SIGTERM'])('closes at %s and then leaves signals to others', async (signal) => {
    const signals = new EventEmitter()
    let closed = false
    const stopped = untilStopped(async () => {
      closed = true
    }, signals)
    expect(closed).toBe(false)
    signals.emit(signal)
    expect(await stopped).toBe(true)
    expect(closed).toBe(true)
    expect(signals.eventNames()).toEqual([])
  })

  it('does not wait for a close that hangs once there is a second signal', async () => {
    const signals = new EventEmitter()
    const stopped = untilStopped(() => new Promise(() => undefined), signals)
    signals.emit('SIGINT')
    await Promise.resolve()
    signals.emit('SIGTERM')
    expect(await stopped).toBe(false)
  })
})
