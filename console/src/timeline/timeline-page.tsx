import { Button } from '@mantine/core'
import { Link } from '@tanstack/react-router'
import { useRef, useState } from 'react'
import { useStory, useTimeline } from '../api/queries.ts'
import type { ActionRecord } from '../api/types.ts'
import { number, oneLine, resourceNames, type Tone, verdictWords } from '../format/impact.ts'
import { Failure, Loading } from '../parts/loading.tsx'
import { Notice } from '../parts/notice.tsx'
import { Revealed } from '../parts/revealed.tsx'
import { Sql } from '../parts/sql.tsx'
import { EnvironmentTag, Tag } from '../parts/tag.tsx'
import { At } from '../parts/time.tsx'
import { useRowKeys } from '../parts/use-row-keys.ts'
import { CountsOverTime } from './counts-over-time.tsx'
import { isFiltering, type TimelineFilter } from './filter.ts'
import { FilterBar } from './filter-bar.tsx'
import { Story } from './story.tsx'
import classes from './timeline.module.css'

/** Entries that the index may be behind before it is worth a word. */
const behind = 1_000

interface TimelinePageProps {
  readonly filter: TimelineFilter
  readonly onFilter: (filter: TimelineFilter) => void
}

/** Every action, newest first: how many there were, which of them one looks for, and the whole story of each. */
export function TimelinePage({ filter, onFilter }: TimelinePageProps) {
  const timeline = useTimeline(filter)
  const list = useRef<HTMLDivElement>(null)
  const search = useRef<HTMLInputElement>(null)
  useRowKeys(list, { '/': () => search.current?.focus() })
  const pages = timeline.data?.pages ?? []
  const actions = pages.flatMap((page) => page.actions)
  const index = pages[0]?.index
  const change = (part: TimelineFilter) => onFilter({ ...filter, ...part })
  return (
    <div ref={list}>
      <div className={classes.head}>
        <h1>Timeline</h1>
        <p className="dim">Every action that came through a door, newest first. Open one for its whole story.</p>
      </div>
      <CountsOverTime onFilter={change} />
      <FilterBar filter={filter} onFilter={onFilter} search={search} />
      {index !== undefined && (index.state === 'failed' || index.lag > behind) && (
        <Notice tone="warn" title={`The search index is ${number(index.lag)} entries behind the record`}>
          {index.error ?? 'It is catching up: the newest actions are missing here for now.'}
        </Notice>
      )}
      {timeline.data === undefined ? (
        timeline.error === null ? (
          <Loading what="the timeline" />
        ) : (
          <Failure
            title="The timeline could not be loaded"
            error={timeline.error}
            retry={() => void timeline.refetch()}
          />
        )
      ) : (
        <>
          {actions.length > 0 ? (
            <div className={`card ${classes.list}`}>
              <div className={classes.columns} aria-hidden="true">
                <span>Time</span>
                <span>Who</span>
                <span>What</span>
                <span>Verdict</span>
                <span>Outcome</span>
                <span className={classes.right}>Rows</span>
              </div>
              <ul aria-label="Actions">
                {actions.map((entry) => (
                  <Row key={entry.index} entry={entry} />
                ))}
              </ul>
            </div>
          ) : (
            <Nothing isFiltering={isFiltering(filter)} />
          )}
          {timeline.hasNextPage && (
            <Button
              variant="default"
              mt={12}
              loading={timeline.isFetchingNextPage}
              onClick={() => void timeline.fetchNextPage()}
            >
              Show older actions
            </Button>
          )}
        </>
      )}
    </div>
  )
}

function Nothing({ isFiltering }: { isFiltering: boolean }) {
  if (!isFiltering) {
    return (
      <div className={`card ${classes.none}`}>
        <p>Nothing has come through a door yet.</p>
        <p className="dim">
          <Link to="/doors">The doors</Link> say where clients connect; what they do then shows here, with its verdict.
        </p>
      </div>
    )
  }
  return <p className={`card ${classes.none}`}>No action matches.</p>
}

const outcomeWords: Record<NonNullable<ActionRecord['outcome']>, { words: string; tone: Tone }> = {
  completed: { words: 'completed', tone: 'quiet' },
  failed: { words: 'failed', tone: 'warn' },
  refused: { words: 'refused', tone: 'quiet' },
  withdrawn: { words: 'withdrawn', tone: 'quiet' },
  unknown: { words: 'end not seen', tone: 'danger' },
}

function Row({ entry }: { entry: ActionRecord }) {
  const { action } = entry
  const verdict = entry.verdict === null ? null : verdictWords[entry.verdict]
  const outcome = entry.outcome === null ? null : outcomeWords[entry.outcome]
  const [isOpen, setIsOpen] = useState(false)
  return (
    <li>
      <details className={classes.entry} onToggle={(event) => setIsOpen(event.currentTarget.open)}>
        <summary className={classes.row} data-row={entry.index}>
          <span className="dim">
            <At at={action.at} />
          </span>
          <span className={classes.who}>
            <Revealed text={action.actor.name} />
          </span>
          <span className={classes.what}>
            <strong>{action.operation}</strong> <span className="mono">{resourceNames(action, 2)}</span>
          </span>
          <span>
            {verdict === null ? <span className="dim">judging</span> : <Tag tone={verdict.tone}>{verdict.words}</Tag>}
          </span>
          <span className={classes.outcome} data-tone={outcome?.tone}>
            {outcome === null ? 'open' : outcome.words}
          </span>
          <span className={`nums ${classes.right} ${classes.rows}`}>
            {entry.rows === null ? '' : number(entry.rows)}
          </span>
        </summary>
        <div className={classes.more}>
          {isOpen && <Request entry={entry} />}
          {isOpen && <Story id={action.id} />}
          <p>
            {entry.reason}{' '}
            <span className="dim">
              {entry.rule !== null && (
                <>
                  Rule <code>{entry.rule}</code>.{' '}
                </>
              )}
              {entry.ruleSet !== null && (
                <>
                  Rule set <code>{entry.ruleSet}</code>.
                </>
              )}
            </span>
          </p>
          {entry.message !== undefined && (
            <p>
              Answer: <Revealed text={entry.message} />
            </p>
          )}
          <p className={`dim ${classes.origin}`}>
            <span>
              {action.door} <EnvironmentTag environment={action.target.environment} />
            </span>
            <span>{action.actor.client.ip}</span>
            <span>
              <Revealed text={action.actor.client.application} />
            </span>
            <span>entry {number(entry.index)}</span>
          </p>
        </div>
      </details>
    </li>
  )
}

/** What was asked for, complete: a very long statement is cut in the list, not in the action's story. */
function Request({ entry }: { entry: ActionRecord }) {
  const story = useStory(entry.action.id)
  const action = entry.cut ? story.data?.action.action : entry.action
  if (action === undefined) return <Loading what="the statement" />
  const { statement } = action.request
  return (
    <pre dir="ltr">
      {typeof statement === 'string' ? (
        <Sql text={statement} effects={action.effects} />
      ) : (
        <Revealed text={oneLine(action)} />
      )}
    </pre>
  )
}
