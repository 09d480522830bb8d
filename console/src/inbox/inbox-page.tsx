import { Button, Checkbox } from '@mantine/core'
import { useDeferredValue, useMemo, useRef, useState } from 'react'
import { useDecidedHolds, usePendingHolds } from '../api/queries.ts'
import type { HoldView } from '../api/types.ts'
import { number } from '../format/impact.ts'
import { Failure, Loading } from '../parts/loading.tsx'
import { useRowKeys } from '../parts/use-row-keys.ts'
import { BulkReject } from './bulk-reject.tsx'
import { EmptyInbox } from './empty-inbox.tsx'
import { type InboxFilter, isFiltering, matching, noFilter } from './filter.ts'
import { FilterBar } from './filter-bar.tsx'
import { FollowUps } from './follow-ups.tsx'
import classes from './inbox.module.css'
import { DecidedRow, PendingRow } from './rows.tsx'

const decidedShown = 20
/** Rows drawn at first, and more at each asking: thousands would make every keystroke slow. */
const rowsShown = 100

/** The queue of held actions, and what became of the last ones. */
export function InboxPage() {
  const pending = usePendingHolds()
  const ended = useDecidedHolds()
  const [filter, setFilter] = useState(noFilter)
  const [shown, setShown] = useState(rowsShown)
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set())
  const deferred = useDeferredValue(filter)
  const waiting = useMemo(() => matching(pending.data ?? [], deferred), [pending.data, deferred])
  const decided = useMemo(() => matching(ended, { ...noFilter, text: deferred.text }), [ended, deferred.text])
  const list = useRef<HTMLDivElement>(null)
  const search = useRef<HTMLInputElement>(null)
  // What was decided meanwhile is not selected any more, and neither is what the filter hides.
  const selected = waiting.filter((hold) => hold.mayVote.allowed && chosen.has(hold.hold)).map((hold) => hold.hold)
  const choose = (holds: readonly string[], isChosen: boolean) =>
    setChosen((before) => {
      const after = new Set(before)
      for (const hold of holds) isChosen ? after.add(hold) : after.delete(hold)
      return after
    })
  useRowKeys(list, {
    '/': () => search.current?.focus(),
    x: () => {
      const id = document.activeElement?.getAttribute('data-row')
      const hold = waiting.find((candidate) => candidate.hold === id && candidate.mayVote.allowed)
      if (hold !== undefined) choose([hold.hold], !chosen.has(hold.hold))
    },
  })
  const change = (part: Partial<InboxFilter>) => {
    setFilter((before) => ({ ...before, ...part }))
    setShown(rowsShown)
  }
  const total = pending.data?.length ?? 0
  return (
    <div ref={list}>
      <div className={classes.head}>
        <div>
          <h1>Inbox</h1>
          <p className="dim">{summary(pending.data)}</p>
        </div>
      </div>
      <FollowUps />
      {(total > 0 || ended.length > 0) && (
        <FilterBar pending={pending.data ?? []} filter={filter} onChange={change} search={search} />
      )}
      <BulkReject selected={selected} clear={() => setChosen(new Set())} />
      {pending.data === undefined ? (
        pending.error === null ? (
          <Loading what="held actions" />
        ) : (
          <Failure
            title="Held actions could not be loaded"
            error={pending.error}
            retry={() => void pending.refetch()}
          />
        )
      ) : waiting.length > 0 ? (
        <>
          <div className="card">
            <SelectAll holds={waiting} selected={selected.length} choose={choose} />
            <ul className={classes.list} aria-label="Waiting for review">
              {waiting.slice(0, shown).map((hold) => (
                <PendingRow key={hold.hold} hold={hold} chosen={chosen.has(hold.hold)} choose={choose} />
              ))}
            </ul>
          </div>
          {waiting.length > shown && (
            <Button variant="default" mt={12} onClick={() => setShown(shown + rowsShown)}>
              Show more of {number(waiting.length)}
            </Button>
          )}
        </>
      ) : isFiltering(deferred) && total > 0 ? (
        <p className={`card ${classes.none}`}>
          Nothing that waits matches.{' '}
          <Button variant="subtle" size="compact-sm" onClick={() => setFilter(noFilter)}>
            Show all {number(total)}
          </Button>
        </p>
      ) : (
        <EmptyInbox />
      )}
      {decided.length > 0 && (
        <section className={classes.decided}>
          <h2 className="section-title">Recently decided</h2>
          <ul className={`card ${classes.list}`}>
            {decided.slice(0, decidedShown).map((hold) => (
              <DecidedRow key={hold.hold} hold={hold} />
            ))}
          </ul>
        </section>
      )}
    </div>
  )
}

function SelectAll(props: {
  holds: readonly HoldView[]
  selected: number
  choose: (holds: readonly string[], isChosen: boolean) => void
}) {
  const mine = props.holds.filter((hold) => hold.mayVote.allowed).map((hold) => hold.hold)
  if (mine.length < 2) return null
  const all = props.selected === mine.length
  return (
    <div className={classes.selectAll}>
      <Checkbox
        size="xs"
        label={`Select all ${number(mine.length)} that you may decide`}
        checked={all}
        indeterminate={props.selected > 0 && !all}
        onChange={() => props.choose(mine, !all)}
      />
    </div>
  )
}

function summary(holds: readonly HoldView[] | undefined): string {
  if (holds === undefined) return 'Actions that wait for a decision'
  if (holds.length === 0) return 'Held actions show here the moment they are held'
  const yours = holds.filter((hold) => hold.mayVote.allowed).length
  const all = holds.length === 1 ? '1 action waits' : `${number(holds.length)} actions wait`
  return `${all} for a decision, ${yours === 0 ? 'none you may decide' : `${number(yours)} you may decide`}`
}
