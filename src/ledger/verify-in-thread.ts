import { extname } from 'node:path'
import { Worker } from 'node:worker_threads'
import { SallyportError, type SallyportErrorCode } from '../errors/index.ts'
import type { LedgerVerification } from './verify.ts'

export type ThreadAnswer =
  | { readonly verification: LedgerVerification }
  | { readonly code: SallyportErrorCode; readonly message: string }

/**
 * `verifyLedger` in a thread of its own, so that reading everything stops nobody at a door.
 * @throws SallyportError as `verifyLedger` does
 */
export function verifyInThread(directory: string): Promise<LedgerVerification> {
  const worker = new Worker(new URL(`./verify-worker${extname(import.meta.url)}`, import.meta.url), {
    name: 'ledger verification',
    workerData: { directory },
  })
  // A server that stops does not wait for it.
  worker.unref()
  return new Promise((resolve, reject) => {
    worker.once('message', (answer: ThreadAnswer) => {
      if ('verification' in answer) resolve(answer.verification)
      else reject(new SallyportError(answer.code, answer.message))
    })
    worker.once('error', reject)
    worker.once('exit', () => reject(new Error('the thread that checks the ledger ended')))
  })
}
