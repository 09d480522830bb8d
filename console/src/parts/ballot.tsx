import { Button, TextInput } from '@mantine/core'
import { IconCheck, IconX } from '@tabler/icons-react'
import { useRef, useState } from 'react'
import { Failure } from './loading.tsx'
import { Notice } from './notice.tsx'
import page from './page.module.css'
import classes from './parts.module.css'

interface MayDo {
  readonly allowed: boolean
  readonly reason: string | null
}

interface BallotProps<Yes extends string> {
  /** What agreeing is called. */
  readonly yes: Yes
  readonly mayAgree: MayDo
  readonly mayReject: MayDo
  /** A change of mind needs a reason; agreeing never does. */
  readonly rejectNeedsReason?: boolean
  readonly cast: (vote: { decision: Yes | 'reject'; reason: string }) => Promise<unknown>
  readonly error: Error | null
}

/** Agrees to something, or rejects it, once and with a reason on the record. */
export function Ballot<Yes extends string>(props: BallotProps<Yes>) {
  const { yes, mayAgree, mayReject, rejectNeedsReason = false, error } = props
  const [reason, setReason] = useState('')
  const [needsReason, setNeedsReason] = useState(false)
  const [busy, setBusy] = useState<Yes | 'reject' | null>(null)
  const field = useRef<HTMLInputElement>(null)
  // State arrives a render later; a second click in the same moment must not send a second vote.
  const sending = useRef(false)
  if (!mayAgree.allowed && !mayReject.allowed) {
    return (
      <Notice tone="quiet" title="You may not decide on this">
        {mayAgree.reason}
      </Notice>
    )
  }
  const cast = (decision: Yes | 'reject') => {
    if (sending.current) return
    if (decision === 'reject' && rejectNeedsReason && reason.trim() === '') {
      setNeedsReason(true)
      field.current?.focus()
      return
    }
    sending.current = true
    setBusy(decision)
    // By its promise: what it is about may be told, and this form gone, before the answer is here.
    props
      .cast({ decision, reason: reason.trim() })
      .catch(() => undefined)
      .finally(() => {
        sending.current = false
        setBusy(null)
      })
  }
  return (
    <>
      <TextInput
        ref={field}
        label="Reason"
        description={`Goes on the record${rejectNeedsReason ? '. Needed to reject.' : ', if you give one.'}`}
        maxLength={2000}
        value={reason}
        disabled={busy !== null}
        error={needsReason ? 'Say why, so that whoever asked knows what to change.' : null}
        onChange={(event) => {
          setReason(event.currentTarget.value)
          setNeedsReason(false)
        }}
      />
      {error !== null && <Failure title="Your vote was not counted" error={error} />}
      {!mayAgree.allowed && mayAgree.reason !== null && <p className="dim">{mayAgree.reason}</p>}
      <div className={classes.buttons}>
        <Button
          leftSection={<IconCheck size={16} aria-hidden="true" />}
          disabled={busy === 'reject' || !mayAgree.allowed}
          loading={busy === yes}
          onClick={() => cast(yes)}
        >
          {yes.charAt(0).toUpperCase() + yes.slice(1)}
        </Button>
        <Button
          color="red"
          variant="outline"
          className={page.reject ?? ''}
          leftSection={<IconX size={16} aria-hidden="true" />}
          disabled={busy === yes || !mayReject.allowed}
          loading={busy === 'reject'}
          onClick={() => cast('reject')}
        >
          Reject
        </Button>
      </div>
    </>
  )
}
