import { Button, NativeSelect, TextInput } from '@mantine/core'
import { type FormEvent, useState } from 'react'
import { useIssueToken, useRevokeToken } from '../api/people-queries.ts'
import type { PersonView, Scope, TokenView } from '../api/people-types.ts'
import { Failure } from '../parts/loading.tsx'
import page from '../parts/page.module.css'
import { Revealed } from '../parts/revealed.tsx'
import { Secret } from '../parts/secret.tsx'
import { At } from '../parts/time.tsx'
import { TwoSteps } from '../parts/two-steps.tsx'
import classes from './people.module.css'

const day = 86_400_000
const lifetimes = [
  { value: '1', label: 'a day' },
  { value: '30', label: '30 days' },
  { value: '90', label: '90 days' },
  { value: '365', label: 'a year' },
  { value: '', label: 'until it is revoked' },
]
const scopes: readonly { value: Scope | ''; label: string }[] = [
  { value: '', label: 'all that its owner may' },
  { value: 'read', label: 'read only' },
  { value: 'review', label: 'read and vote' },
  { value: 'admin', label: 'all of the API and console, no doors' },
  { value: 'door', label: 'signing in at doors only' },
]

/** The tokens and sessions of a person, and how one more is issued. */
export function Tokens({ person }: { person: PersonView }) {
  const revoke = useRevokeToken()
  return (
    <section className={`card ${classes.section}`} aria-labelledby="person-tokens">
      <h2 id="person-tokens" className="section-title">
        Tokens and sessions
      </h2>
      {revoke.error !== null && <Failure title="It was not revoked" error={revoke.error} />}
      {person.tokens.length === 0 ? (
        <p className="dim">None stands.</p>
      ) : (
        <div className={page.scroll}>
          <table className={page.table}>
            <caption className="visually-hidden">Tokens and sessions of {person.name}</caption>
            <thead>
              <tr>
                <th scope="col">For</th>
                <th scope="col">May</th>
                <th scope="col">Issued</th>
                <th scope="col">Until</th>
                <th scope="col">
                  <span className="visually-hidden">What can be done</span>
                </th>
              </tr>
            </thead>
            <tbody>
              {person.tokens.map((token) => (
                <Row
                  key={token.id}
                  token={token}
                  isRevoking={revoke.isPending && revoke.variables === token.id}
                  revoke={() => revoke.mutate(token.id)}
                />
              ))}
            </tbody>
          </table>
        </div>
      )}
      <Issue person={person} />
    </section>
  )
}

function Row({ token, isRevoking, revoke }: { token: TokenView; isRevoking: boolean; revoke: () => void }) {
  const { label, scope, session, issuedAt, expiresAt } = token
  return (
    <tr>
      <td>
        <Revealed text={label} />
      </td>
      <td>{scopes.find(({ value }) => value === (scope ?? ''))?.label}</td>
      <td>
        <At at={issuedAt} />
      </td>
      <td>{expiresAt === null ? 'it is revoked' : <At at={expiresAt} />}</td>
      <td className="nowrap">
        <TwoSteps
          name={session ? 'End' : 'Revoke'}
          label={`${session ? 'End' : 'Revoke'} ${label}`}
          confirm={session ? 'End it now' : 'Revoke it now'}
          isRunning={isRevoking}
          run={revoke}
        />
      </td>
    </tr>
  )
}

function Issue({ person }: { person: PersonView }) {
  const issue = useIssueToken()
  const [label, setLabel] = useState('')
  const [days, setDays] = useState('90')
  const [scope, setScope] = useState<Scope | ''>('')
  const submit = (event: FormEvent) => {
    event.preventDefault()
    const expiresAt = days === '' ? null : new Date(Date.now() + Number(days) * day).toISOString()
    const wanted = { person: person.id, label: label.trim(), expiresAt, scope: scope === '' ? null : scope }
    issue.mutate(wanted, { onSuccess: () => setLabel('') })
  }
  return (
    <form onSubmit={submit} className={classes.issue} aria-label="Issue a token">
      {issue.error !== null && <Failure title="No token was issued" error={issue.error} />}
      {issue.data !== undefined && (
        <Secret title="The token" value={issue.data.token} what="the token">
          It is not shown again: only its hash is kept.
        </Secret>
      )}
      <div className={classes.fields}>
        <TextInput
          label="What it is for"
          value={label}
          onChange={(event) => setLabel(event.currentTarget.value)}
          autoComplete="off"
          required
        />
        <NativeSelect
          label="It stands for"
          data={lifetimes}
          value={days}
          onChange={(event) => setDays(event.currentTarget.value)}
        />
        <NativeSelect
          label="It may be used for"
          data={[...scopes]}
          value={scope}
          onChange={(event) => setScope(scopes.find(({ value }) => value === event.currentTarget.value)?.value ?? '')}
        />
      </div>
      <div>
        <Button type="submit" variant="default" loading={issue.isPending} disabled={label.trim() === ''}>
          Issue a token
        </Button>
      </div>
    </form>
  )
}
