import { Link } from '@tanstack/react-router'
import { useHoldContext } from '../api/queries.ts'
import type { ActionRecord, EarlierHold, HoldContext, HoldView } from '../api/types.ts'
import { oneLine, resourceNames, stateWords, verdictWords } from '../format/impact.ts'
import { Loading } from '../parts/loading.tsx'
import { Revealed } from '../parts/revealed.tsx'
import { Tag } from '../parts/tag.tsx'
import { Age } from '../parts/time.tsx'
import classes from './hold.module.css'

/** What the same actor did before, and what became of earlier holds like this one. */
export function Background({ hold }: { hold: HoldView }) {
  const { data, error } = useHoldContext(hold.hold)
  if (data === undefined) return error === null ? <Loading what="what happened before" /> : null
  return (
    <div className={classes.factColumns}>
      <section className={`card ${classes.section} ${classes.background}`} aria-labelledby="before-actor">
        <h2 id="before-actor" className="section-title">
          What {hold.requester.name} did before
        </h2>
        {data.actions.length === 0 ? (
          <p className="dim">Nothing else of this actor is among the latest entries of the record.</p>
        ) : (
          <ol>
            {data.actions.map((record) => (
              <Before key={record.index} record={record} />
            ))}
          </ol>
        )}
      </section>
      <section className={`card ${classes.section} ${classes.background}`} aria-labelledby="before-holds">
        <h2 id="before-holds" className="section-title">
          Earlier holds like this
        </h2>
        <p className="dim">{record(hold, data)}</p>
        {data.holds.length > 0 && (
          <ol>
            {data.holds.map((earlier) => (
              <Earlier key={earlier.hold} earlier={earlier} />
            ))}
          </ol>
        )}
      </section>
    </div>
  )
}

function record({ requester }: HoldView, { holds, ended }: HoldContext): string {
  const same = holds.filter((hold) => hold.same)
  const before = same.length === 0 ? 'This very statement was not held before.' : `This very statement was held before.`
  const parts = [
    [ended.released, 'let through'],
    [ended.rejected, 'rejected'],
    [ended.other, 'given up or expired'],
  ] as const
  const counted = parts.filter(([count]) => count > 0).map(([count, words]) => `${count} ${words}`)
  return `${before} Of ${requester.name}: ${counted.length === 0 ? 'no earlier hold has ended' : counted.join(', ')}.`
}

function Before({ record: { action, verdict } }: { record: ActionRecord }) {
  const words = verdict === null ? null : verdictWords[verdict]
  return (
    <li>
      <div className={classes.backgroundLine}>
        <strong>{action.operation}</strong>
        <span className="mono">{resourceNames(action, 2)}</span>
        {words !== null && words.words !== 'allowed' && <Tag tone={words.tone}>{words.words}</Tag>}
        <span className="dim">
          <Age at={action.at} /> ago
        </span>
      </div>
      <p className={`mono ${classes.backgroundText}`}>
        <Revealed text={[...oneLine(action)].slice(0, 200).join('')} />
      </p>
    </li>
  )
}

function Earlier({ earlier }: { earlier: EarlierHold }) {
  const state = stateWords[earlier.state]
  return (
    <li>
      <div className={classes.backgroundLine}>
        <Tag tone={state.tone}>{state.words}</Tag>
        <Link to="/holds/$id" params={{ id: earlier.hold }}>
          {earlier.operation} of {earlier.requester.name}
        </Link>
        {earlier.same && <Tag>same statement</Tag>}
        <span className="dim">
          <Age at={earlier.openedAt} /> ago
        </span>
      </div>
      {earlier.decided !== null && (
        <p className={classes.backgroundText}>
          {earlier.decided.by}
          {earlier.decided.reason !== '' && (
            <>
              : <Revealed text={earlier.decided.reason} />
            </>
          )}
        </p>
      )}
    </li>
  )
}
