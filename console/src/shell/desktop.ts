import { useSyncExternalStore } from 'react'
import type { HoldView } from '../api/types.ts'
import { consequence, resourceNames } from '../format/impact.ts'

/** `refused`: the browser was asked and said no, or cannot show any. */
export type DesktopNotices = 'on' | 'off' | 'refused'

const key = 'sallyport.desktop'
const listeners = new Set<() => void>()

/** Holds that are told of one by one within a while, in milliseconds; more become one notification. */
const oneByOne = 3
const within = 10_000
let told: number[] = []

function state(): DesktopNotices {
  if (!('Notification' in window) || Notification.permission === 'denied') return 'refused'
  return Notification.permission === 'granted' && window.localStorage.getItem(key) === 'on' ? 'on' : 'off'
}

/** Whether this browser tells of new holds outside its window. */
export const useDesktopNotices = (): DesktopNotices =>
  useSyncExternalStore((listener) => {
    listeners.add(listener)
    return () => listeners.delete(listener)
  }, state)

let lead: (hold: string | null) => void = () => undefined

/** Says how a click on a notification leads to a hold; null: to all of them. */
export function leadFromDesktop(go: (hold: string | null) => void): void {
  lead = go
}

/** Asks the browser, where that is needed. */
export async function switchDesktopNotices(to: 'on' | 'off'): Promise<void> {
  if (to === 'on' && Notification.permission === 'default') await Notification.requestPermission()
  window.localStorage.setItem(key, to)
  for (const listener of listeners) listener()
}

/**
 * Tells of a new hold that whoever is signed in may decide on, unless they look at the console already. What the
 * system shows is text; a click leads to the hold, or to the inbox where there are many.
 */
export function tellDesktop(hold: HoldView): void {
  const [action] = hold.actions
  if (state() !== 'on' || !hold.mayVote.allowed || document.hasFocus() || action === undefined) return
  const now = Date.now()
  told = [...told.filter((at) => now - at < within), now]
  const isMany = told.length > oneByOne
  const notification = isMany
    ? new Notification('Several actions wait for review', { body: 'Open the inbox', tag: 'sallyport' })
    : new Notification(`Held at ${hold.door}: ${action.operation} ${resourceNames(action)}`, {
        body: `${consequence(action)} Asked by ${hold.requester.name}`,
        tag: hold.hold,
      })
  notification.onclick = () => {
    window.focus()
    lead(isMany ? null : hold.hold)
    notification.close()
  }
}
