import { Button } from '@mantine/core'
import { useState } from 'react'
import { useLocks } from '../api/lock-queries.ts'
import type { LockView } from '../api/lock-types.ts'
import { useMay } from '../api/queries.ts'
import { Failure, Loading } from '../parts/loading.tsx'
import { Notice } from '../parts/notice.tsx'
import page from '../parts/page.module.css'
import { Revealed } from '../parts/revealed.tsx'
import { Tag } from '../parts/tag.tsx'
import { Age, TimeLeft } from '../parts/time.tsx'
import { Lift } from './lift.tsx'
import { LockForm } from './lock-form.tsx'
import classes from './locks.module.css'

/** Who and what is stopped right now, and how to stop somebody. */
export function LocksPage() {
  const { data, error, refetch } = useLocks()
  const mayManage = useMay('locks.manage')
  const [locking, setLocking] = useState(false)
  return (
    <>
      <div className={`${page.head} ${classes.head}`}>
        <div>
          <h1>Locks</h1>
          <p className="dim">Who and what is stopped right now, whatever rules and approvals say.</p>
        </div>
        {mayManage && !locking && <Button onClick={() => setLocking(true)}>Lock somebody or something</Button>}
      </div>
      <div className={page.stack}>
        {locking && <LockForm close={() => setLocking(false)} />}
        {data === undefined ? (
          error === null ? (
            <Loading what="locks" />
          ) : (
            <Failure title="Locks could not be loaded" error={error} retry={() => void refetch()} />
          )
        ) : data.length === 0 ? (
          <Notice tone="quiet" title="Nothing is locked">
            A lock stops a person, an agent, a door or a table at once: live sessions are cut, and everything is refused
            with a message until it ends. Lost laptop, agent gone astray, table to be left alone: lock first, ask later.
          </Notice>
        ) : (
          <Table locks={data} mayManage={mayManage} />
        )}
      </div>
    </>
  )
}

function Table({ locks, mayManage }: { locks: readonly LockView[]; mayManage: boolean }) {
  return (
    <div className={`card ${page.scroll}`}>
      <table className={page.table}>
        <thead>
          <tr>
            <th scope="col">Locked</th>
            <th scope="col">What they are told</th>
            <th scope="col">By</th>
            <th scope="col">Ends</th>
            {mayManage && (
              <th scope="col">
                <span className="visually-hidden">What to do</span>
              </th>
            )}
          </tr>
        </thead>
        <tbody>
          {locks.map((lock) => (
            <tr key={lock.lock}>
              <td className={classes.name}>
                <Tag>{lock.on.kind}</Tag>{' '}
                <strong>
                  <Revealed text={lock.on.name} />
                </strong>
              </td>
              <td className={classes.message}>
                <Revealed text={lock.message} />
              </td>
              <td className="nowrap">
                {lock.by}, <Age at={lock.at} /> ago
              </td>
              <td className="nowrap">
                {lock.until === null ? (
                  <span className="dim">when it is lifted</span>
                ) : (
                  <TimeLeft from={lock.at} until={lock.until} />
                )}
              </td>
              {mayManage && (
                <td className={classes.lift}>
                  <Lift lock={lock} />
                </td>
              )}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}
