import { getProof } from '../api/queries.ts'
import type { LedgerEntry } from '../api/types.ts'
import { canonical } from './canonical.ts'
import { digestOf, ProofError, type ProvedEntry, verifyEntryProof } from './verify-proof.ts'

/** What came of checking one entry. */
export interface CheckedEntry {
  readonly index: number
  /** undefined: it does not hold, see `problem`. */
  readonly proved?: ProvedEntry
  readonly problem?: string
}

/** Checks entries one after the other, each against its own proof, and that the proof is of what is shown here. */
export async function checkEntries(entries: readonly LedgerEntry[], key: string): Promise<CheckedEntry[]> {
  const checked: CheckedEntry[] = []
  for (const entry of entries) {
    try {
      const proved = await verifyEntryProof(await getProof(entry.index), key)
      await isOf(entry, proved)
      checked.push({ index: entry.index, proved })
    } catch (error) {
      checked.push({ index: entry.index, problem: error instanceof Error ? error.message : String(error) })
    }
  }
  return checked
}

/** @throws ProofError where the proof is of something else than what is shown */
async function isOf({ index, at, kind, body }: LedgerEntry, { index: proved, leaf }: ProvedEntry): Promise<void> {
  if (proved !== index) throw new ProofError(`The proof is of entry ${proved}, not of ${index}.`)
  const shown = canonical({ at, kind, body })
  if (leaf === shown) return
  // Of an entry too long for the log its length and digest stand there.
  const bytes = new TextEncoder().encode(shown).length
  if (leaf === canonical({ payload: { bytes, sha256: await digestOf(shown) } })) return
  throw new ProofError(`What is proved of entry ${index} is not what is shown here.`)
}
