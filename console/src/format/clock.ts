import { useSyncExternalStore } from 'react'

/**
 * The server's clock, to the second. Deadlines are the server's, and a reviewer's machine may be minutes off, so
 * countdowns follow the Date header of the API's answers (RFC 9110, 6.6.1).
 */
let offset = 0
let now = Math.floor(Date.now() / 1000) * 1000
const listeners = new Set<() => void>()
let timer: ReturnType<typeof setInterval> | undefined

export function noteServerTime(header: string | null): void {
  const at = header === null ? Number.NaN : Date.parse(header)
  if (Number.isNaN(at)) return
  const difference = at - Date.now()
  // The header is cut to whole seconds and the answer took its time: smaller differences mean nothing.
  offset = Math.abs(difference) > 2_500 ? difference : 0
}

function tick(): void {
  now = Math.floor((Date.now() + offset) / 1000) * 1000
  for (const listener of listeners) listener()
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener)
  timer ??= setInterval(tick, 1000)
  return () => {
    listeners.delete(listener)
    if (listeners.size > 0) return
    clearInterval(timer)
    timer = undefined
  }
}

/** Milliseconds since the epoch, renewed every second. */
export function useNow(): number {
  return useSyncExternalStore(subscribe, () => now)
}
