import { Progress } from '../holds/index.ts'
import type { ChangeOpened, Entry, ReviewAsked } from '../ledger/index.ts'
import { type Change, type ChangeApproval, newChange } from './change.ts'

/** The entries that are about changes. */
export const changeKinds = [
  'change.opened',
  'change.approved',
  'change.rejected',
  'change.closed',
  'change.used',
  'change.restored',
] as const

type ChangeEntry = Extract<Entry, { kind: (typeof changeKinds)[number] }>

export function isChangeEntry(entry: Entry): entry is ChangeEntry {
  return changeKinds.some((kind) => kind === entry.kind)
}

/**
 * The state of a change after one more entry. Entries that do not fit change nothing: of two that race, the ledger's
 * order decides.
 */
export function foldChange(change: Change | undefined, entry: ChangeEntry): Change | undefined {
  if (entry.kind === 'change.opened') return change ?? newChange(entry.body, entry.at)
  if (change === undefined) return undefined
  switch (entry.kind) {
    case 'change.approved': {
      const { by, reason, groups } = entry.body
      const isOpen = change.state === 'pending' || change.state === 'approved'
      if (!isOpen || entry.at >= change.expiresAt || change.approvals.some((one) => one.by === by)) return change
      const approvals = [...change.approvals, { by, at: entry.at, reason, groups }]
      return { ...change, approvals, state: meets(change.review, approvals) ? 'approved' : change.state }
    }
    case 'change.rejected':
    case 'change.closed': {
      if (change.state !== 'pending' && change.state !== 'approved') return change
      const { by, reason } = entry.body
      const state = entry.kind === 'change.rejected' ? 'rejected' : 'closed'
      return { ...change, state, over: { at: entry.at, by, reason } }
    }
    case 'change.used': {
      const { from, actions } = entry.body
      if (change.state !== 'approved' || from !== change.used.length) return change
      const used = [...change.used, ...actions]
      if (used.length > change.statements.length) return change
      return { ...change, used, state: used.length === change.statements.length ? 'done' : 'approved' }
    }
    case 'change.restored': {
      const { from, to } = entry.body
      if (to !== change.used.length || from > to) return change
      return { ...change, used: change.used.slice(0, from), state: change.state === 'done' ? 'approved' : change.state }
    }
  }
}

/** Whether these people are those whom a review asks for. */
export function meets(review: ReviewAsked, approvals: readonly ChangeApproval[]): boolean {
  const counted = review.reason === true ? approvals.filter(({ reason }) => reason !== '') : approvals
  return new Progress(review, counted, false).isMet
}

/** The plan that somebody approves: what runs where, in which order, touching how much. */
export function planOf({
  door,
  database,
  statements,
}: Pick<ChangeOpened, 'door' | 'database'> & {
  readonly statements: readonly { readonly digest: string; readonly rows?: number }[]
}) {
  return { door, database, statements: statements.map(({ digest, rows = 0 }) => [digest, rows]) }
}
