import { ApiError, apiFetch } from './client.ts'
import { EventStreamParser, type ServerEvent } from './event-stream.ts'

export type LiveState = 'connecting' | 'live' | 'reconnecting'

interface LiveHandlers {
  /** The id of the last event seen, for the stream to go on from there. */
  readonly lastEventId: () => string | undefined
  readonly onState: (state: Exclude<LiveState, 'live'>) => void
  readonly onEvent: (event: ServerEvent) => void
}

/** The server sends something at least every 15 s; a stream that is silent for longer than this is dead. */
const silenceMs = 40_000
const firstDelayMs = 500
const longestDelayMs = 15_000

/**
 * Follows /api/events until `signal` aborts, and connects again whenever the stream ends. Who handles the events says
 * when it is live: when the stream's hello has come.
 */
export async function followEvents(handlers: LiveHandlers, signal: AbortSignal): Promise<void> {
  let delay = firstDelayMs
  handlers.onState('connecting')
  while (!signal.aborted) {
    try {
      await readOnce(handlers, signal, () => {
        delay = firstDelayMs
      })
    } catch (error) {
      // A refused token ends the session (see client.ts); anything else may pass.
      if (error instanceof ApiError && error.status === 401) return
    }
    if (signal.aborted) return
    handlers.onState('reconnecting')
    await pause(delay * (0.75 + Math.random() / 2), signal)
    delay = Math.min(delay * 2, longestDelayMs)
  }
}

async function readOnce(handlers: LiveHandlers, signal: AbortSignal, onOpen: () => void): Promise<void> {
  const attempt = new AbortController()
  const stop = () => attempt.abort()
  signal.addEventListener('abort', stop)
  let watchdog = setTimeout(stop, silenceMs)
  try {
    const lastEventId = handlers.lastEventId()
    const resume = lastEventId === undefined ? {} : { 'last-event-id': lastEventId }
    const headers = { accept: 'text/event-stream', ...resume }
    const response = await apiFetch('/api/events', { headers, signal: attempt.signal })
    const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader()
    if (reader === undefined) return
    onOpen()
    const parser = new EventStreamParser()
    for (;;) {
      const { done, value } = await reader.read()
      if (done) return
      clearTimeout(watchdog)
      watchdog = setTimeout(stop, silenceMs)
      for (const event of parser.push(value)) handlers.onEvent(event)
    }
  } finally {
    clearTimeout(watchdog)
    signal.removeEventListener('abort', stop)
    attempt.abort()
  }
}

/** Waits, but no longer than until the network is back or the tab is looked at again. */
function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer)
      window.removeEventListener('online', done)
      document.removeEventListener('visibilitychange', done)
      signal.removeEventListener('abort', done)
      resolve()
    }
    const timer = setTimeout(done, ms)
    window.addEventListener('online', done)
    document.addEventListener('visibilitychange', done)
    signal.addEventListener('abort', done)
  })
}
