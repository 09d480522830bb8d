import type { Entry, EntryKind } from './entry.ts'
import type { Ledger } from './ledger.ts'

/**
 * Folds every entry of some kinds there is, in order, and then each that becomes durable, until the returned function
 * is called. None comes twice.
 */
export async function follow(
  ledger: Pick<Ledger, 'entries' | 'subscribe'>,
  kinds: readonly EntryKind[],
  fold: (entry: Entry) => void,
): Promise<() => void> {
  let next = 0
  const once = (entry: Entry) => {
    if (entry.index < next) return
    next = entry.index + 1
    fold(entry)
  }
  // Subscribed first: what becomes durable while the ledger is being read is folded after it.
  let early: Entry[] | undefined = []
  const unsubscribe = ledger.subscribe((entry) => {
    if (early === undefined) once(entry)
    else early.push(entry)
  }, kinds)
  try {
    for await (const entry of ledger.entries(0, kinds)) once(entry)
  } catch (error) {
    unsubscribe()
    throw error
  }
  for (const entry of early) once(entry)
  early = undefined
  return unsubscribe
}
