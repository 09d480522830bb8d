import { errorMessage } from '../../errors/index.ts'
import type { Entry, EntryBodies } from '../../ledger/index.ts'
import { emptyPasskeyRegister, foldPasskeys } from './register.ts'
import { checkTap, type Passkey, voteStatement } from './tap.ts'

/** What the record says of one yes to a hold. */
export interface CheckedApproval {
  /** Number of the entry. */
  readonly index: number
  readonly at: string
  readonly by: string
  readonly decision: 'approve' | 'confirm' | 'force'
  readonly reason: string
  /** `unsigned`: no passkey was used. `wrong`: it does not prove this yes. */
  readonly proof: 'signed' | 'unsigned' | 'wrong'
  /** What the person called their passkey, and the page on which they used it. */
  readonly passkey: string | null
  readonly page: string | null
  /** Why it is wrong. */
  readonly problem: string | null
}

/**
 * Checks every yes to a hold against the keys that stood then, by nothing but the entries of the record.
 * @returns undefined where there is no such hold
 */
export async function verifyApprovals(
  entries: AsyncIterable<Entry>,
  hold: string,
): Promise<
  { readonly opened: EntryBodies['hold.opened']; readonly approvals: readonly CheckedApproval[] } | undefined
> {
  let register = emptyPasskeyRegister
  const sites = new Map<string, string>()
  const approvals: CheckedApproval[] = []
  let opened: EntryBodies['hold.opened'] | undefined
  for await (const entry of entries) {
    register = foldPasskeys(register, entry)
    if (entry.kind === 'passkey.added') sites.set(entry.body.passkey, entry.body.site)
    if (entry.kind === 'hold.opened' && entry.body.hold === hold) opened ??= entry.body
    const yes = opened === undefined ? undefined : yesOf(entry, hold)
    if (opened === undefined || yes === undefined) continue
    const said = { index: entry.index, at: entry.at, by: yes.by, decision: yes.decision, reason: yes.reason }
    const passkey = register.passkeys.get(yes.tap?.passkey ?? '')
    approvals.push({ ...said, ...(await check(opened, yes, passkey, sites)) })
  }
  return opened === undefined ? undefined : { opened, approvals }
}

type Yes = Pick<CheckedApproval, 'by' | 'decision' | 'reason'> & Pick<EntryBodies['hold.voted'], 'tap'>

function yesOf(entry: Entry, hold: string): Yes | undefined {
  if (entry.kind === 'hold.forced' && entry.body.hold === hold) return { ...entry.body, decision: 'force' }
  if (entry.kind !== 'hold.voted' || entry.body.hold !== hold) return undefined
  const { by, decision, reason, tap } = entry.body
  return decision === 'reject' ? undefined : { by, decision, reason, ...(tap === undefined ? {} : { tap }) }
}

async function check(
  opened: EntryBodies['hold.opened'],
  yes: Yes,
  passkey: Passkey | undefined,
  sites: ReadonlyMap<string, string>,
): Promise<Pick<CheckedApproval, 'proof' | 'passkey' | 'page' | 'problem'>> {
  const { tap } = yes
  if (tap === undefined) return { proof: 'unsigned', passkey: null, page: null, problem: null }
  const wrong = (problem: string) => ({ proof: 'wrong' as const, passkey: passkey?.label ?? null, page: null, problem })
  if (passkey === undefined) return wrong('its passkey did not stand then')
  if (passkey.person !== yes.by) return wrong(`its passkey is ${passkey.person}'s`)
  const id = sites.get(passkey.id) ?? ''
  try {
    const page = originOf(tap.clientData)
    const { hostname } = new URL(page)
    if (hostname !== id && !hostname.endsWith(`.${id}`)) return wrong(`it was made at ${page}`)
    await checkTap(tap, voteStatement(opened, yes), passkey, { id, origins: [page] })
    return { proof: 'signed', passkey: passkey.label, page, problem: null }
  } catch (error) {
    return wrong(errorMessage(error))
  }
}

/** The page that a browser says a passkey was used on (WebAuthn level 3, 5.8.1). */
function originOf(clientData: string): string {
  const said: unknown = JSON.parse(Buffer.from(clientData, 'base64url').toString('utf8'))
  return String(Object(said).origin)
}
