import { Fragment } from 'react'
import type { Action } from '../api/types.ts'
import { number, percent, rowsText, share } from '../format/impact.ts'
import classes from './hold.module.css'

/** The rows as part of their table, and what goes with them in other tables. Nothing where nothing is known. */
export function ImpactPicture({ action }: { action: Action }) {
  const { impact } = action
  const of = share(impact)
  if (of === null && impact.cascades.length === 0) return null
  return (
    <div className={classes.picture}>
      {of !== null && <Share action={action} percentage={of} />}
      {impact.cascades.length > 0 && <Cascades action={action} />}
    </div>
  )
}

function Share({ action, percentage }: { action: Action; percentage: number }) {
  const { impact } = action
  const table = action.resources[0]?.name ?? 'the table'
  const words = percentage >= 100 ? 'every row' : percent(percentage)
  return (
    <figure>
      <div className={classes.bar} aria-hidden="true">
        <div
          className={classes.barPart}
          data-tone={percentage >= 50 ? 'danger' : 'quiet'}
          style={{ width: `${percentage}%` }}
        />
      </div>
      <figcaption className={classes.barWords}>
        <span>
          {words} of <span className="mono">{table}</span>
        </span>
        <span className="dim nums">
          {rowsText(impact)} of {number(impact.ofTotal ?? 0)} rows
        </span>
      </figcaption>
    </figure>
  )
}

/** The tree of foreign keys that delete or change along, by their number of rows. */
function Cascades({ action }: { action: Action }) {
  const { impact } = action
  const most = Math.max(1, impact.rows ?? 0, ...impact.cascades.map(({ rows }) => rows))
  const width = (rows: number) => ({ width: `${(rows / most) * 100}%` })
  return (
    <figure>
      <figcaption className="section-title">What goes with it</figcaption>
      <div className={classes.tree}>
        <span className="mono">{action.resources[0]?.name ?? action.operation}</span>
        <div className={classes.barPart} style={width(impact.rows ?? 0)} aria-hidden="true" />
        <span className="nums">{rowsText(impact)}</span>
        {impact.cascades.map(({ table, rows }) => (
          <Fragment key={table}>
            <span className={`mono ${classes.branch}`}>{table}</span>
            <div className={classes.barPart} style={width(rows)} aria-hidden="true" />
            <span className="nums">+ {number(rows)}</span>
          </Fragment>
        ))}
      </div>
    </figure>
  )
}
