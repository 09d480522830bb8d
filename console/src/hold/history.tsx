import type { ReactNode } from 'react'
import type { HoldView } from '../api/types.ts'
import type { Tone } from '../format/impact.ts'
import { Revealed } from '../parts/revealed.tsx'
import { At } from '../parts/time.tsx'
import classes from './hold.module.css'

const votedWords = { approve: 'approved', reject: 'rejected', confirm: 'confirmed' } as const

/** What has happened to the hold so far. */
export function History({ hold }: { hold: HoldView }) {
  // A rejection closes the hold: the vote tells it already.
  const rejectedByVote = hold.state === 'rejected' && hold.votes.some((vote) => vote.decision === 'reject')
  return (
    <section className={`card ${classes.section}`} aria-labelledby="history">
      <h2 id="history" className="section-title">
        So far
      </h2>
      <ol className={classes.history}>
        <Event tone="quiet" at={hold.openedAt} title={`${hold.requester.name} asked`} />
        {hold.votes.map((vote) => (
          <Event
            key={`${vote.by} ${vote.at}`}
            tone={vote.decision === 'reject' ? 'danger' : 'ok'}
            at={vote.at}
            title={`${vote.by} ${votedWords[vote.decision]}${vote.passkey === undefined ? '' : ', signed with a passkey'}`}
          >
            {vote.reason}
          </Event>
        ))}
        {hold.closed !== null && !rejectedByVote && (
          <Event tone="quiet" at={hold.closed.at} title={closedWords(hold, hold.closed.by)}>
            {hold.closed.reason}
          </Event>
        )}
      </ol>
    </section>
  )
}

function closedWords(hold: HoldView, by: string): string {
  switch (hold.state) {
    case 'expired':
      return 'Expired'
    case 'withdrawn':
      return `Withdrawn by ${by}`
    case 'rejected':
      return `Rejected by ${by}`
    default:
      return 'Released'
  }
}

function Event(props: { tone: Tone; at: string; title: string; children?: ReactNode }) {
  return (
    <li data-tone={props.tone}>
      <p className={classes.eventTitle}>
        <span>{props.title}</span>
        <span className="dim">
          <At at={props.at} />
        </span>
      </p>
      {typeof props.children === 'string' && props.children !== '' && (
        <p className={classes.eventReason}>
          <Revealed text={props.children} />
        </p>
      )}
    </li>
  )
}
