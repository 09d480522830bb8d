import { Link } from '@tanstack/react-router'
import type { ReactNode } from 'react'
import { useStory } from '../api/queries.ts'
import type { Json, LedgerEntry } from '../api/types.ts'
import { number } from '../format/impact.ts'
import { Failure, Loading } from '../parts/loading.tsx'
import { Revealed } from '../parts/revealed.tsx'
import { At } from '../parts/time.tsx'
import { Proofs } from '../proof/proofs.tsx'
import classes from './timeline.module.css'

/** One action from its request to its end, each step with the place on the ledger where it stands. */
export function Story({ id }: { id: string }) {
  const { data, error } = useStory(id)
  if (data === undefined) {
    return error === null ? (
      <Loading what="its story" />
    ) : (
      <Failure title="The story could not be loaded" error={error} />
    )
  }
  return (
    <>
      <ol className={classes.story} aria-label="Story">
        {data.entries.map((entry) => (
          <li key={entry.index}>
            <span className="dim nowrap">
              <At at={entry.at} />
            </span>
            <span>{tell(entry)}</span>
            <code className="dim nowrap" title={`Hash of the ledger up to here: ${entry.hash}`}>
              #{number(entry.index)} {entry.hash.slice(0, 8)}
            </code>
          </li>
        ))}
      </ol>
      <Proofs entries={data.entries} />
    </>
  )
}

function tell({ kind, body }: LedgerEntry): ReactNode {
  const text = (name: string) => words(body[name])
  switch (kind) {
    case 'action.requested': {
      const judged = body.judged
      if (typeof judged !== 'object' || judged === null || !('verdict' in judged)) return 'Asked for; not judged'
      return (
        <>
          Asked for, and judged: <strong>{words(judged.verdict)}</strong>
          {'reason' in judged && <Reason text={words(judged.reason)} />}
        </>
      )
    }
    case 'action.judged':
      return (
        <>
          Judged again at its release: <strong>{text('verdict')}</strong>
          <Reason text={text('reason')} />
        </>
      )
    case 'hold.opened':
      return (
        <>
          Held:{' '}
          <Link to="/holds/$id" params={{ id: text('hold') }}>
            {text('hold')}
          </Link>
        </>
      )
    case 'hold.voted':
      return (
        <>
          <strong>{text('by')}</strong> {text('decision') === 'approve' ? 'approved' : 'rejected'}
          <Reason text={text('reason')} />
        </>
      )
    case 'hold.closed':
      return (
        <>
          The hold is {text('as')}
          <Reason text={text('reason')} />
        </>
      )
    case 'hold.released':
      return 'The approval was used'
    case 'action.released':
      return 'Let through'
    case 'action.settled':
      return (
        <>
          Ended: <strong>{text('outcome')}</strong>
          {typeof body.rows === 'number' && `, ${number(body.rows)} ${body.rows === 1 ? 'row' : 'rows'}`}
          <Reason text={text('message')} />
        </>
      )
    default:
      return kind
  }
}

function Reason({ text }: { text: string }) {
  if (text === '') return null
  return (
    <span className="dim">
      {' – '}
      <Revealed text={text} />
    </span>
  )
}

function words(value: Json | undefined): string {
  return typeof value === 'string' ? value : ''
}
