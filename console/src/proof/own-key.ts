import { useSyncExternalStore } from 'react'

const key = 'sallyport.logKey'
const listeners = new Set<() => void>()

const read = (): string | null => window.localStorage.getItem(key)

/** The verifier key that this browser was told to trust; null: none, so the server's word is taken. */
export const useOwnKey = (): string | null =>
  useSyncExternalStore((listener) => {
    listeners.add(listener)
    return () => listeners.delete(listener)
  }, read)

export function keepOwnKey(own: string | null): void {
  if (own === null) window.localStorage.removeItem(key)
  else window.localStorage.setItem(key, own)
  for (const listener of listeners) listener()
}
