import { errorMessage, SallyportError } from '../errors/index.ts'
import { defaults } from './defaults.ts'

/** A write or sync failed: nothing is recorded until the ledger has found its feet again. */
export function unwritable(directory: string, cause: unknown): SallyportError {
  return new SallyportError('ledger_unavailable', `The ledger cannot be written: ${errorMessage(cause)}.`, {
    hint: `Nothing is let through while the record cannot be kept. Check the disk under ${directory}.`,
    cause,
  })
}

export function closed(): SallyportError {
  return new SallyportError('ledger_unavailable', 'The ledger is closed.')
}

export function backlogged(directory: string, bytes: number): SallyportError {
  return new SallyportError('ledger_unavailable', 'The disk does not keep up with the ledger.', {
    hint: `${bytes} bytes wait to be written. Look at the disk under ${directory}.`,
  })
}

export function tooLarge(bytes: number): SallyportError {
  return new SallyportError('invalid_request', `An entry of ${bytes} bytes is too large for the ledger.`, {
    hint: `The limit is ${defaults.maxEntryBytes} bytes; what cannot be recorded is not let through.`,
  })
}

export function lockLost(directory: string): SallyportError {
  return new SallyportError('ledger_unavailable', `This process has lost the lock of the ledger in ${directory}.`, {
    hint: 'Another process may be writing to it. Stop one of them, then restart this server.',
  })
}
