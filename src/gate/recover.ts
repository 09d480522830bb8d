import type { Ledger } from '../ledger/index.ts'

/**
 * Gives every action an ending: what was requested before the last stop and never settled is recorded as `unknown`.
 * It may have run or not; it is never run again by itself. Returns how many there were.
 */
export async function settleUnfinished(ledger: Ledger): Promise<number> {
  const open = ledger.openActions
  for (const action of open) {
    ledger.append('action.settled', {
      action,
      outcome: 'unknown',
      rows: null,
      message: 'Sallyport stopped before it saw the end of this action.',
    })
  }
  if (open.length > 0) await ledger.flush()
  return open.length
}
