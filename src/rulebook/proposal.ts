import type { EntryBodies } from '../ledger/index.ts'

/** Who has to accept a change of the rules. */
export interface RulesReview {
  /** How many different people; whoever proposed it is none of them. */
  readonly approvals: number
  /** Any one of these groups; empty: any reviewer. */
  readonly groups: readonly string[]
}

export interface ProposalVote {
  readonly by: string
  readonly decision: 'accept' | 'reject'
  readonly reason: string
  readonly at: string
}

/** A version that waits to come into force. */
export interface Proposal {
  readonly proposal: string
  readonly version: string
  readonly digest: string
  readonly origin: EntryBodies['rules.proposed']['origin']
  /** null: the files were changed, and nobody knows by whom. */
  readonly by: string | null
  readonly reason: string
  /** The commit that the files were read from, where they come from git. */
  readonly commit?: string
  readonly at: string
  readonly votes: readonly ProposalVote[]
  readonly state: 'open' | EntryBodies['rules.closed']['as']
}

/** Who wants to vote, as far as rules care. */
export interface RuleReviewer {
  readonly id: string
  readonly kind: 'human' | 'service' | 'agent'
  readonly groups: readonly string[]
  /** Whether their role lets them vote at all. */
  readonly isReviewer: boolean
}

/** What voters are looked up by. */
export interface RuleParties {
  readonly reviewer: (id: string) => RuleReviewer | undefined
  /** Whether a person is behind a name, or answers for it. */
  readonly isPerson: (person: string, named: { readonly id: string }) => boolean
}

/** Why somebody may not vote on a proposal; undefined: they may. The one place that decides it. */
export function whyNotVote(
  { by, state, votes }: Proposal,
  id: string,
  { groups }: RulesReview,
  parties: RuleParties,
): string | undefined {
  if (state !== 'open') return `The proposal is ${state} already.`
  if (votes.some((vote) => vote.by === id)) return 'You have voted on this proposal already.'
  return whyNotCounted(by, id, groups, parties)
}

/** Whether enough people have accepted; each must still be somebody who may. */
export function isAccepted({ by, votes }: Proposal, { approvals, groups }: RulesReview, parties: RuleParties): boolean {
  const counted = votes.filter(
    (vote) => vote.decision === 'accept' && whyNotCounted(by, vote.by, groups, parties) === undefined,
  )
  return new Set(counted.map((vote) => vote.by)).size >= approvals
}

function whyNotCounted(
  proposer: string | null,
  id: string,
  groups: readonly string[],
  { reviewer, isPerson }: RuleParties,
): string | undefined {
  const voter = reviewer(id)
  if (voter === undefined || voter.kind !== 'human') return 'Only people can vote: a service or agent never accepts.'
  if (proposer !== null && isPerson(id, { id: proposer })) return 'Nobody accepts their own change: ask somebody else.'
  if (!voter.isReviewer) return 'Your role does not include reviewing.'
  if (groups.length === 0 || groups.some((group) => voter.groups.includes(group))) return undefined
  return `A change of the rules asks for somebody from ${groups.join(' or ')}.`
}
