import type { Ledger } from '../ledger/index.ts'

/** What is said while the record may be closed or broken: then there is nobody to say it to. */
export function record(ledger: Ledger, append: () => void): void {
  if (ledger.state === 'open') append()
}
