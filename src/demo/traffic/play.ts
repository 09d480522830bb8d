import pg from 'pg'
import type { OrdinaryAction } from './week.ts'

/** What came of the actions that did not simply run. */
export interface Played {
  /** Refused by the guard, with what was said. */
  readonly refused: readonly { readonly action: OrdinaryAction; readonly code: string; readonly message: string }[]
  /** Failed at the server: the traffic itself is wrong, or the server is. */
  readonly failed: readonly { readonly action: OrdinaryAction; readonly message: string }[]
}

/**
 * Sends actions one after the other, each of those who act on a connection of their own.
 * @param connect a connection for somebody
 * @param tick told the time of each action before it is sent
 */
export async function playTraffic(
  actions: readonly OrdinaryAction[],
  connect: (by: OrdinaryAction['by']) => Promise<pg.Client>,
  tick: (at: number) => void,
): Promise<Played> {
  const clients = new Map<OrdinaryAction['by'], pg.Client>()
  const refused: Played['refused'][number][] = []
  const failed: Played['failed'][number][] = []
  try {
    for (const action of actions) {
      const client = clients.get(action.by) ?? (await connect(action.by))
      clients.set(action.by, client)
      tick(action.at)
      try {
        await client.query(action.sql, action.values === undefined ? undefined : [...action.values])
      } catch (error) {
        if (!(error instanceof pg.DatabaseError)) throw error
        const { code = '', message } = error
        if (code.startsWith('SP')) refused.push({ action, code, message })
        else failed.push({ action, message: `${code} ${message}` })
        // What comes after in the same transaction would fail for this reason, not for its own.
        if (action.sql !== 'COMMIT') await client.query('ROLLBACK')
      }
    }
  } finally {
    for (const client of clients.values()) await client.end()
  }
  return { refused, failed }
}
