import { Button } from '@mantine/core'
import { Link, useNavigate } from '@tanstack/react-router'
import { useState } from 'react'
import { useLinkPassword, usePeople, useRemovePasskey, useRemovePerson } from '../api/people-queries.ts'
import type { PersonView } from '../api/people-types.ts'
import { longTime } from '../format/time.ts'
import { Failure, Loading } from '../parts/loading.tsx'
import { Notice } from '../parts/notice.tsx'
import page from '../parts/page.module.css'
import { Secret } from '../parts/secret.tsx'
import { Tag } from '../parts/tag.tsx'
import { At } from '../parts/time.tsx'
import { TwoSteps } from '../parts/two-steps.tsx'
import { Away } from './absence.tsx'
import classes from './people.module.css'
import { PersonForm } from './person-form.tsx'
import { Tokens } from './tokens.tsx'

/** One person: what is known of them, and how they sign in. */
export function PersonPage({ id }: { id: string }) {
  const { data, error, refetch } = usePeople()
  if (data === undefined) {
    return error === null ? (
      <Loading what="the person" />
    ) : (
      <Failure title="The person could not be loaded" error={error} retry={() => void refetch()} />
    )
  }
  const person = data.find((known) => known.id === id)
  if (person === undefined) {
    return (
      <Notice tone="quiet" title={`There is nobody by the id ${id}`}>
        <Link to="/people">Everybody known</Link>
      </Notice>
    )
  }
  return <Known person={person} />
}

function Known({ person }: { person: PersonView }) {
  const [changing, setChanging] = useState(false)
  return (
    <>
      <p>
        <Link to="/people">People</Link>
      </p>
      <div className={`${page.head} ${classes.head}`}>
        <div>
          <h1>{person.name}</h1>
          <p className="dim">
            <code>{person.id}</code>
          </p>
        </div>
        {!changing && (
          <Button variant="default" onClick={() => setChanging(true)}>
            Change
          </Button>
        )}
      </div>
      <div className={page.stack}>
        {changing ? <PersonForm person={person} close={() => setChanging(false)} /> : <Facts person={person} />}
        {person.kind === 'human' && <Password person={person} />}
        {person.passkeys.length > 0 && <Passkeys person={person} />}
        {person.kind === 'human' && <Absent person={person} />}
        <Tokens person={person} />
        <Remove person={person} />
      </div>
    </>
  )
}

function Facts({ person }: { person: PersonView }) {
  const facts = [
    ['Kind', person.owner === undefined ? person.kind : `${person.kind}, ${person.owner} answers for it`],
    ['Roles', person.roles.join(', ')],
    ['Groups', person.groups.join(', ')],
    ['Names at doors', person.actors.join(', ')],
    ['Reviews at', person.doors?.join(', ') ?? 'all doors'],
  ] as const
  return (
    <section className={`card ${classes.section}`} aria-label="What is known">
      <dl className={classes.facts}>
        {facts.map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value === '' ? <span className="dim">none</span> : value}</dd>
          </div>
        ))}
      </dl>
    </section>
  )
}

function Password({ person }: { person: PersonView }) {
  const link = useLinkPassword()
  return (
    <section className={`card ${classes.section}`} aria-labelledby="person-password">
      <div className={classes.titleLine}>
        <h2 id="person-password" className="section-title">
          Password
        </h2>
        {person.password ? <Tag tone="ok">set</Tag> : <Tag>none yet</Tag>}
      </div>
      <p className="dim">
        {person.name} sets it by a link that works once, within a day. A new link takes the place of an earlier one;
        with the new password all sessions end, and passkeys are gone.
      </p>
      {link.error !== null && <Failure title="No link was made" error={link.error} />}
      {link.data !== undefined && (
        <Secret title={`Give this to ${person.name}, and to nobody else`} value={link.data.link} what="the link">
          {`It is not shown again. It works once, until ${longTime(link.data.expiresAt)}.`}
        </Secret>
      )}
      <div>
        <Button variant="default" loading={link.isPending} onClick={() => link.mutate(person.id)}>
          Make a link
        </Button>
      </div>
    </section>
  )
}

function Passkeys({ person }: { person: PersonView }) {
  const remove = useRemovePasskey()
  return (
    <section className={`card ${classes.section}`} aria-labelledby="person-passkeys">
      <h2 id="person-passkeys" className="section-title">
        Passkeys
      </h2>
      <p className="dim">
        For a lost device: its passkey no longer proves anything, approvals signed with it that were not used yet count
        no more, and all sessions of {person.name} end.
      </p>
      {remove.error !== null && <Failure title="It was not removed" error={remove.error} />}
      {person.passkeys.map(({ id, label, addedAt }) => (
        <div key={id} className={classes.titleLine}>
          <strong>{label}</strong>
          <span className="dim">
            added <At at={addedAt} />
          </span>
          <TwoSteps
            name="Remove"
            label={`Remove the passkey ${label}`}
            confirm="Remove now"
            isRunning={remove.isPending && remove.variables === id}
            run={() => remove.mutate(id)}
          />
        </div>
      ))}
    </section>
  )
}

function Absent({ person }: { person: PersonView }) {
  return (
    <section className={`card ${classes.section}`} aria-labelledby="person-away">
      <h2 id="person-away" className="section-title">
        Away
      </h2>
      <Away person={person.id} absence={person.absence} />
    </section>
  )
}

function Remove({ person }: { person: PersonView }) {
  const navigate = useNavigate()
  const remove = useRemovePerson(() => void navigate({ to: '/people' }))
  return (
    <section className={`card ${classes.section}`} aria-labelledby="person-remove">
      <h2 id="person-remove" className="section-title">
        Remove
      </h2>
      <p className="dim">Password, sessions and tokens stop working at once. What they did stays on the record.</p>
      {remove.error !== null && <Failure title={`${person.name} was not removed`} error={remove.error} />}
      <div>
        <TwoSteps
          name={`Remove ${person.name}`}
          confirm="Remove now"
          keep="Keep"
          isRunning={remove.isPending}
          run={() => remove.mutate(person.id)}
        />
      </div>
    </section>
  )
}
