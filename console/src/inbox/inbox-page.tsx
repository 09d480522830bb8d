import { CloseButton, TextInput } from '@mantine/core'
import { IconSearch } from '@tabler/icons-react'
import { useDeferredValue, useMemo, useRef, useState } from 'react'
import { useDecidedHolds, usePendingHolds } from '../api/queries.ts'
import type { HoldView } from '../api/types.ts'
import { searchText } from '../format/impact.ts'
import { Failure, Loading } from '../parts/loading.tsx'
import { useRowKeys } from '../parts/use-row-keys.ts'
import { EmptyInbox } from './empty-inbox.tsx'
import classes from './inbox.module.css'
import { DecidedRow, PendingRow } from './rows.tsx'

const decidedShown = 20

/** The queue of held actions, and what became of the last ones. */
export function InboxPage() {
  const pending = usePendingHolds()
  const ended = useDecidedHolds()
  const [filter, setFilter] = useState('')
  const words = useDeferredValue(filter)
  const waiting = useMemo(() => matching(pending.data ?? [], words), [pending.data, words])
  const decided = matching(ended, words)
  const list = useRef<HTMLDivElement>(null)
  const search = useRef<HTMLInputElement>(null)
  useRowKeys(list, { '/': () => search.current?.focus() })
  const total = pending.data?.length ?? 0
  const filtering = words.trim() !== ''
  return (
    <div ref={list}>
      <div className={classes.head}>
        <div>
          <h1>Inbox</h1>
          <p className="dim">{summary(pending.data)}</p>
        </div>
        {(total > 0 || ended.length > 0) && (
          <TextInput
            ref={search}
            className={classes.filter ?? ''}
            aria-label="Filter held actions"
            placeholder="Filter by person, table, rule, statement"
            leftSection={<IconSearch size={16} aria-hidden="true" />}
            rightSection={
              filter === '' ? null : (
                <CloseButton size="sm" aria-label="Clear the filter" onClick={() => setFilter('')} />
              )
            }
            value={filter}
            onChange={(event) => setFilter(event.currentTarget.value)}
            onKeyDown={(event) => {
              if (event.key !== 'Escape') return
              setFilter('')
              event.currentTarget.blur()
            }}
          />
        )}
      </div>
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
        <ul className={`card ${classes.list}`} aria-label="Waiting for review">
          {waiting.map((hold) => (
            <PendingRow key={hold.hold} hold={hold} />
          ))}
        </ul>
      ) : filtering && total > 0 ? (
        <p className={`card ${classes.none}`}>Nothing that waits matches “{words}”.</p>
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

function matching(holds: readonly HoldView[], filter: string): HoldView[] {
  const words = filter.toLowerCase().split(/\s+/).filter(Boolean)
  if (words.length === 0) return [...holds]
  return holds.filter((hold) => {
    const text = searchText(hold)
    return words.every((word) => text.includes(word))
  })
}

function summary(holds: readonly HoldView[] | undefined): string {
  if (holds === undefined) return 'Actions that wait for a decision'
  if (holds.length === 0) return 'Held actions show here the moment they are held'
  const yours = holds.filter((hold) => hold.mayVote.allowed).length
  const all = holds.length === 1 ? '1 action waits' : `${holds.length} actions wait`
  return `${all} for a decision, ${yours === 0 ? 'none you may decide' : `${yours} you may decide`}`
}
