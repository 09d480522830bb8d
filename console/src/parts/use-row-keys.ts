import type { RefObject } from 'react'
import { useKeys } from './use-keys.ts'

/** j and k move the focus through the links marked `data-row`, so that Enter opens what has it. */
export function useRowKeys(list: RefObject<HTMLElement | null>, more: Readonly<Record<string, () => void>> = {}): void {
  const move = (step: 1 | -1) => {
    const rows = [...(list.current?.querySelectorAll<HTMLElement>('[data-row]') ?? [])]
    const { activeElement } = document
    const at = activeElement instanceof HTMLElement ? rows.indexOf(activeElement) : -1
    const next = at < 0 ? (step === 1 ? 0 : rows.length - 1) : Math.min(Math.max(at + step, 0), rows.length - 1)
    rows[next]?.focus()
  }
  useKeys({ ...more, j: () => move(1), k: () => move(-1) })
}
