import { parentPort, workerData } from 'node:worker_threads'
import { errorMessage, SallyportError } from '../errors/index.ts'
import { yieldToDoors } from './quiet-thread.ts'
import { verifyLedger } from './verify.ts'
import type { ThreadAnswer } from './verify-in-thread.ts'

/** The thread of one verification. */
const { directory }: { directory: string } = workerData
yieldToDoors()

async function answer(): Promise<ThreadAnswer> {
  try {
    return { verification: await verifyLedger(directory) }
  } catch (error) {
    return { code: error instanceof SallyportError ? error.code : 'ledger_corrupt', message: errorMessage(error) }
  }
}

parentPort?.postMessage(await answer())
