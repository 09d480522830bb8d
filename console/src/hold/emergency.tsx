import { Button, Textarea } from '@mantine/core'
import { IconAlertTriangle, IconCheck } from '@tabler/icons-react'
import { type FormEvent, useId, useState } from 'react'
import { useEmergency, useVote } from '../api/queries.ts'
import type { HoldView } from '../api/types.ts'
import { Failure } from '../parts/loading.tsx'
import { Notice } from '../parts/notice.tsx'
import page from '../parts/page.module.css'
import { Revealed } from '../parts/revealed.tsx'
import { Age } from '../parts/time.tsx'
import classes from './hold.module.css'
import { NeedsPasskey } from './needs-passkey.tsx'

/** Where a rule leaves it to whoever asked to say that they mean it. */
export function Confirm({ hold }: { hold: HoldView }) {
  const vote = useVote(hold)
  return (
    <div className={classes.aside}>
      <p>
        You asked for this yourself. The rule lets it pass once you confirm that you mean it
        {hold.tap.confirm === 'asked' && ', with a tap of your passkey'}.
      </p>
      {hold.tap.confirm === 'lacking' && <NeedsPasskey />}
      {vote.error !== null && <Failure title="It is not confirmed" error={vote.error} />}
      <Button
        variant="default"
        leftSection={<IconCheck size={16} aria-hidden="true" />}
        loading={vote.isPending}
        disabled={hold.tap.confirm === 'lacking'}
        onClick={() => vote.mutate({ decision: 'confirm', reason: '' })}
      >
        I mean it: let it run
      </Button>
    </div>
  )
}

/** Lets a hold pass without its review. Folded away, and asked for in words. */
export function BreakGlass({ hold }: { hold: HoldView }) {
  const force = useEmergency(hold, 'break-glass')
  return (
    <details className={classes.aside}>
      <summary>
        <IconAlertTriangle size={16} aria-hidden="true" /> Emergency: nobody can review it, and it cannot wait
      </summary>
      <Notice tone="danger" title="This breaks the glass">
        It passes without its review: once, for exactly these bytes. Everybody concerned is told, it stands on the
        record under your name, and stays open until another reviewer has looked at it.
      </Notice>
      <Said
        label="What the emergency is"
        button="Break the glass"
        isPending={force.isPending}
        error={force.error}
        failure="The glass is whole"
        say={(reason) => force.mutate(reason)}
      />
    </details>
  )
}

/** What was let pass in an emergency, and whether somebody has looked at it since. */
export function Forced({ hold }: { hold: HoldView }) {
  const followUp = useEmergency(hold, 'follow-up')
  const { forced } = hold
  if (forced === null) return null
  const { review } = forced
  return (
    <>
      <Notice tone={review === null ? 'danger' : 'quiet'} title={`${forced.by} broke the glass`}>
        <Age at={forced.at} /> ago: <Revealed text={forced.reason} />
      </Notice>
      {review === null ? (
        <p>Nobody has looked at it since. It stays on the list until a reviewer has who had no part in it.</p>
      ) : (
        <p>
          <strong>{review.by}</strong> has looked at it <Age at={review.at} /> ago: <Revealed text={review.note} />
        </p>
      )}
      {hold.mayFollowUp && (
        <Said
          label="What came of looking at it"
          button="I have looked at it"
          isPending={followUp.isPending}
          error={followUp.error}
          failure="It is still to be looked at"
          say={(note) => followUp.mutate(note)}
        />
      )}
    </>
  )
}

interface SaidProps {
  readonly label: string
  readonly button: string
  readonly isPending: boolean
  readonly error: Error | null
  readonly failure: string
  readonly say: (text: string) => void
}

/** A button that needs words first. */
function Said({ label, button, isPending, error, failure, say }: SaidProps) {
  const [text, setText] = useState('')
  const [isMissing, setIsMissing] = useState(false)
  const field = useId()
  const submit = (event: FormEvent) => {
    event.preventDefault()
    if (isPending) return
    setIsMissing(text.trim() === '')
    if (text.trim() === '') return document.getElementById(field)?.focus()
    say(text.trim())
  }
  return (
    <form onSubmit={submit} className={classes.said} noValidate>
      {error !== null && <Failure title={failure} error={error} />}
      <Textarea
        id={field}
        label={label}
        description="Goes on the record."
        rows={2}
        maxLength={2000}
        value={text}
        error={isMissing ? 'Say it in a sentence: everybody concerned reads it.' : null}
        onChange={(event) => {
          setText(event.currentTarget.value)
          setIsMissing(false)
        }}
      />
      <Button type="submit" color="red" variant="outline" className={page.reject ?? ''} loading={isPending}>
        {button}
      </Button>
    </form>
  )
}
