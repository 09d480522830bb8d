import { useEndSession, useMay, useSessions } from '../api/queries.ts'
import type { SessionView } from '../api/types.ts'
import { Failure } from '../parts/loading.tsx'
import page from '../parts/page.module.css'
import { Revealed } from '../parts/revealed.tsx'
import { Tag } from '../parts/tag.tsx'
import { Age } from '../parts/time.tsx'
import { TwoSteps } from '../parts/two-steps.tsx'

/** Who is connected at a door. Whoever may can end a session, in two steps. */
export function Sessions({ door }: { door: string }) {
  const { data } = useSessions(door)
  const mayEnd = useMay('sessions.end')
  const end = useEndSession(door)
  if (data === undefined || data.length === 0) return null
  return (
    <>
      {end.error !== null && <Failure title="The session was not ended" error={end.error} />}
      <div className={page.scroll}>
        <table className={page.table}>
          <caption className="visually-hidden">Sessions at {door}</caption>
          <thead>
            <tr>
              <th scope="col">Who</th>
              <th scope="col">From</th>
              <th scope="col">Application</th>
              <th scope="col">Database</th>
              <th scope="col">For</th>
              <th scope="col">
                <span className="visually-hidden">What can be done</span>
              </th>
            </tr>
          </thead>
          <tbody>
            {data.map((session) => (
              <Row
                key={session.id}
                session={session}
                mayEnd={mayEnd}
                isEnding={end.isPending && end.variables === session.id}
                end={() => end.mutate(session.id)}
              />
            ))}
          </tbody>
        </table>
      </div>
    </>
  )
}

interface RowProps {
  readonly session: SessionView
  readonly mayEnd: boolean
  readonly isEnding: boolean
  readonly end: () => void
}

function Row({ session, mayEnd, isEnding, end }: RowProps) {
  return (
    <tr>
      <td>
        <Revealed text={session.actor.name} /> {session.waiting && <Tag tone="warn">waiting for a reviewer</Tag>}
      </td>
      <td>
        <code>{session.ip}</code>
      </td>
      <td>
        {session.application === '' ? <span className="dim">not said</span> : <Revealed text={session.application} />}
      </td>
      <td>
        <Revealed text={session.database} />
      </td>
      <td>
        <Age at={session.since} />
      </td>
      <td className="nowrap">
        {mayEnd && <TwoSteps name="End" confirm="End it now" isRunning={isEnding} run={end} />}
      </td>
    </tr>
  )
}
