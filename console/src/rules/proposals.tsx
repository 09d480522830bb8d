import { useEffect, useId, useRef, useState } from 'react'
import { useRuleProposals, useRuleVote } from '../api/rule-queries.ts'
import type { RuleProposal, RuleProposals } from '../api/rule-types.ts'
import { Ballot } from '../parts/ballot.tsx'
import { Failure } from '../parts/loading.tsx'
import { Notice } from '../parts/notice.tsx'
import { Revealed } from '../parts/revealed.tsx'
import { Age } from '../parts/time.tsx'
import own from './rules.module.css'
import { VersionChanges } from './version-changes.tsx'

/** Changes of the rules that wait for somebody to accept them, and what came of the last vote. */
export function Proposals({ inForce }: { inForce: string }) {
  const { data, error, refetch } = useRuleProposals()
  const [voted, setVoted] = useState<RuleProposal | null>(null)
  const told = useRef<HTMLDivElement>(null)
  useEffect(() => {
    // The form goes, and the focus with it: put it where the outcome is told.
    if (voted !== null) told.current?.focus({ preventScroll: true })
  }, [voted])
  if (data === undefined) {
    if (error === null) return null
    return <Failure title="What waits to be accepted could not be loaded" error={error} retry={() => void refetch()} />
  }
  return (
    <>
      <div role="status" aria-live="polite" ref={told} tabIndex={-1} className={own.told}>
        {voted !== null && <Voted proposal={voted} />}
      </div>
      {data.proposals
        .filter(({ state }) => state === 'open')
        .map((proposal) => (
          <Waiting
            key={proposal.proposal}
            proposal={proposal}
            review={data.review}
            inForce={inForce}
            onVoted={setVoted}
          />
        ))}
    </>
  )
}

function Voted({ proposal: { state, version } }: { proposal: RuleProposal }) {
  switch (state) {
    case 'open':
      return <Notice tone="quiet" title={`Your vote on ${version} counts; others have to accept it, too`} />
    case 'accepted':
      return <Notice tone="ok" title={`Version ${version} was accepted and put in force`} />
    case 'rejected':
      return <Notice tone="warn" title={`Version ${version} was rejected; the rules in force stay`} />
    case 'superseded':
      return <Notice tone="quiet" title={`The files changed again: version ${version} is not proposed any more`} />
  }
}

interface WaitingProps {
  readonly proposal: RuleProposal
  readonly review: RuleProposals['review']
  readonly inForce: string
  readonly onVoted: (proposal: RuleProposal) => void
}

function Waiting({ proposal, review, inForce, onVoted }: WaitingProps) {
  const title = useId()
  const vote = useRuleVote(proposal.proposal)
  const { version, reason, commit, at, votes } = proposal
  const needed = review?.approvals ?? 1
  return (
    <section className={`card ${own.proposal}`} aria-labelledby={title}>
      <h2 id={title}>
        A change of the rules waits to be accepted: <code>{version}</code>
      </h2>
      <p>
        <Origin proposal={proposal} />
        {commit !== undefined && (
          <>
            {' '}
            in commit <code title={commit}>{commit.slice(0, 12)}</code>
          </>
        )}
        , <Age at={at} /> ago. The rules before go on judging meanwhile.
      </p>
      {reason !== '' && (
        <p>
          Reason: <Revealed text={reason} />
        </p>
      )}
      <p>
        {votes.length} of {needed} accepted
        {votes.length > 0 && `: ${votes.map(({ by }) => by).join(', ')}`}
        {(review?.groups.length ?? 0) > 0 && <span className="dim"> (from {review?.groups.join(' or ')})</span>}
      </p>
      <details>
        <summary>What changes</summary>
        <VersionChanges from={inForce} to={version} />
      </details>
      <Ballot
        yes="accept"
        mayAgree={proposal.mayVote}
        mayReject={proposal.mayVote}
        cast={async (cast) => onVoted(await vote.mutateAsync(cast))}
        error={vote.error}
      />
    </section>
  )
}

function Origin({ proposal: { origin, by } }: { proposal: RuleProposal }) {
  switch (origin) {
    case 'files':
      return 'The rule files were changed'
    case 'load':
      return (
        <>
          <Revealed text={by ?? ''} /> loads other rules
        </>
      )
    case 'rollback':
      return (
        <>
          <Revealed text={by ?? ''} /> rolls back
        </>
      )
  }
}
