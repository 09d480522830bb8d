import { useEffect, useRef } from 'react'

/**
 * Single-key shortcuts by the character typed, whatever the keyboard layout. They rest while the person types in a
 * field, holds a modifier, or has a dialog or menu open.
 */
export function useKeys(keys: Readonly<Record<string, () => void>>): void {
  const current = useRef(keys)
  useEffect(() => {
    current.current = keys
  })
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return
      if (isEditable(event.target) || isInOverlay(event.target)) return
      const action = Object.hasOwn(current.current, event.key) ? current.current[event.key] : undefined
      if (action === undefined) return
      event.preventDefault()
      action()
    }
    document.addEventListener('keydown', onKey)
    return () => document.removeEventListener('keydown', onKey)
  }, [])
}

function isEditable(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false
  // One types into a field, not into a box that is ticked.
  if (target instanceof HTMLInputElement) return target.type !== 'checkbox' && target.type !== 'radio'
  return target.isContentEditable || /^(TEXTAREA|SELECT)$/.test(target.tagName)
}

const overlay = '[role="dialog"], [role="menu"]'

/** Whether a dialog or menu is open, or was until this very key closed it and took the target out of the page. */
function isInOverlay(target: EventTarget | null): boolean {
  return (target instanceof Element && target.closest(overlay) !== null) || document.querySelector(overlay) !== null
}
