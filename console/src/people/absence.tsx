import { Button, TextInput } from '@mantine/core'
import { type FormEvent, useState } from 'react'
import { useComeBack, useGoAway } from '../api/people-queries.ts'
import type { Absence } from '../api/people-types.ts'
import { longTime } from '../format/time.ts'
import { Failure } from '../parts/loading.tsx'
import classes from './people.module.css'

interface AwayProps {
  /** Id. */
  readonly person: string
  readonly absence: Absence | null
}

/** Says who stands in for somebody who is away, or ends that. */
export function Away({ person, absence }: AwayProps) {
  const away = useGoAway()
  const back = useComeBack()
  const [deputy, setDeputy] = useState('')
  const [until, setUntil] = useState('')
  const submit = (event: FormEvent) => {
    event.preventDefault()
    // What stands in the field is the time of this place.
    away.mutate({ person, deputy: deputy.trim(), until: new Date(until).toISOString() })
  }
  if (absence !== null) {
    return (
      <>
        {back.error !== null && <Failure title="The absence goes on" error={back.error} />}
        <p role="status">
          <strong>{absence.deputy}</strong> stands in on holds, from {longTime(absence.from)} until{' '}
          {longTime(absence.until)}.
        </p>
        <div className={classes.buttons}>
          <Button variant="default" loading={back.isPending} onClick={() => back.mutate(person)}>
            Back again
          </Button>
        </div>
      </>
    )
  }
  return (
    <form onSubmit={submit} className={classes.absence} aria-label="Being away">
      {away.error !== null && <Failure title="Nobody stands in" error={away.error} />}
      <div className={classes.fields}>
        <TextInput
          label="Who stands in"
          description="Id of a reviewer, who has these groups, too, on holds meanwhile."
          value={deputy}
          onChange={(event) => setDeputy(event.currentTarget.value)}
          autoComplete="off"
          required
        />
        <TextInput
          label="Until"
          description="In the time of this place."
          type="datetime-local"
          value={until}
          onChange={(event) => setUntil(event.currentTarget.value)}
          required
        />
      </div>
      <div className={classes.buttons}>
        <Button type="submit" variant="default" loading={away.isPending}>
          Let them stand in
        </Button>
      </div>
    </form>
  )
}
