import { readlinkSync } from 'node:fs'
import { setPriority } from 'node:os'
import { basename } from 'node:path'

/** On Linux a thread has a priority of its own (setpriority(2)): while the machine is busy, doors come first. */
export function yieldToDoors(): void {
  try {
    setPriority(Number(basename(readlinkSync('/proc/thread-self'))), 15)
  } catch {
    // Elsewhere it shares what there is.
  }
}
