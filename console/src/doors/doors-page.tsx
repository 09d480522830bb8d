import { useDoors, useMe } from '../api/queries.ts'
import type { DoorView } from '../api/types.ts'
import { number, outcomeTone } from '../format/impact.ts'
import { Copy } from '../parts/copy.tsx'
import { Failure, Loading } from '../parts/loading.tsx'
import { Notice } from '../parts/notice.tsx'
import page from '../parts/page.module.css'
import { EnvironmentTag, Tag } from '../parts/tag.tsx'
import classes from './doors.module.css'
import { Sessions } from './sessions.tsx'

/** The doors that are open, how they are, and who is connected. */
export function DoorsPage() {
  const { data, error, refetch } = useDoors()
  return (
    <>
      <div className={page.head}>
        <h1>Doors</h1>
        <p className="dim">Where clients connect, and who is connected.</p>
      </div>
      {data === undefined ? (
        error === null ? (
          <Loading what="doors" />
        ) : (
          <Failure title="The doors could not be loaded" error={error} retry={() => void refetch()} />
        )
      ) : data.length === 0 ? (
        <Notice tone="warn" title="No door is open">
          Add one under <code>doors</code> in the configuration and restart the server.
        </Notice>
      ) : (
        <div className={page.stack}>
          {data.map((door) => (
            <Door key={door.name} door={door} />
          ))}
        </div>
      )}
    </>
  )
}

function Door({ door }: { door: DoorView }) {
  const refuses = useMe().data?.server.ledger.state === 'failed'
  const health = healthOf(door, refuses)
  return (
    <section className={`card ${classes.door}`} aria-label={`Door ${door.name}`}>
      <div className={classes.doorHead}>
        <h2>{door.name}</h2>
        <span className="dim">{door.protocol}</span>
        <EnvironmentTag environment={door.environment} />
        <Tag tone={health.tone}>{health.words}</Tag>
      </div>
      {door.unreachable !== null && (
        <Notice tone="danger" title={`The server behind it at ${door.upstream} could not be reached`}>
          {door.unreachable}. Check that it runs and that <code>doors[].upstream</code> is right; the next client shows
          whether it is back.
        </Notice>
      )}
      <dl className={classes.facts}>
        <div>
          <dt>Clients connect to</dt>
          <dd>
            <code>{door.listen}</code> <Copy value={door.listen} what="the address" />
          </dd>
        </div>
        <div>
          <dt>Server behind it</dt>
          <dd>
            <code>{door.upstream}</code>
          </dd>
        </div>
        <div>
          <dt>What is not understood</dt>
          <dd>
            <Tag tone={outcomeTone[door.unknown]}>{door.unknown}</Tag>
          </dd>
        </div>
        <div>
          <dt>Sessions</dt>
          <dd className="nums">
            {number(door.sessions)}
            {door.waiting > 0 && `, ${number(door.waiting)} waiting for a reviewer`}
          </dd>
        </div>
      </dl>
      {door.sessions > 0 && <Sessions door={door.name} />}
    </section>
  )
}

function healthOf(door: DoorView, refuses: boolean) {
  if (refuses) return { tone: 'danger', words: 'refuses: the record cannot be written' } as const
  if (door.unreachable !== null) return { tone: 'danger', words: 'server unreachable' } as const
  return { tone: 'ok', words: 'open' } as const
}
