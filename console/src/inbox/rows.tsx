import { Checkbox } from '@mantine/core'
import { IconPlugConnected } from '@tabler/icons-react'
import { Link } from '@tanstack/react-router'
import type { Action, HoldView } from '../api/types.ts'
import {
  countsRows,
  gravest,
  number,
  oneLine,
  percent,
  resourceNames,
  rowsLabel,
  rowsText,
  share,
  stateWords,
} from '../format/impact.ts'
import { Revealed } from '../parts/revealed.tsx'
import { EnvironmentTag, Tag } from '../parts/tag.tsx'
import { Age, TimeLeft } from '../parts/time.tsx'
import classes from './inbox.module.css'

/** Enough of a statement to recognise it; the hold's page shows all of it. Never cuts a character in two. */
const excerpt = /^.{0,240}/su

interface PendingRowProps {
  readonly hold: HoldView
  readonly chosen: boolean
  readonly choose: (holds: readonly string[], isChosen: boolean) => void
}

export function PendingRow({ hold, chosen, choose }: PendingRowProps) {
  const action = hold.actions[0]
  if (action === undefined) return null
  const more = hold.actions.length - 1
  return (
    <li className={classes.pending} data-chosen={chosen || undefined}>
      <Checkbox
        size="xs"
        className={classes.check ?? ''}
        aria-label={`Select ${action.operation} of ${hold.requester.name}`}
        checked={chosen && hold.mayVote.allowed}
        disabled={!hold.mayVote.allowed}
        onChange={(event) => choose([hold.hold], event.currentTarget.checked)}
      />
      <Link to="/holds/$id" params={{ id: hold.hold }} className={classes.row} data-row={hold.hold}>
        <div className={classes.what}>
          <p className={classes.sentence}>
            <strong>{hold.requester.name}</strong>
            {action.actor.kind !== 'human' && <Tag>{action.actor.kind}</Tag>}
            <span className={classes.operation} data-tone={gravest(action)}>
              {action.operation}
            </span>
            {action.resources.length > 0 && <span className="mono">{resourceNames(action, 2)}</span>}
            {more > 0 && <Tag>+{more} in the same request</Tag>}
          </p>
          <p className={classes.statement}>
            <Revealed text={excerpt.exec(oneLine(action))?.[0] ?? ''} />
          </p>
          <p className={classes.meta}>
            <EnvironmentTag environment={hold.target.environment} />
            <span>{hold.door}</span>
            <span className={classes.rule}>{hold.rule.id}</span>
            {hold.waiting && (
              <span className={classes.client}>
                <IconPlugConnected size={14} aria-hidden="true" /> client waiting
              </span>
            )}
            {hold.review.approvals > 1 && (
              <span className="nums">
                {hold.review.approvals - hold.missing.approvals} of {hold.review.approvals} approvals
              </span>
            )}
            {!hold.mayVote.allowed && <span title={hold.mayVote.reason ?? undefined}>not yours to decide</span>}
          </p>
        </div>
        <Size action={action} />
        <div className={classes.figure}>
          <span className={classes.big}>
            <TimeLeft from={hold.openedAt} until={hold.expiresAt} />
          </span>
          <span className="dim">
            left, asked <Age at={hold.openedAt} /> ago
          </span>
        </div>
      </Link>
    </li>
  )
}

/** How much it touches: rows, or objects as a whole. */
function Size({ action }: { action: Action }) {
  const { impact } = action
  const of = share(impact)
  if (!countsRows(action)) {
    return (
      <div className={classes.figure}>
        <span className={classes.big}>{number(impact.objects)}</span>
        <span className="dim">{impact.objects === 1 ? 'object' : 'objects'} as a whole</span>
      </div>
    )
  }
  return (
    <div className={classes.figure}>
      <span className={classes.big} data-unknown={impact.rows === null || undefined}>
        {rowsText(impact)}
      </span>
      <span className="dim">
        {impact.rows === null ? 'rows' : `rows, ${rowsLabel(impact)}`}
        {of !== null && <span className={classes.share}>{of >= 100 ? 'whole table' : `${percent(of)} of table`}</span>}
      </span>
    </div>
  )
}

export function DecidedRow({ hold }: { hold: HoldView }) {
  const action = hold.actions[0]
  if (action === undefined) return null
  const state = stateWords[hold.state]
  const last = hold.votes.at(-1)
  const at = hold.closed?.at ?? last?.at ?? hold.openedAt
  const reason = hold.closed?.reason ?? last?.reason ?? ''
  return (
    <li>
      <Link to="/holds/$id" params={{ id: hold.hold }} className={classes.decidedRow} data-row={hold.hold}>
        <span className={classes.state}>
          <Tag tone={state.tone}>{state.words}</Tag>
        </span>
        <span className={classes.decidedWhat}>
          <strong>{hold.requester.name}</strong> <span className={classes.operation}>{action.operation}</span>{' '}
          <span className="mono">{resourceNames(action, 2)}</span>
        </span>
        <span className={classes.decidedWhy}>
          {last !== undefined && <span>{last.by}</span>}
          {reason !== '' && <span className="dim">{last === undefined ? reason : `: ${reason}`}</span>}
        </span>
        <span className={`dim ${classes.decidedAge}`}>
          <Age at={at} /> ago
        </span>
      </Link>
    </li>
  )
}
