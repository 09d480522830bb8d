import { Button, TextInput } from '@mantine/core'
import { Link } from '@tanstack/react-router'
import { useState } from 'react'
import { usePeople } from '../api/people-queries.ts'
import type { PersonView } from '../api/people-types.ts'
import { Failure, Loading } from '../parts/loading.tsx'
import page from '../parts/page.module.css'
import { Tag } from '../parts/tag.tsx'
import classes from './people.module.css'
import { PersonForm } from './person-form.tsx'

/** Everybody known: who may do what, and how they sign in. */
export function PeoplePage() {
  const { data, error, refetch } = usePeople()
  const [adding, setAdding] = useState(false)
  const [wanted, setWanted] = useState('')
  const found = data?.filter((person) => matches(person, wanted.trim().toLowerCase()))
  return (
    <>
      <div className={`${page.head} ${classes.head}`}>
        <div>
          <h1>People</h1>
          <p className="dim">Who reviews, who is behind the names at the doors, and how they sign in.</p>
        </div>
        {!adding && <Button onClick={() => setAdding(true)}>Add a person</Button>}
      </div>
      <div className={page.stack}>
        {adding && <PersonForm close={() => setAdding(false)} />}
        {found === undefined ? (
          error === null ? (
            <Loading what="people" />
          ) : (
            <Failure title="People could not be loaded" error={error} retry={() => void refetch()} />
          )
        ) : (
          <>
            <TextInput
              type="search"
              aria-label="Find by name, group, role or name at a door"
              placeholder="Find by name, group, role or name at a door"
              value={wanted}
              onChange={(event) => setWanted(event.currentTarget.value)}
            />
            <Table people={found} />
          </>
        )}
      </div>
    </>
  )
}

function matches({ id, name, groups, roles, actors }: PersonView, wanted: string): boolean {
  return [id, name, ...groups, ...roles, ...actors].some((text) => text.toLowerCase().includes(wanted))
}

function Table({ people }: { people: readonly PersonView[] }) {
  if (people.length === 0) return <p className="dim">Nobody is like that.</p>
  return (
    <section className="card" aria-label="Everybody known">
      <div className={page.scroll}>
        <table className={page.table}>
          <thead>
            <tr>
              <th scope="col">Who</th>
              <th scope="col">Roles</th>
              <th scope="col">Groups</th>
              <th scope="col">At doors</th>
              <th scope="col">Signs in with</th>
            </tr>
          </thead>
          <tbody>
            {people.map((person) => (
              <tr key={person.id}>
                <td>
                  <Link to="/people/$id" params={{ id: person.id }}>
                    {person.name}
                  </Link>{' '}
                  <code className="dim">{person.id}</code>{' '}
                  {person.kind !== 'human' && <Tag>{`${person.kind} of ${person.owner ?? 'nobody'}`}</Tag>}
                </td>
                <td>{person.roles.join(', ') || <span className="dim">none</span>}</td>
                <td>{person.groups.join(', ') || <span className="dim">none</span>}</td>
                <td>{person.actors.join(', ') || <span className="dim">none</span>}</td>
                <td>{waysIn(person)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </section>
  )
}

function waysIn({ password, tokens }: PersonView) {
  const issued = tokens.filter(({ session }) => !session).length
  const ways = [
    ...(password ? ['password'] : []),
    ...(issued === 0 ? [] : [issued === 1 ? '1 token' : `${issued} tokens`]),
  ]
  return ways.length === 0 ? <span className="dim">nothing yet</span> : ways.join(', ')
}
