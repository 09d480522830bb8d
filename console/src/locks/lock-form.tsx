import { Button, NativeSelect, TextInput } from '@mantine/core'
import { type FormEvent, useState } from 'react'
import { usePutLock } from '../api/lock-queries.ts'
import type { LockKind } from '../api/lock-types.ts'
import { useDoors } from '../api/queries.ts'
import { Failure } from '../parts/loading.tsx'
import { Notice } from '../parts/notice.tsx'
import page from '../parts/page.module.css'
import classes from './locks.module.css'

const kinds: Readonly<Record<LockKind, { readonly label: string; readonly name: string; readonly stops: string }>> = {
  person: {
    label: 'a person, service or agent',
    name: 'Their id, such as alice',
    stops: 'Under every name, with the services and agents they answer for, at every door, here and in the API.',
  },
  actor: {
    label: 'one name at one door',
    name: 'As door:user, such as shop-db:alice',
    stops: 'Whoever comes to that door under that name.',
  },
  door: { label: 'a door', name: 'Its name', stops: 'Everybody who comes through it.' },
  resource: {
    label: 'a table or other resource',
    name: 'Such as orders (in every schema), or public.orders',
    stops: 'Whatever touches it, reads too, at every door. Sessions go on; what they do elsewhere is let be.',
  },
}
const lasts: readonly { readonly value: string; readonly label: string }[] = [
  { value: '15', label: '15 minutes' },
  { value: '60', label: 'an hour' },
  { value: '480', label: '8 hours' },
  { value: '1440', label: 'a day' },
  { value: '', label: 'until it is lifted' },
]

const isKind = (value: string): value is LockKind => Object.hasOwn(kinds, value)

/** Stops somebody or something, once it is asked for twice. */
export function LockForm({ close }: { close: () => void }) {
  const put = usePutLock()
  const doors = useDoors().data ?? []
  const [kind, setKind] = useState<LockKind>('person')
  const [name, setName] = useState('')
  const [message, setMessage] = useState('')
  const [minutes, setMinutes] = useState('60')
  const [asks, setAsks] = useState(false)
  const named = kind === 'door' ? (doors.find((door) => door.name === name)?.name ?? doors[0]?.name ?? '') : name.trim()
  const submit = (event: FormEvent) => {
    event.preventDefault()
    if (!asks) return setAsks(true)
    const until = minutes === '' ? null : new Date(Date.now() + Number(minutes) * 60_000).toISOString()
    put.mutate({ on: { kind, name: named }, message: message.trim(), until }, { onSuccess: close })
  }
  return (
    <form className={`card ${classes.form}`} onSubmit={submit} aria-label="Lock somebody or something">
      {put.error !== null && <Failure title="Nothing was locked" error={put.error} />}
      <div className={classes.fields}>
        <NativeSelect
          label="Lock"
          description={kinds[kind].stops}
          data={Object.entries(kinds).map(([value, { label }]) => ({ value, label }))}
          value={kind}
          onChange={({ currentTarget: { value } }) => {
            if (isKind(value)) setKind(value)
            setAsks(false)
          }}
        />
        {kind === 'door' ? (
          <NativeSelect
            label="Which"
            description={kinds.door.name}
            data={doors.map((door) => door.name)}
            value={named}
            onChange={(event) => setName(event.currentTarget.value)}
          />
        ) : (
          <TextInput
            label="Which"
            description={kinds[kind].name}
            value={name}
            maxLength={256}
            onChange={(event) => setName(event.currentTarget.value)}
            autoComplete="off"
            required
          />
        )}
        <TextInput
          label="What they are told"
          description="Whoever runs into the lock reads this."
          value={message}
          maxLength={2000}
          onChange={(event) => setMessage(event.currentTarget.value)}
          autoComplete="off"
          required
        />
        <NativeSelect
          label="For"
          description="Anybody who manages locks can lift it earlier."
          data={[...lasts]}
          value={minutes}
          onChange={(event) => setMinutes(event.currentTarget.value)}
        />
      </div>
      <div role="status" aria-live="polite">
        {asks && (
          <Notice tone="danger" title={`This stops ${kind} ${named} at once`}>
            {kind === 'resource'
              ? 'Every statement that touches it is refused.'
              : 'Live sessions are cut in the middle of what they do, and every statement is refused.'}
          </Notice>
        )}
      </div>
      <div className={classes.buttons}>
        <Button type="submit" color="red" variant="outline" className={page.reject ?? ''} loading={put.isPending}>
          {asks ? 'Lock now' : 'Lock …'}
        </Button>
        <Button variant="subtle" onClick={asks ? () => setAsks(false) : close}>
          {asks ? 'Not yet' : 'Cancel'}
        </Button>
      </div>
    </form>
  )
}
