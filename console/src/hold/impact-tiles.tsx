import type { ReactNode } from 'react'
import type { Action } from '../api/types.ts'
import {
  countsRows,
  effectWords,
  number,
  percent,
  rowsLabel,
  rowsText,
  share,
  type Tone,
  touchesRows,
} from '../format/impact.ts'
import classes from './hold.module.css'

const rowsNotes = {
  exact: 'exact, not an estimate',
  estimated: 'planner’s estimate, without cascades and triggers',
  unknown: 'nobody can say before it runs',
} as const

const reversibleWords = {
  yes: { words: 'Yes', tone: 'ok' },
  no: { words: 'No', tone: 'danger' },
  unknown: { words: 'Unknown', tone: 'warn' },
} as const

/** The blast radius, one fact a tile. */
export function ImpactTiles({ action }: { action: Action }) {
  const { impact } = action
  const of = share(impact)
  const undo = reversibleWords[impact.reversible]
  const cascaded = impact.cascades.reduce((sum, cascade) => sum + cascade.rows, 0)
  return (
    <div>
      <dl className={classes.tiles}>
        {countsRows(action) && (
          <Tile
            name="Rows"
            value={rowsText(impact)}
            tone={impact.rows === null ? 'warn' : 'quiet'}
            note={rowsNotes[rowsLabel(impact)]}
          />
        )}
        {impact.ofTotal !== null && (
          <Tile
            name="Share of the table"
            value={of === null ? 'unknown' : percent(of)}
            tone={of !== null && of >= 50 ? 'danger' : 'quiet'}
            note={`of ${number(impact.ofTotal)} rows`}
          />
        )}
        {(!impact.bounded || touchesRows(action)) && (
          <Tile
            name="Bounded"
            value={impact.bounded ? 'Yes' : 'No'}
            tone={impact.bounded ? 'quiet' : 'danger'}
            note={impact.bounded ? 'a condition limits which rows' : 'nothing limits which rows'}
          />
        )}
        <Tile name="Can be undone" value={undo.words} tone={undo.tone} />
        {impact.cascades.length > 0 && (
          <Tile
            name="Cascades"
            value={`+ ${number(cascaded)}`}
            tone="danger"
            note={impact.cascades.map(({ table, rows }) => `${table} ${number(rows)}`).join(', ')}
          />
        )}
        {impact.objects > 0 && (
          <Tile name="Objects" value={number(impact.objects)} note="tables, roles, … touched as a whole" />
        )}
      </dl>
      {action.effects.length > 0 && (
        <ul className={classes.effects} aria-label="Effects">
          {action.effects.map((effect) => (
            <li key={effect} data-tone={effectWords[effect].tone}>
              {effectWords[effect].words} <code>{effect}</code>
            </li>
          ))}
        </ul>
      )}
    </div>
  )
}

function Tile(props: { name: string; value: ReactNode; tone?: Tone; note?: string }) {
  return (
    <div className={classes.tile} data-tone={props.tone ?? 'quiet'}>
      <dt>{props.name}</dt>
      <dd className={classes.tileValue}>{props.value}</dd>
      {props.note !== undefined && <dd className={classes.tileNote}>{props.note}</dd>}
    </div>
  )
}
