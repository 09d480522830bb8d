import { Link } from '@tanstack/react-router'
import { useFollowUps } from '../api/queries.ts'
import { resourceNames } from '../format/impact.ts'
import { Revealed } from '../parts/revealed.tsx'
import { Tag } from '../parts/tag.tsx'
import { Age } from '../parts/time.tsx'
import classes from './inbox.module.css'

/** What was let pass in an emergency and still has to be looked at: it stays in sight until then. */
export function FollowUps() {
  const holds = useFollowUps().data ?? []
  if (holds.length === 0) return null
  return (
    <section className={classes.followUps} aria-labelledby="follow-ups">
      <h2 id="follow-ups" className="section-title">
        To be looked at: let pass in an emergency
      </h2>
      <ul className={`card ${classes.list}`}>
        {holds.map((hold) => {
          const [action] = hold.actions
          return (
            <li key={hold.hold} className={classes.followUp}>
              <Link to="/holds/$id" params={{ id: hold.hold }} className={classes.followUpWhat}>
                <strong>{hold.requester.name}</strong> {action?.operation}{' '}
                {action !== undefined && <span className="mono">{resourceNames(action, 2)}</span>}
              </Link>
              <span className={classes.followUpWhy}>
                <Tag tone="danger">{hold.forced?.by ?? ''} broke the glass</Tag>{' '}
                <Revealed text={hold.forced?.reason ?? ''} />
              </span>
              <span className="dim nowrap">
                <Age at={hold.forced?.at ?? hold.openedAt} /> ago
              </span>
            </li>
          )
        })}
      </ul>
    </section>
  )
}
