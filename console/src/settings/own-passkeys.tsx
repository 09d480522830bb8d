import { Button, TextInput } from '@mantine/core'
import { type FormEvent, useState } from 'react'
import { useAddPasskey, useOwnPasskeys, useRemoveOwnPasskey } from '../api/passkeys.ts'
import type { OwnPasskeys as Own } from '../api/people-types.ts'
import { worksHere } from '../api/tap.ts'
import { Failure, Loading } from '../parts/loading.tsx'
import { Notice } from '../parts/notice.tsx'
import { At } from '../parts/time.tsx'
import { TwoSteps } from '../parts/two-steps.tsx'
import classes from './settings.module.css'

/** What its person proves themselves with: signing in, and signing what they approve. */
export function OwnPasskeys() {
  const { data, error, refetch } = useOwnPasskeys()
  return (
    <section className={`card ${classes.card}`} aria-labelledby="passkeys">
      <h2 id="passkeys">Your passkeys</h2>
      <p className="dim">
        With a passkey you sign in, and sign what you approve: the signature stays on the record. Once you have one, a
        severe hold is not approved in your name without it.
      </p>
      {data === undefined ? (
        error === null ? (
          <Loading what="passkeys" />
        ) : (
          <Failure title="Passkeys could not be loaded" error={error} retry={() => void refetch()} />
        )
      ) : (
        <Listed own={data} />
      )}
    </section>
  )
}

function Listed({ own: { passkeys, site } }: { own: Own }) {
  const remove = useRemoveOwnPasskey()
  return (
    <>
      {passkeys.length > 0 && (
        <ul className={classes.list} aria-label="Your passkeys">
          {passkeys.map(({ id, label, addedAt }) => (
            <li key={id} className={classes.inline}>
              <strong>{label}</strong>
              <span className="dim">
                added <At at={addedAt} />
              </span>
              <TwoSteps
                name="Remove"
                label={`Remove the passkey ${label}`}
                confirm="Tap it, and remove"
                isRunning={remove.isPending && remove.variables === id}
                run={() => remove.mutate(id)}
              />
            </li>
          ))}
        </ul>
      )}
      {remove.error !== null && <Failure title="It was not removed" error={remove.error} />}
      {site === null ? (
        <Notice tone="quiet" title="Browsers have no passkeys for the address of this console">
          They want a name, and TLS: set <code>publicUrl</code> to an https address.
        </Notice>
      ) : worksHere(site.id) ? (
        <Add isFirst={passkeys.length === 0} />
      ) : (
        <Notice tone="quiet" title="Not under this address">
          Passkeys work under <a href={`${site.origins[0]}/settings`}>{site.origins[0]}</a>: sign in there.
        </Notice>
      )}
    </>
  )
}

function Add({ isFirst }: { isFirst: boolean }) {
  const add = useAddPasskey()
  const [label, setLabel] = useState('')
  const submit = (event: FormEvent) => {
    event.preventDefault()
    if (!add.isPending) add.mutate(label.trim() || 'passkey', { onSuccess: () => setLabel('') })
  }
  return (
    <form onSubmit={submit} className={classes.add} noValidate>
      {add.error !== null && <Failure title="It was not added" error={add.error} />}
      <TextInput
        label="What to call it"
        placeholder="laptop"
        description={isFirst ? 'Within a quarter of an hour after signing in.' : 'Takes a tap of one that you have.'}
        maxLength={100}
        value={label}
        onChange={(event) => setLabel(event.currentTarget.value)}
      />
      <div>
        <Button type="submit" variant="default" loading={add.isPending}>
          Add a passkey
        </Button>
      </div>
    </form>
  )
}
