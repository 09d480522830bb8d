import { Button, Textarea } from '@mantine/core'
import { IconCheck, IconCircleCheck, IconCircleDashed, IconFingerprint, IconX } from '@tabler/icons-react'
import { type Ref, useEffect, useImperativeHandle, useRef, useState } from 'react'
import { useVote } from '../api/queries.ts'
import type { HoldView, VoteDecision } from '../api/types.ts'
import { longTime } from '../format/time.ts'
import { Failure } from '../parts/loading.tsx'
import { Notice } from '../parts/notice.tsx'
import page from '../parts/page.module.css'
import { TimeLeft } from '../parts/time.tsx'
import { BreakGlass, Confirm, Forced } from './emergency.tsx'
import classes from './hold.module.css'
import { NeedsPasskey } from './needs-passkey.tsx'

/** Where the keyboard goes to decide. */
export interface DecisionFocus {
  approve(): void
  reject(): void
}

/** Asks for the decision while there is one to make, and says how it ended afterwards. */
export function Decision({ hold, ref }: { hold: HoldView; ref: Ref<DecisionFocus> }) {
  const title = useRef<HTMLHeadingElement>(null)
  const previous = useRef(hold.state)
  useEffect(() => {
    const decided = previous.current === 'pending' && hold.state !== 'pending'
    previous.current = hold.state
    // The form is gone, and the focus with it if it was in there: put it where the outcome is told.
    if (decided && document.activeElement === document.body) title.current?.focus({ preventScroll: true })
  }, [hold.state])
  return (
    <section className={`card ${classes.section} ${classes.decision}`} aria-labelledby="decide" id="decision">
      <h2 id="decide" ref={title} tabIndex={-1} className={classes.decisionTitle}>
        {hold.state === 'pending' ? 'Decide' : 'Outcome'}
      </h2>
      <div role="status" aria-live="polite">
        {hold.state === 'pending' ? <Missing hold={hold} /> : <Ending hold={hold} />}
      </div>
      {hold.state === 'pending' && <VoteForm hold={hold} ref={ref} />}
      {hold.mayConfirm && <Confirm hold={hold} />}
      {hold.mayForce && <BreakGlass hold={hold} />}
      <Forced hold={hold} />
    </section>
  )
}

/** Who has voted, and whose votes are missing: one line for each approval it takes. */
function Missing({ hold }: { hold: HoldView }) {
  const { approvals, from } = hold.missing
  const groups = from.length === 0 ? 'any reviewer' : from.join(' or ')
  const given = hold.votes.filter((vote) => vote.decision === 'approve')
  return (
    <ul className={classes.ballot} aria-label="Approvals">
      {given.map((vote) => (
        <li key={vote.by}>
          <IconCircleCheck size={18} color="var(--sp-ok)" aria-hidden="true" />
          <span>
            <strong>{vote.by}</strong> approved{vote.passkey !== undefined && ', signed with a passkey'}
          </span>
        </li>
      ))}
      {Array.from({ length: approvals }, (_, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: approvals that are missing differ in nothing
        <li key={index}>
          <IconCircleDashed size={18} color="var(--sp-dim)" aria-hidden="true" />
          <span>
            Approval missing, from <strong>{groups}</strong>
          </span>
        </li>
      ))}
    </ul>
  )
}

function VoteForm({ hold, ref }: { hold: HoldView; ref: Ref<DecisionFocus> }) {
  const vote = useVote(hold)
  const [reason, setReason] = useState('')
  const [needsReason, setNeedsReason] = useState(false)
  const approveButton = useRef<HTMLButtonElement>(null)
  const rejectButton = useRef<HTMLButtonElement>(null)
  const reasonField = useRef<HTMLTextAreaElement>(null)
  const refusal = useRef<HTMLDivElement>(null)
  // State arrives a render later; a second click in the same moment must not send a second vote.
  const sending = useRef(false)
  const { allowed } = hold.mayVote
  const mayApprove = allowed && hold.tap.approve !== 'lacking'
  const asksTap = hold.tap.approve === 'asked'
  useImperativeHandle(ref, () => ({
    approve: () => (mayApprove ? approveButton : refusal).current?.focus(),
    reject: () => (allowed ? (reason.trim() === '' ? reasonField : rejectButton) : refusal).current?.focus(),
  }))
  const cast = (decision: VoteDecision) => {
    if (sending.current || !allowed) return
    if (decision === 'reject' && reason.trim() === '') {
      setNeedsReason(true)
      reasonField.current?.focus()
      return
    }
    if (decision === 'approve' && !mayApprove) return
    sending.current = true
    vote.mutate(
      { decision, reason: reason.trim() },
      {
        onSettled: () => {
          sending.current = false
        },
      },
    )
  }
  const busy = vote.isPending ? vote.variables.decision : null
  return (
    <>
      {!allowed && (
        <div ref={refusal} tabIndex={-1} id="may-not">
          <Notice tone="warn" title="You may not decide on this">
            {hold.mayVote.reason}
          </Notice>
        </div>
      )}
      {allowed && !mayApprove && (
        <div ref={refusal} tabIndex={-1} id="needs-passkey">
          <NeedsPasskey />
        </div>
      )}
      <Textarea
        ref={reasonField}
        label="Reason"
        description="Goes on the record; who asked sees it. Needed to reject."
        autosize={false}
        rows={3}
        maxLength={2000}
        value={reason}
        disabled={!allowed || vote.isPending}
        error={needsReason ? 'Say why, so that whoever asked knows what to change.' : null}
        onChange={(event) => {
          setReason(event.currentTarget.value)
          setNeedsReason(false)
        }}
        onKeyDown={(event) => {
          if (event.key === 'Escape') event.currentTarget.blur()
        }}
      />
      {vote.error !== null && <Failure title="Your vote was not counted" error={vote.error} />}
      <div className={classes.buttons}>
        <Button
          ref={approveButton}
          leftSection={
            asksTap ? <IconFingerprint size={16} aria-hidden="true" /> : <IconCheck size={16} aria-hidden="true" />
          }
          disabled={!mayApprove || busy === 'reject'}
          loading={busy === 'approve'}
          aria-describedby={mayApprove ? 'binding' : allowed ? 'needs-passkey' : 'may-not'}
          onClick={() => cast('approve')}
        >
          Approve
        </Button>
        <Button
          ref={rejectButton}
          color="red"
          variant="outline"
          className={allowed ? (page.reject ?? '') : ''}
          leftSection={<IconX size={16} aria-hidden="true" />}
          disabled={!allowed || busy === 'approve'}
          loading={busy === 'reject'}
          aria-describedby={allowed ? undefined : 'may-not'}
          onClick={() => cast('reject')}
        >
          Reject
        </Button>
      </div>
      <p id="binding" className={classes.binding}>
        An approval lets exactly these bytes run, once, for this actor at this door. The rules judge it again at that
        moment.{asksTap && ' Your passkey signs it, and the signature stays on the record.'}
      </p>
    </>
  )
}

function Ending({ hold }: { hold: HoldView }) {
  switch (hold.state) {
    case 'pending':
      return null
    case 'approved':
      return (
        <Notice tone="ok" title="Approved">
          {hold.waiting ? (
            'The waiting client is being let through.'
          ) : (
            <>
              The same bytes run once when the client sends them again
              {hold.useBy !== null && (
                <>
                  , within <TimeLeft from={hold.openedAt} until={hold.useBy} />
                </>
              )}
              .
            </>
          )}
        </Notice>
      )
    case 'released':
      return (
        <Notice tone="ok" title="Released">
          It was let through to {hold.target.system}. What came of it is on the record.
        </Notice>
      )
    case 'rejected':
      return (
        <Notice tone="danger" title="Rejected">
          It did not run. {hold.closed !== null && `Decided by ${hold.closed.by}.`}
        </Notice>
      )
    case 'expired':
      return (
        <Notice tone="quiet" title="Expired">
          Nobody decided before {longTime(hold.closed?.at ?? hold.expiresAt)}. It did not run.
        </Notice>
      )
    case 'withdrawn':
      return (
        <Notice tone="quiet" title="Withdrawn">
          The client gave up before there was a decision. It did not run.
        </Notice>
      )
  }
}
