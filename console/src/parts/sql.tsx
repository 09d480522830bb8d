import { useMemo } from 'react'
import type { Effect } from '../api/types.ts'
import { highlightSql } from '../format/sql.ts'
import classes from './parts.module.css'
import { Revealed } from './revealed.tsx'

/** A statement, complete: its words by kind, what does the damage marked, and nothing in it hidden. */
export function Sql({ text, effects = [] }: { text: string; effects?: readonly Effect[] }) {
  const pieces = useMemo(() => highlightSql(text, effects), [text, effects])
  return pieces.map((piece, index) => {
    const shown = <Revealed text={piece.text} />
    // Marked for the eye only: who listens hears the statement as it is, and its effects beside it.
    return (
      // biome-ignore lint/suspicious/noArrayIndexKey: pieces of one fixed text have no other identity
      <span key={index} className={piece.marked ? classes.does : undefined} data-kind={piece.kind}>
        {shown}
      </span>
    )
  })
}
