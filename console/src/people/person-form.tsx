import { Button, Checkbox, NativeSelect, TextInput } from '@mantine/core'
import { type FormEvent, useState } from 'react'
import { usePutPerson } from '../api/people-queries.ts'
import type { PersonInput, PersonKind, PersonView, Role } from '../api/people-types.ts'
import { Failure } from '../parts/loading.tsx'
import classes from './people.module.css'

const kinds: readonly { value: PersonKind; label: string }[] = [
  { value: 'human', label: 'a human' },
  { value: 'service', label: 'a service' },
  { value: 'agent', label: 'an agent' },
]
const roles: readonly { role: Role; may: string }[] = [
  { role: 'viewer', may: 'sees everything, answers for their own holds' },
  { role: 'reviewer', may: 'votes on what others want to do' },
  { role: 'rule-author', may: 'puts rules in force, goes back to earlier ones, tries others beside them' },
  { role: 'auditor', may: 'sees everything' },
  { role: 'admin', may: 'all of that, and people, rules, locks and sessions' },
]

/** Adds a person, or changes what is known of `person`. */
export function PersonForm({ person, close }: { person?: PersonView; close: () => void }) {
  const put = usePutPerson()
  const [id, setId] = useState(person?.id ?? '')
  const [name, setName] = useState(person?.name ?? '')
  const [kind, setKind] = useState<PersonKind>(person?.kind ?? 'human')
  const [owner, setOwner] = useState(person?.owner ?? '')
  const [given, setGiven] = useState<readonly Role[]>(person?.roles ?? [])
  const [groups, setGroups] = useState(person?.groups.join(', ') ?? '')
  const [actors, setActors] = useState(person?.actors.join(', ') ?? '')
  const [doors, setDoors] = useState(person?.doors?.join(', ') ?? '')
  const submit = (event: FormEvent) => {
    event.preventDefault()
    const input: PersonInput = {
      id: id.trim(),
      name: name.trim() || id.trim(),
      kind,
      roles: given,
      groups: words(groups),
      actors: words(actors),
      ...(kind === 'human' ? {} : { owner: owner.trim() }),
      ...(words(doors).length === 0 ? {} : { doors: words(doors) }),
    }
    put.mutate(input, { onSuccess: close })
  }
  const title = person === undefined ? 'Add a person' : `Change ${person.name}`
  return (
    <form className={`card ${classes.section}`} onSubmit={submit} aria-label={title}>
      <h2 className="section-title">{title}</h2>
      {put.error !== null && <Failure title="Nothing was changed" error={put.error} />}
      <div className={classes.fields}>
        {person === undefined && (
          <TextInput
            label="Id"
            description="As they sign in and stand on the record, such as alice."
            value={id}
            onChange={(event) => setId(event.currentTarget.value)}
            autoComplete="off"
            autoFocus
            required
          />
        )}
        <TextInput
          label="Name"
          description="As colleagues know them."
          value={name}
          onChange={(event) => setName(event.currentTarget.value)}
          autoComplete="off"
        />
        <NativeSelect
          label="They are"
          description="Services and agents have somebody who answers for them."
          data={[...kinds]}
          value={kind}
          onChange={(event) =>
            setKind(kinds.find(({ value }) => value === event.currentTarget.value)?.value ?? 'human')
          }
        />
        {kind !== 'human' && (
          <TextInput
            label="Who answers for it"
            description="Id of a person."
            value={owner}
            onChange={(event) => setOwner(event.currentTarget.value)}
            autoComplete="off"
            required
          />
        )}
        <TextInput
          label="Groups"
          description="With commas between them, such as dba, oncall."
          value={groups}
          onChange={(event) => setGroups(event.currentTarget.value)}
          autoComplete="off"
        />
        <TextInput
          label="Names at doors"
          description="As door:user, such as shop-db:alice, with commas between them."
          value={actors}
          onChange={(event) => setActors(event.currentTarget.value)}
          autoComplete="off"
        />
        <TextInput
          label="Reviews at doors"
          description="With commas between them; empty: at all doors."
          value={doors}
          onChange={(event) => setDoors(event.currentTarget.value)}
          autoComplete="off"
        />
      </div>
      <fieldset className={classes.roles}>
        <legend>Roles</legend>
        {roles.map(({ role, may }) => (
          <Checkbox
            key={role}
            label={role}
            description={may}
            checked={given.includes(role)}
            onChange={(event) => {
              const others = given.filter((other) => other !== role)
              setGiven(event.currentTarget.checked ? [...others, role] : others)
            }}
          />
        ))}
      </fieldset>
      <div className={classes.buttons}>
        <Button type="submit" loading={put.isPending}>
          {person === undefined ? 'Add' : 'Save'}
        </Button>
        <Button variant="subtle" onClick={close}>
          Cancel
        </Button>
      </div>
    </form>
  )
}

function words(text: string): string[] {
  return text
    .split(',')
    .map((word) => word.trim())
    .filter((word) => word !== '')
}
