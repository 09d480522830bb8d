import { Button } from '@mantine/core'
import { useRef } from 'react'
import { useRecord } from '../api/queries.ts'
import type { ActionRecord } from '../api/types.ts'
import { number, oneLine, resourceNames, type Tone, verdictWords } from '../format/impact.ts'
import { Failure, Loading } from '../parts/loading.tsx'
import { Revealed } from '../parts/revealed.tsx'
import { EnvironmentTag, Tag } from '../parts/tag.tsx'
import { At } from '../parts/time.tsx'
import { useRowKeys } from '../parts/use-row-keys.ts'
import classes from './record.module.css'

/** The latest actions on the record, newest first. */
export function RecordPage() {
  const record = useRecord()
  const list = useRef<HTMLDivElement>(null)
  useRowKeys(list)
  const actions = record.data?.pages.flat() ?? []
  return (
    <div ref={list}>
      <div className={classes.head}>
        <h1>Record</h1>
        <p className="dim">
          Every action that came through a door, newest first. Open one for its statement and reason.
        </p>
      </div>
      {record.data === undefined ? (
        record.error === null ? (
          <Loading what="the record" />
        ) : (
          <Failure title="The record could not be loaded" error={record.error} retry={() => void record.refetch()} />
        )
      ) : actions.length === 0 ? (
        <p className={`card ${classes.none}`}>Nothing has come through a door yet.</p>
      ) : (
        <>
          <div className={`card ${classes.list}`}>
            <div className={classes.columns} aria-hidden="true">
              <span>Time</span>
              <span>Who</span>
              <span>What</span>
              <span>Verdict</span>
              <span>Outcome</span>
              <span className={classes.right}>Rows</span>
            </div>
            <ul>
              {actions.map((entry) => (
                <Row key={entry.index} entry={entry} />
              ))}
            </ul>
          </div>
          {record.hasNextPage && (
            <Button
              variant="default"
              mt={12}
              loading={record.isFetchingNextPage}
              onClick={() => void record.fetchNextPage()}
            >
              Show older actions
            </Button>
          )}
        </>
      )}
    </div>
  )
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
  return (
    <li>
      <details className={classes.entry}>
        <summary className={classes.row} data-row>
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
          <pre dir="ltr">
            <Revealed
              text={typeof action.request.statement === 'string' ? action.request.statement : oneLine(action)}
            />
          </pre>
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
