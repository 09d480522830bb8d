import { Button, TextInput } from '@mantine/core'
import { useState } from 'react'
import { useLiftLock } from '../api/lock-queries.ts'
import type { LockView } from '../api/lock-types.ts'
import { Failure } from '../parts/loading.tsx'
import classes from './locks.module.css'

/** Lifts a lock, with a reason on the record. */
export function Lift({ lock }: { lock: LockView }) {
  const lift = useLiftLock()
  const [asks, setAsks] = useState(false)
  const [reason, setReason] = useState('')
  const name = `${lock.on.kind} ${lock.on.name}`
  if (!asks) {
    return (
      <Button size="compact-sm" variant="default" aria-label={`Lift the lock on ${name}`} onClick={() => setAsks(true)}>
        Lift
      </Button>
    )
  }
  return (
    <form
      className={classes.liftForm}
      onSubmit={(event) => {
        event.preventDefault()
        lift.mutate({ lock: lock.lock, reason: reason.trim() })
      }}
    >
      {lift.error !== null && <Failure title="The lock stays" error={lift.error} />}
      <TextInput
        size="xs"
        aria-label={`Why the lock on ${name} is lifted`}
        placeholder="Why it is lifted"
        maxLength={2000}
        value={reason}
        onChange={(event) => setReason(event.currentTarget.value)}
        autoFocus
        required
      />
      <div className={classes.buttons}>
        <Button size="compact-sm" type="submit" loading={lift.isPending}>
          Lift now
        </Button>
        <Button size="compact-sm" variant="subtle" onClick={() => setAsks(false)}>
          Keep it
        </Button>
      </div>
    </form>
  )
}
