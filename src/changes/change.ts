import type { ChangeOpened, WorkloadIdentity } from '../ledger/index.ts'

/** pending → approved → done; or rejected, closed. `expired`: not over when its time was. */
export type ChangeState = 'pending' | 'approved' | 'done' | 'rejected' | 'closed' | 'expired'

export interface ChangeApproval {
  readonly by: string
  readonly at: string
  readonly reason: string
  /** Groups of the person then. */
  readonly groups: readonly string[]
}

/** One change, folded from the ledger. */
export interface Change extends ChangeOpened {
  readonly openedAt: string
  /** As the entries say; time is not looked at (see `stateAt`). */
  readonly state: Exclude<ChangeState, 'expired'>
  readonly approvals: readonly ChangeApproval[]
  /** Of each statement that has been used, the action it ran as. The next statement is the one behind these. */
  readonly used: readonly string[]
  readonly over: { readonly at: string; readonly by: string; readonly reason: string } | null
}

/** A change as it is when it opens. */
export function newChange(opened: ChangeOpened, openedAt: string): Change {
  return { ...opened, openedAt, state: 'pending', approvals: [], used: [], over: null }
}

/** The state of a change at a time, in milliseconds since 1970. */
export function stateAt({ state, expiresAt }: Pick<Change, 'state' | 'expiresAt'>, now: number): ChangeState {
  if (state !== 'pending' && state !== 'approved') return state
  // An end that is no date has passed.
  return now < Date.parse(expiresAt) ? state : 'expired'
}

/** Who a workload is, in one line. */
export function identityLine({ name, repository, ref, run }: WorkloadIdentity): string {
  return `${name}:${repository}@${ref} run ${run}`
}
