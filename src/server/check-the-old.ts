import { errorMessage } from '../errors/index.ts'
import { type FileLedger, verifyInThread } from '../ledger/index.ts'
import type { Log } from './log.ts'

/**
 * A start checks the newest part of the record; what is older is checked meanwhile, and people hear where it was
 * altered. It stops nobody: what happens now is on the record in any case.
 */
export function checkTheOld(ledger: Pick<FileLedger, 'checkedFrom'>, directory: string, log: Log): void {
  if (ledger.checkedFrom === 0) return
  verifyInThread(directory).then(
    ({ ok, entries, problems }) => {
      if (ok) log('ledger_verified', { entries })
      else log('LEDGER_ALTERED', { problems: problems.slice(0, 10), hint: 'Run: sallyport ledger verify' })
    },
    (error: unknown) => log('ledger_not_verified', { error: errorMessage(error) }),
  )
}
