import { type Hold, isOver } from './hold.ts'

/** How much one requester may put before reviewers. */
export interface FloodLimits {
  /** Holds that wait or are approved at the same time. */
  readonly open: number
  /** Holds opened within `period` milliseconds. */
  readonly opened: number
  readonly period: number
}

/** More than anybody decides; less than what buries everything else. */
export const defaultFloodLimits: FloodLimits = { open: 1_000, opened: 5_000, period: 10 * 60_000 }

/** Why a requester may put nothing more before reviewers just now; undefined: they may. */
export function flooding(
  holds: Iterable<Hold>,
  requester: string,
  now: number,
  { open: openAtMost, opened: openedAtMost, period }: FloodLimits,
): string | undefined {
  const since = new Date(now - period).toISOString()
  let open = 0
  let opened = 0
  for (const hold of holds) {
    if (hold.requester.id !== requester) continue
    if (!isOver(hold)) open += 1
    if (hold.openedAt > since) opened += 1
  }
  if (open >= openAtMost) return `${open} actions of ${requester} wait for review already.`
  if (opened >= openedAtMost) {
    return `${opened} actions of ${requester} were put before reviewers in the last ${period / 60_000} minutes.`
  }
  return undefined
}
