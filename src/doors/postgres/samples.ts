import type { HeldRows } from '../../gate/index.ts'
import { type Ask, readSample, samplingQuery } from './catalog/index.ts'
import { briefMessages, cleanUpMessages } from './estimate.ts'
import { explainableOf, type Step } from './steps.ts'
import type { AskingContext } from './work.ts'

/** Statements of one message of which rows are shown. */
const sampledStatements = 5

/** Keys of some rows that statements pick now. None in a transaction: looking takes time, and may fail. */
export async function samplesOf(
  steps: readonly Step[],
  most: number,
  { replies, server, catalog, grammar }: Omit<AskingContext, 'now'>,
  ask: Ask,
): Promise<HeldRows[]> {
  const found: HeldRows[] = []
  if (most === 0 || replies.status !== 'I' || replies.unsynced) return found
  const writing = steps.filter(({ facts }) => facts.names.writes.length > 0)
  const known = await catalog.look(writing.slice(0, sampledStatements), true, ask)
  for (const { step, learned } of known) {
    const picks = learned?.picks
    if (picks === undefined || picks.key.length === 0) continue
    const selection = await grammar().selectionOf(step.facts.text)
    if (selection === undefined) continue
    const query = samplingQuery({ ...picks, selection }, picks.key, most)
    const reply = await server.exchange(briefMessages(query, explainableOf(step)))
    replies.status = reply.status
    if (reply.error !== undefined) {
      replies.status = (await server.exchange(cleanUpMessages('transaction'))).status
      continue
    }
    const rows = readSample(reply.rows.find((row) => row !== null) ?? '')
    if (rows.length > 0) found.push({ table: picks.name, columns: picks.key, rows })
  }
  return found
}
